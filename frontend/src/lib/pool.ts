/** Brings the columns of a frame to pixels, so that a one-step spike never disappears. */
import type {Columns} from './series';
import type {StepRange} from './range';
import {span} from './range';

/** For each pixel column the columns of the frame under it: `[start, stop)`; empty where there are none. */
export interface PixelColumns {
  start: Int32Array;
  stop: Int32Array;
}

/** Columns are in order of steps and do not overlap. */
export function columnsOfPixels(columns: Columns, range: StepRange, width: number): PixelColumns {
  const start = new Int32Array(width);
  const stop = new Int32Array(width);
  const count = columns.first.length;
  const stepsPerPixel = span(range) / width;
  let low = 0;
  for (let x = 0; x < width; x++) {
    // The pixel covers [left, right) of an axis on which step s covers [s - 0.5, s + 0.5).
    const left = range.from - 0.5 + x * stepsPerPixel;
    const right = left + stepsPerPixel;
    while (low < count && (columns.last[low] ?? 0) + 0.5 <= left) low++;
    let high = low;
    while (high < count && (columns.first[high] ?? 0) - 0.5 < right) high++;
    start[x] = low;
    stop[x] = high;
  }
  return {start, stop};
}

/** Says of a cell that something in it was not finite; it wins over every value. */
export const NON_FINITE = Infinity;

/**
 * The largest value of one row (a layer) for each pixel: NaN where there is
 * none, `NON_FINITE` where a step under the pixel was not finite.
 */
export function poolRow(
  max: ArrayLike<number>,
  nonfinite: ArrayLike<number>,
  offset: number,
  pixels: PixelColumns
): Float32Array {
  const pooled = new Float32Array(pixels.start.length).fill(NaN);
  for (let x = 0; x < pooled.length; x++) {
    let best = NaN;
    for (let column = pixels.start[x] ?? 0; column < (pixels.stop[x] ?? 0); column++) {
      if ((nonfinite[offset + column] ?? 0) > 0) {
        best = NON_FINITE;
        break;
      }
      const value = max[offset + column] ?? NaN;
      if (!(value <= best)) best = Number.isNaN(value) ? best : value;
    }
    pooled[x] = best;
  }
  return pooled;
}

/** Which layers a row of the heatmap shows, `[start, stop)`; needs `rows <= layers`. */
export function layersOfRow(row: number, rows: number, layers: number): {start: number; stop: number} {
  return {start: Math.floor((row * layers) / rows), stop: Math.floor(((row + 1) * layers) / rows)};
}
