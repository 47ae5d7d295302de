/** The heatmap's pixels, and which cell is under one. */
import {byteTable, COLORS, NON_FINITE, NO_VALUE, type ColorScale} from './colormap';
import {floats, integers, type Frame} from './frame';
import {layersOfRow} from './pool';
import type {Columns} from './series';

/** Row heights in CSS pixels: as tall as fits, but a layer is never invisible. */
const HEIGHT = 340;
const ROW = {min: 2, max: 20};
/** More layers than this share rows, the largest value of them shown. */
const MAX_ROWS = 300;

export interface RowLayout {
  /** Rows that are drawn; a row is one layer, or several where there are very many. */
  rows: number;
  rowHeight: number;
}

/** For so many layers on show. A place is where a layer stands among those. */
export function rowLayout(places: number): RowLayout {
  const rows = Math.min(places, MAX_ROWS);
  return {rows, rowHeight: Math.min(ROW.max, Math.max(ROW.min, Math.floor(HEIGHT / Math.max(1, rows))))};
}

/** The places that the row at a height in pixels shows, `[start, stop)`; always some that exist. */
export function placesAt(y: number, places: number): {start: number; stop: number} {
  const {rows, rowHeight} = rowLayout(places);
  const row = Math.min(rows - 1, Math.max(0, Math.floor(y / rowHeight)));
  return layersOfRow(row, rows, places);
}

/** The row that shows a place. */
export function rowOf(place: number, places: number): number {
  const {rows} = rowLayout(places);
  // The inverse of `layersOfRow`: the last row that starts at or before the place.
  return Math.ceil(((place + 1) * rows) / places) - 1;
}

export interface Cells {
  /** `[layers, columns]`; NaN where nothing finite was measured. */
  max: Float32Array;
  /** `[layers, columns]`: steps of the column that were not finite. */
  nonfinite: ArrayLike<number>;
  layers: number;
  columns: number;
}

/** The names of the rows of a frame, in network order. */
export function layersOf(frame: Frame): string[] {
  const names = frame.header.layers;
  return Array.isArray(names) ? names.map(String) : [];
}

export function cellsOf(frame: Frame): Cells {
  return {
    max: floats(frame, 'max'),
    nonfinite: integers(frame, 'nonfinite'),
    layers: layersOf(frame).length,
    columns: integers(frame, 'first_step').length,
  };
}

/** What the heatmap shows of a run. */
export interface HeatmapData {
  /** In network order. */
  layers: string[];
  columns: Columns;
  cells: Cells;
  shaded: ShadedCells;
}

/** Whether anything was measured in a cell, finite or not. */
function isCellMeasured({max, nonfinite, columns}: Cells, layer: number, column: number): boolean {
  const at = layer * columns + column;
  return !Number.isNaN(max[at] ?? NaN) || (nonfinite[at] ?? 0) > 0;
}

/**
 * The column whose value a cell shows: between two measurements, as in a thinned run, the first one
 * holds until the next, and the last one for as many columns as the one before it. -1 where there is none.
 */
export function sourceOf(cells: Cells, layer: number, column: number): number {
  const before = (start: number) => {
    let at = start;
    while (at >= 0 && !isCellMeasured(cells, layer, at)) at--;
    return at;
  };
  const source = before(column);
  if (source < 0 || source === column) return source;
  for (let at = column + 1; at < cells.columns; at++) if (isCellMeasured(cells, layer, at)) return source;
  return column < lastEnd(source, before(source - 1)) ? source : -1;
}

/** Where the last measurement of a layer ends to hold. */
function lastEnd(last: number, before: number): number {
  return before < 0 ? last + 1 : 2 * last - before;
}

export interface ShadedCells {
  /** `[layers, columns]`: `NO_VALUE`, `NON_FINITE`, or 1 and the index of a colour. */
  bytes: Uint8Array;
  layers: number;
  columns: number;
  /** Whether some cell shows the value of an earlier column. */
  held: boolean;
}

/**
 * A byte for each cell, which ranks what it has: bytes of several cells under one pixel need only be
 * compared, at every frame while the reader moves the view.
 */
export function shadeCells(cells: Cells, scale: ColorScale | null): ShadedCells {
  const {max, nonfinite, layers, columns} = cells;
  const table = byteTable(scale);
  const bits = new Int32Array(max.buffer, max.byteOffset, max.length);
  const bytes = new Uint8Array(layers * columns);
  let held = false;
  for (let layer = 0; layer < layers; layer++) {
    const offset = layer * columns;
    let last = -1;
    let before = -1;
    const hold = (end: number) => {
      if (last < 0 || end <= last + 1) return;
      held = true;
      bytes.fill(bytes[offset + last] ?? NO_VALUE, offset + last + 1, offset + end);
    };
    for (let column = 0; column < columns; column++) {
      const at = offset + column;
      const value = max[at] ?? NaN;
      if ((nonfinite[at] ?? 0) > 0) bytes[at] = NON_FINITE;
      else if (Number.isNaN(value)) continue;
      else bytes[at] = value > 0 ? (table[(bits[at] ?? 0) >> 16] ?? COLORS) : 1;
      hold(column);
      before = last;
      last = column;
    }
    if (last >= 0) hold(Math.min(columns, lastEnd(last, before)));
  }
  return {bytes, layers, columns, held};
}

/**
 * The bytes of the rows that are drawn, `[rows, columns]`: the largest of the layers that share one.
 *
 * Args: `order` has the layers in the order of their rows.
 */
export function rowBytes({bytes, columns}: ShadedCells, order: ArrayLike<number>): Uint8Array {
  const {rows} = rowLayout(order.length);
  const pooled = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const {start, stop} = layersOfRow(row, rows, order.length);
    for (let place = start; place < stop; place++) {
      const offset = (order[place] ?? 0) * columns;
      for (let column = 0; column < columns; column++) {
        const byte = bytes[offset + column] ?? NO_VALUE;
        const at = row * columns + column;
        if (byte > (pooled[at] ?? 0)) pooled[at] = byte;
      }
    }
  }
  return pooled;
}

/** The pixel of each byte: transparent where there is no value. Args: RGBA bytes of all colours, and of what is not finite. */
export function palette(
  table: Uint8ClampedArray<ArrayBuffer>,
  nonfinite: Uint8ClampedArray<ArrayBuffer>
): Uint32Array {
  const pixels = new Uint32Array(NON_FINITE + 1);
  pixels.set(new Uint32Array(table.buffer), 1);
  pixels.set(new Uint32Array(nonfinite.buffer), NON_FINITE);
  return pixels;
}

/** Of the layers of a pooled row, the one whose value is seen: the first that is not finite, else the largest. */
export function loudestLayer(
  {bytes, columns}: ShadedCells,
  cells: Cells,
  candidates: readonly number[],
  column: number
): number {
  const rank = (layer: number) => {
    if (bytes[layer * columns + column] === NON_FINITE) return Infinity;
    const source = sourceOf(cells, layer, column);
    return source < 0 ? -Infinity : (cells.max[layer * columns + source] ?? -Infinity);
  };
  return candidates.reduce((best, layer) => (rank(layer) > rank(best) ? layer : best), candidates[0] ?? 0);
}
