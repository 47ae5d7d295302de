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

/**
 * Paints rows of bytes: a pixel has the colour of the largest byte of the
 * columns under it. Bytes rank: 0 says that there is nothing, and what matters
 * most is the largest.
 *
 * Args: `bytes` is `[rows, columns]`, `palette` the RGBA pixel of each byte,
 * `image` takes `[rows, pixels.start.length]`.
 */
export function paintRows(
  bytes: Uint8Array,
  columns: number,
  {start, stop}: PixelColumns,
  palette: Uint32Array,
  image: Uint32Array
): void {
  // This runs at every frame while the view is moved: plain loops, and nothing made.
  const width = start.length;
  const rows = columns > 0 ? bytes.length / columns : 0;
  for (let row = 0; row < rows; row++) {
    const offset = row * columns;
    for (let x = 0; x < width; x++) {
      let best = 0;
      const end = offset + (stop[x] ?? 0);
      for (let at = offset + (start[x] ?? 0); at < end; at++) {
        const byte = bytes[at] ?? 0;
        if (byte > best) best = byte;
      }
      image[row * width + x] = palette[best] ?? 0;
    }
  }
}

/** Which of `layers` places a row of the heatmap shows, `[start, stop)`; needs `rows <= layers`. */
export function layersOfRow(row: number, rows: number, layers: number): {start: number; stop: number} {
  return {start: Math.floor((row * layers) / rows), stop: Math.floor(((row + 1) * layers) / rows)};
}
