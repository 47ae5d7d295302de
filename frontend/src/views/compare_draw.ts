/** Paints the lines of several runs, each with its own steps, on one canvas. */
import type {OwnSeries} from '../lib/agreement';
import {formatTick} from '../lib/format';
import {
  dots,
  hasSpread,
  linePoints,
  lineValues,
  marks,
  type LinePoints,
  type LineValues,
  type Mark,
} from '../lib/lines';
import {stepToX, type StepRange} from '../lib/range';
import {linearTicks, logTicks, stepTicks, type Interval} from '../lib/scale';
import {smoothed} from '../lib/smoothing';
import {
  drawMark,
  MEASURED_ALPHA,
  PIXELS_PER_STEP_TICK,
  PIXELS_PER_TICK,
  VALUE_AXIS_WIDTH,
} from './line_marks';
import {lineStyle, themeColor} from './theme';

/** Each run with values that are not finite has a row of marks of its own. */
const MARK_ROW = 10;
const BOTTOM = 4;
const ENVELOPE_ALPHA = 0.2;
const LINE_WIDTH = {measured: 1.6, smoothed: 2.2};

/** A line of a comparison; `place` gives its colour and dash. */
export interface ComparedLine extends OwnSeries {
  name: string;
  place: number;
}

export interface ComparedPlot {
  lines: ComparedLine[];
  view: StepRange;
  axis: Interval;
  log: boolean;
  /** Weight of what came before in the smoothed lines; 0 for none. */
  smoothing: number;
  /** Of the plot without the value axis, in CSS pixels. */
  width: number;
  height: number;
}

/** Draws in CSS pixels: the context is scaled to those of the device. */
export function drawComparison(context: CanvasRenderingContext2D, plot: ComparedPlot): void {
  const {lines, view, width, height} = plot;
  const found = lines.map(({series, columns}) => marks(series, columns, view, width));
  const rows = found.filter((some) => some.length > 0).length;
  const top = rows * MARK_ROW + 2;
  const box = {top, height: height - top - BOTTOM};
  context.clearRect(0, 0, width + VALUE_AXIS_WIDTH, height);
  drawGrid(context, plot, box);
  let row = 0;
  lines.forEach((line, i) => {
    const own = found[i] ?? [];
    if (own.length > 0) drawRow(context, own, lineStyle(line.place).variable, (row++ + 0.5) * MARK_ROW);
  });
  context.save();
  context.translate(VALUE_AXIS_WIDTH, 0);
  context.beginPath();
  context.rect(0, box.top, width, box.height);
  context.clip();
  const points = lines.map(({columns}) => linePoints(columns, view, width));
  lines.forEach((line, i) => {
    const at = points[i];
    if (at && hasSpread(line.series)) drawEnvelope(context, plot, box, line, at);
  });
  lines.forEach((line, i) => {
    const at = points[i];
    if (!at) return;
    context.globalAlpha = plot.smoothing > 0 ? MEASURED_ALPHA : 1;
    drawLine(context, plot, box, line, at);
    context.globalAlpha = 1;
  });
  if (plot.smoothing > 0)
    lines.forEach((line, i) => {
      const at = points[i];
      if (at) drawSmoothed(context, plot, box, line, at);
    });
  context.restore();
}

interface Box {
  top: number;
  height: number;
}

/** From the top of the canvas; a value below a logarithmic axis lies at its lower edge. */
function yOf({axis: {min, max}, log}: ComparedPlot, box: Box, value: number): number {
  const share = log
    ? Math.log(Math.max(value, min) / min) / Math.log(max / min)
    : (value - min) / (max - min);
  return box.top + (1 - share) * box.height;
}

