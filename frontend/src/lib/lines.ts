/** Prepares pooled series for the line chart: gaps for what is not finite, marks for where. */
import {isMeasured, measuredAt, type Columns, type PooledSeries} from './series';
import {span, stepToX, type StepRange} from './range';
import type {Interval} from './scale';

/** uPlot breaks a line at null and draws through undefined; NaN it draws wrong. */
export type LineValues = (number | null | undefined)[];

/** Where the lines have points. A column is one point in its middle, or a level stretch where it is wide. */
export interface LinePoints {
  steps: number[];
  /** For each point its column. */
  columns: number[];
  /** For each point whether it is an end of a stretch. */
  ends: boolean[];
}

/** A column at least this wide, in pixels, is seen to stand for several steps. */
const STRETCH = 6;

/** Stretches cover the cells of their steps, cut at the edges of the view: uPlot looks for points inside of it. */
export function linePoints({first, last}: Columns, view: StepRange, width: number): LinePoints {
  const points: LinePoints = {steps: [], columns: [], ends: []};
  for (let i = 0; i < first.length; i++) {
    const start = first[i] ?? 0;
    const stop = last[i] ?? start;
    const from = Math.max(start, view.from);
    const to = Math.min(stop, view.to);
    const wide = stop > start && (to - from + 1) * width >= STRETCH * span(view);
    for (const step of wide ? [from - 0.5, to + 0.5] : [(start + stop) / 2]) {
      points.steps.push(step);
      points.columns.push(i);
      points.ends.push(wide);
    }
  }
  return points;
}

/**
 * One part of a series as a line: null where it is not finite, undefined where
 * nothing was measured. A logarithmic axis shows zero and less at its lower edge.
 */
export function lineValues(
  series: PooledSeries,
  part: 'mean' | 'min' | 'max',
  {columns}: Pick<LinePoints, 'columns'>,
  axis: Interval,
  log: boolean
): LineValues {
  // Canvases draw wrong far outside: a line leaves a clipped axis steeply all the same.
  const reach = log ? axis.max / axis.min : axis.max - axis.min;
  const lowest = log ? axis.min : axis.min - reach;
  const highest = log ? axis.max * reach : axis.max + reach;
  const line = columns.map((column) => {
    const value = series[part][column] ?? NaN;
    if (Number.isFinite(value)) return Math.min(Math.max(value, lowest), highest);
    return isMeasured(series, column) ? null : undefined;
  });
  // What was not measured beside a gap belongs to it: no line comes from nowhere.
  for (let i = 1; i < line.length; i++) if (line[i] === undefined && line[i - 1] === null) line[i] = null;
  for (let i = line.length - 2; i >= 0; i--)
    if (line[i] === undefined && line[i + 1] === null) line[i] = null;
  return line;
}

/** With at most so many points in view all are dots. */
const FEW_POINTS = 30;
/** Measurements with steps between them that were not measured are dots where they are this far apart, in pixels. */
const DOT_DISTANCE = 9;

/** The points to draw as dots: where the line alone would not show what was measured. */
export function dots(line: LineValues, points: LinePoints, view: StepRange, width: number): number[] {
  const found = points.steps.map((_, i) => i).filter((i) => typeof line[i] === 'number');
  const distance = (from = -Infinity, to = Infinity) =>
    (((points.steps[to] ?? Infinity) - (points.steps[from] ?? -Infinity)) * width) / span(view);
  const inView = (i: number) => Math.abs(2 * (points.steps[i] ?? 0) - view.from - view.to) <= span(view);
  const few = found.filter(inView).length <= FEW_POINTS;
  return found.filter((i, order) => {
    const before = found[order - 1];
    const after = found[order + 1];
    const joined =
      (before !== undefined && line[i - 1] !== null) || (after !== undefined && line[i + 1] !== null);
    if (!joined) return true;
    if (points.ends[i]) return false;
    if (few) return true;
    if (typeof line[i - 1] === 'number' || typeof line[i + 1] === 'number') return false;
    return distance(before, i) >= DOT_DISTANCE && distance(i, after) >= DOT_DISTANCE;
  });
}

/** Whether a logarithmic axis can show these: a loss below zero has no place there, and zeros alone no height. */
export function isLoggable(lines: readonly PooledSeries[]): boolean {
  const some = (test: (value: number) => boolean) =>
    lines.some(({min, max}) => min.some(test) || max.some(test));
  return !some((value) => value < 0) && (some((value) => value > 0) || !some((value) => value === 0));
}

/** Whether some column stands for several different values, so that an envelope says more than the line. */
export function hasSpread({min, max}: PooledSeries): boolean {
  return min.some((low, i) => low < (max[i] ?? low));
}

export type MarkKind = 'nan' | 'inf';

/** A mark at the top edge. In pixels, from the left of the plot; `to` is where the stretch of such values ends. */
export interface Mark {
  kind: MarkKind;
  x: number;
  to: number;
}

/** Single marks are not closer than this, in pixels. */
const MARK_DISTANCE = 11;
/** A long stretch repeats its mark at this distance, so that one is in sight. */
const REPEAT_DISTANCE = 66;

/** Marks for one series; a stretch of NaN (or of Inf) is a mark at its start with a line to its end. */
export function marks(series: PooledSeries, columns: Columns, range: StepRange, width: number): Mark[] {
  const {start, stop} = visibleColumns(columns, range);
  return (['nan', 'inf'] as const).flatMap((kind) => {
    const found: Mark[] = [];
    for (let i = start; i < stop; i++) {
      if ((series[kind][i] ?? 0) === 0) continue;
      const first = Math.max(columns.first[i] ?? 0, range.from);
      const last = Math.min(columns.last[i] ?? 0, range.to);
      const x = stepToX((first + last) / 2, range, width);
      const before = found.at(-1);
      const stretch = i > start && (series[kind][i - 1] ?? 0) > 0;
      if (before && stretch) before.to = x;
      if (!before || x - before.x >= (stretch ? REPEAT_DISTANCE : MARK_DISTANCE))
        found.push({kind, x, to: x});
      else before.to = Math.max(before.to, x);
    }
    return found;
  });
}

/** The columns that lie in the range: `[start, stop)`. */
export function visibleColumns(columns: Columns, range: StepRange): {start: number; stop: number} {
  let start = 0;
  let stop = columns.first.length;
  while (start < stop && (columns.last[start] ?? 0) < range.from) start++;
  while (stop > start && (columns.first[stop - 1] ?? 0) > range.to) stop--;
  return {start, stop};
}

/** These columns; where nothing was measured in them, also those of the measurements around, whose line is seen. */
export function lineColumns(series: PooledSeries, {start, stop}: {start: number; stop: number}) {
  const before = measuredAt(series, stop - 1);
  if (before >= start) return {start, stop};
  let after = stop;
  while (after < series.mean.length && !isMeasured(series, after)) after++;
  return {start: Math.max(0, before), stop: after + 1};
}
