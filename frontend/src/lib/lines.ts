/** Prepares pooled series for the line chart: gaps for what is not finite, marks for where. */
import type {Columns, PooledSeries} from './series';
import type {StepRange} from './range';
import {stepToX} from './range';
import type {Interval} from './scale';

/** uPlot draws nothing at null and something wrong at NaN. */
export type LineValues = (number | null)[];

/** The middle of each column, in steps. */
export function columnMiddles({first, last}: Columns): number[] {
  return Array.from(first, (step, i) => (step + (last[i] ?? step)) / 2);
}

/** The values as a line. A logarithmic axis shows zero and less at its lower edge. */
export function lineValues(values: ArrayLike<number>, axis: Interval, log: boolean): LineValues {
  return Array.from(values, (value) => {
    if (!Number.isFinite(value)) return null;
    return log ? Math.max(value, axis.min) : value;
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
