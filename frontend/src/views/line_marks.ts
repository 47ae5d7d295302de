/** What charts paint beside their lines: windows as bands, NaN and Inf as marks, guides; and the room for axes. */
import {bandsInView, type BandStrength} from '../lib/bands';
import {stepToX, type StepRange} from '../lib/range';
import type {Mark, MarkKind} from '../lib/lines';
import type {PooledSeries} from '../lib/series';
import {kindColor, symptom} from '../lib/symptoms';
import {windowKey, windowRange} from '../lib/windows';
import type {SymptomWindow} from '../types';
import {themeColor} from './theme';

/** Width of the value axis in CSS pixels; the style sheet has it, too. */
export const VALUE_AXIS_WIDTH = 56;
/** What was measured, behind a smoothed line. */
export const MEASURED_ALPHA = 0.45;
export const PIXELS_PER_TICK = 26;
export const PIXELS_PER_STEP_TICK = 90;

/** The plot inside of the canvas, in canvas pixels; `ratio` of them make a CSS pixel. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
  ratio: number;
}

export interface Bands {
  windows: readonly SymptomWindow[];
  /** `windowKey` of the selected window. */
  selected: string | null;
  /** Windows on the series of this chart are drawn stronger than others. */
  isOwn: (window: SymptomWindow) => boolean;
  view: StepRange;
  /** Last step of the run, where open windows end. */
  last: number;
}

/** Half the width of the diamond at the peak, in CSS pixels. */
const PEAK_SIZE = 4.5;
/** Of all windows that tint a step together. */
const ALPHA = {other: 0.06, own: 0.16, selected: 0.24};

export function drawBands(context: CanvasRenderingContext2D, box: Box, bands: Bands): void {
  const {windows, selected, isOwn, view, last} = bands;
  const strengthOf = (window: SymptomWindow): BandStrength =>
    windowKey(window) === selected ? 'selected' : isOwn(window) ? 'own' : 'other';
  const edge = (step: number) => box.left + stepToX(step, view, box.width);
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.width, box.height);
  context.clip();
  for (const band of bandsInView(windows, view, last, strengthOf)) {
    const left = edge(band.from - 0.5);
    const width = Math.max(box.ratio, edge(band.to + 0.5) - left);
    context.globalAlpha = ALPHA[band.strength] / band.windows.length;
    for (const {kind} of band.windows) {
      context.fillStyle = themeColor(kindColor(kind));
      context.fillRect(left, box.top, width, box.height);
    }
  }
  context.globalAlpha = 1;
  for (const window of windows) {
    const {from, to} = windowRange(window, last);
    if (to < view.from || from > view.to) continue;
    const left = edge(from - 0.5);
    const width = Math.max(box.ratio, edge(to + 0.5) - left);
    context.fillStyle = themeColor(kindColor(window.kind));
    if (isOwn(window)) context.fillRect(left, box.top + box.height - 3 * box.ratio, width, 3 * box.ratio);
    if (windowKey(window) === selected)
      drawSelected(
        context,
        box,
        {left, right: left + width, alarm: edge(window.alarm_step), peak: edge(window.peak_step)},
        window
      );
  }
  context.restore();
}

/** Both ends of the selected window as lines, the alarm as a dotted one, the peak as a diamond at the top. */
function drawSelected(
  context: CanvasRenderingContext2D,
  box: Box,
  {left, right, alarm, peak}: {left: number; right: number; alarm: number; peak: number},
  window: SymptomWindow
): void {
  context.strokeStyle = context.fillStyle;
  context.lineWidth = box.ratio;
  const line = (x: number, dash: number[]) => {
    context.setLineDash(dash.map((length) => length * box.ratio));
    context.beginPath();
    context.moveTo(x, box.top);
    context.lineTo(x, box.top + box.height);
    context.stroke();
  };
  line(left, []);
  if (window.end_step !== null) line(right, []);
  if (window.alarm_step > window.start_step) line(alarm, [2, 3]);
  context.setLineDash([]);
  const size = PEAK_SIZE * box.ratio;
  context.beginPath();
  context.moveTo(peak, box.top);
  context.lineTo(peak + size, box.top + size);
  context.lineTo(peak, box.top + 2 * size);
  context.lineTo(peak - size, box.top + size);
  context.fill();
}