function drawGrid(context: CanvasRenderingContext2D, plot: ComparedPlot, box: Box): void {
  const {axis, log, view, width, height} = plot;
  context.fillStyle = themeColor('--muted');
  context.strokeStyle = themeColor('--grid');
  context.lineWidth = 1;
  context.font = '11px Roboto, system-ui, sans-serif';
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.setLineDash([]);
  context.beginPath();
  for (const value of (log ? logTicks : linearTicks)(axis, Math.floor(height / PIXELS_PER_TICK))) {
    const y = Math.round(yOf(plot, box, value)) + 0.5;
    context.fillText(formatTick(value), VALUE_AXIS_WIDTH - 6, y);
    context.moveTo(VALUE_AXIS_WIDTH, y);
    context.lineTo(VALUE_AXIS_WIDTH + width, y);
  }
  for (const step of stepTicks(view.from, view.to, Math.floor(width / PIXELS_PER_STEP_TICK))) {
    const x = VALUE_AXIS_WIDTH + Math.round(stepToX(step, view, width)) + 0.5;
    context.moveTo(x, box.top);
    context.lineTo(x, box.top + box.height);
  }
  context.stroke();
}

/** The marks of one run. */
function drawRow(context: CanvasRenderingContext2D, found: Mark[], variable: string, y: number): void {
  context.strokeStyle = context.fillStyle = themeColor(variable);
  context.setLineDash([]);
  for (const mark of found) drawMark(context, {left: VALUE_AXIS_WIDTH, ratio: 1}, mark, y);
}

function drawEnvelope(
  context: CanvasRenderingContext2D,
  plot: ComparedPlot,
  box: Box,
  {series, place}: ComparedLine,
  points: LinePoints
): void {
  const low = lineValues(series, 'min', points, plot.axis, plot.log);
  const high = lineValues(series, 'max', points, plot.axis, plot.log);
  context.fillStyle = themeColor(lineStyle(place).variable);
  context.globalAlpha = ENVELOPE_ALPHA;
  for (const stretch of stretches(high)) {
    context.beginPath();
    for (const i of stretch) context.lineTo(xOf(plot, points, i), yOf(plot, box, high[i] ?? 0));
    for (const i of stretch.reverse()) context.lineTo(xOf(plot, points, i), yOf(plot, box, low[i] ?? 0));
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawLine(
  context: CanvasRenderingContext2D,
  plot: ComparedPlot,
  box: Box,
  {series, place}: ComparedLine,
  points: LinePoints
): void {
  const values = lineValues(series, 'mean', points, plot.axis, plot.log);
  context.lineWidth = LINE_WIDTH.measured;
  strokeLine(context, plot, box, place, points, values);
  for (const i of dots(values, points, plot.view, plot.width)) {
    context.beginPath();
    context.arc(xOf(plot, points, i), yOf(plot, box, values[i] ?? 0), 2.5, 0, 2 * Math.PI);
    context.fill();
  }
}

function drawSmoothed(
  context: CanvasRenderingContext2D,
  plot: ComparedPlot,
  box: Box,
  {series, columns, place}: ComparedLine,
  points: LinePoints
): void {
  const {axis, log, smoothing} = plot;
  const values = lineValues(smoothed(series, columns, smoothing, log), 'mean', points, axis, log);
  context.lineWidth = LINE_WIDTH.smoothed;
  strokeLine(context, plot, box, place, points, values);
}

function strokeLine(
  context: CanvasRenderingContext2D,
  plot: ComparedPlot,
  box: Box,
  place: number,
  points: LinePoints,
  values: LineValues
): void {
  const {variable, dash} = lineStyle(place);
  context.strokeStyle = context.fillStyle = themeColor(variable);
  context.lineJoin = 'round';
  context.setLineDash(dash);
  context.beginPath();
  for (const stretch of stretches(values)) {
    stretch.forEach((i, order) => {
      const x = xOf(plot, points, i);
      const y = yOf(plot, box, values[i] ?? 0);
      if (order === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    });
  }
  context.stroke();
  context.setLineDash([]);
}

function xOf({view, width}: ComparedPlot, points: LinePoints, index: number): number {
  return stepToX(points.steps[index] ?? 0, view, width);
}

/** The points of unbroken lines: null ends one, undefined is drawn through. */
function stretches(values: LineValues): number[][] {
  const found: number[][] = [[]];
  values.forEach((value, i) => {
    if (value === null) found.push([]);
    else if (value !== undefined) found.at(-1)?.push(i);
  });
  return found.filter(({length}) => length > 0);
}