/** The letter of the selected window at its start; over the lines, so that it can be read. */
export function drawLetter(context: CanvasRenderingContext2D, box: Box, bands: Bands): void {
  const selected = bands.windows.find((window) => windowKey(window) === bands.selected);
  if (!selected) return;
  const {from, to} = windowRange(selected, bands.last);
  if (to < bands.view.from || from > bands.view.to) return;
  const x = box.left + Math.max(0, stepToX(from - 0.5, bands.view, box.width)) + 4 * box.ratio;
  context.save();
  context.fillStyle = themeColor(kindColor(selected.kind));
  text(context, symptom(selected.kind).letter, x, box, 'left');
  context.restore();
}

/** Height of a row of marks in CSS pixels. */
const MARK_ROW = 11;
/** Half the width of a mark, in CSS pixels. */
const MARK_SIZE = 3.5;

/** Room for the marks above the lines in CSS pixels: one row, or two where there are NaN and Inf. */
export function marksHeight(lines: readonly {series: PooledSeries}[]): number {
  const has = (kind: MarkKind) => lines.some(({series}) => Array.prototype.some.call(series[kind], Boolean));
  return MARK_ROW * (has('nan') && has('inf') ? 2 : 1) + 2;
}

/** Above the plot: NaN as crosses in the row next to it, Inf as triangles in the upper one; a stretch as a line. */
export function drawMarks(context: CanvasRenderingContext2D, box: Box, marks: readonly Mark[]): void {
  const both = marks.some(({kind}) => kind === 'nan') && marks.some(({kind}) => kind === 'inf');
  context.save();
  context.strokeStyle = context.fillStyle = themeColor('--nonfinite');
  for (const mark of marks) {
    const row = both && mark.kind === 'inf' ? 1.5 : 0.5;
    drawMark(context, box, mark, box.top - row * MARK_ROW * box.ratio);
  }
  context.restore();
}

/** A cross for NaN, a triangle for Inf, and a line to the end of the stretch; `y` is its middle, in canvas pixels. */
export function drawMark(
  context: CanvasRenderingContext2D,
  {left, ratio}: Pick<Box, 'left' | 'ratio'>,
  mark: Mark,
  y: number
): void {
  const size = MARK_SIZE * ratio;
  const x = left + mark.x * ratio;
  context.lineWidth = 1.8 * ratio;
  context.beginPath();
  if (mark.kind === 'nan') {
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x + size, y - size);
    context.lineTo(x - size, y + size);
    context.stroke();
  } else {
    context.moveTo(x, y - size);
    context.lineTo(x + size, y + size);
    context.lineTo(x - size, y + size);
    context.fill();
  }
  if (mark.to > mark.x) context.fillRect(x, y - ratio / 2, (mark.to - mark.x) * ratio, ratio);
}

/** A horizontal line at a value that is worth comparing with. */
export function drawGuide(context: CanvasRenderingContext2D, box: Box, y: number, label: string): void {
  context.save();
  context.strokeStyle = context.fillStyle = themeColor('--muted');
  context.lineWidth = box.ratio;
  context.setLineDash([5 * box.ratio, 4 * box.ratio]);
  context.beginPath();
  context.moveTo(box.left, y);
  context.lineTo(box.left + box.width, y);
  context.stroke();
  context.setLineDash([]);
  text(context, label, box.left + box.width - 4 * box.ratio, {...box, height: y - box.top}, 'right');
  context.restore();
}

/** The values that are usual in this run, from `top` to `bottom` in canvas pixels. */
export function drawUsualBand(
  context: CanvasRenderingContext2D,
  box: Box,
  top: number,
  bottom: number
): void {
  context.save();
  context.fillStyle = context.strokeStyle = themeColor('--status-healthy');
  context.globalAlpha = 0.13;
  context.fillRect(box.left, top, box.width, bottom - top);
  context.globalAlpha = 0.7;
  context.lineWidth = box.ratio;
  context.strokeRect(box.left, top, box.width, bottom - top);
  context.globalAlpha = 1;
  text(context, 'healthy: 5 to 95 %', box.left + 4 * box.ratio, {...box, height: top - box.top}, 'left');
  context.restore();
}

/** A text at the lower edge of the box, with a halo so that it can be read on lines. */
function text(
  context: CanvasRenderingContext2D,
  label: string,
  x: number,
  box: Box,
  align: CanvasTextAlign
): void {
  const y = box.top + box.height - 4 * box.ratio;
  context.font = `bold ${11 * box.ratio}px Roboto, system-ui, sans-serif`;
  context.textAlign = align;
  context.textBaseline = 'bottom';
  context.lineJoin = 'round';
  context.lineWidth = 3 * box.ratio;
  context.strokeStyle = themeColor('--ground');
  context.strokeText(label, x, y);
  context.fillText(label, x, y);
}
