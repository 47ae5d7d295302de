/** The heatmap's pixels, and which cell is under one. */
import {colorIndex, COLORS, type ColorScale} from './colormap';
import {layersOfRow, NON_FINITE, poolRow, type PixelColumns} from './pool';

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

export function rowLayout(layers: number): RowLayout {
  const rows = Math.min(layers, MAX_ROWS);
  return {rows, rowHeight: Math.min(ROW.max, Math.max(ROW.min, Math.floor(HEIGHT / Math.max(1, rows))))};
}

/** The layer at a height in pixels; always one that exists. */
export function layerAt(y: number, layers: number): number {
  const {rows, rowHeight} = rowLayout(layers);
  const row = Math.min(rows - 1, Math.max(0, Math.floor(y / rowHeight)));
  return layersOfRow(row, rows, layers).start;
}

/** The row that shows a layer. */
export function rowOf(layer: number, layers: number): number {
  const {rows} = rowLayout(layers);
  // The inverse of `layersOfRow`: the last row that starts at or before the layer.
  return Math.ceil(((layer + 1) * rows) / layers) - 1;
}

export interface Cells {
  /** `[layers, columns]`; NaN where nothing finite was measured. */
  max: ArrayLike<number>;
  /** `[layers, columns]`: steps of the column that were not finite. */
  nonfinite: ArrayLike<number>;
  layers: number;
  columns: number;
}

export interface HeldCells extends Cells {
  max: Float32Array;
  nonfinite: Uint32Array;
  /** `[layers, columns]`: the column that the value of a cell is from; -1 where it has none. */
  source: Int32Array;
  /** Whether some value is from an earlier column. */
  held: boolean;
}

/**
 * Fills the cells in which nothing was measured, as between the steps of a thinned run: a value holds
 * until the next one, and the last one for as many columns as the one before it.
 */
export function holdCells({max, nonfinite, layers, columns}: Cells): HeldCells {
  const shown: HeldCells = {
    max: Float32Array.from(max),
    nonfinite: Uint32Array.from(nonfinite),
    layers,
    columns,
    source: new Int32Array(layers * columns).fill(-1),
    held: false,
  };
  for (let layer = 0; layer < layers; layer++) {
    const at = layer * columns;
    const measured: number[] = [];
    for (let column = 0; column < columns; column++) {
      if (!Number.isNaN(max[at + column] ?? NaN) || (nonfinite[at + column] ?? 0) > 0) measured.push(column);
    }
    measured.forEach((column, i) => {
      const next = measured[i + 1] ?? Math.min(columns, 2 * column - (measured[i - 1] ?? column - 1));
      shown.held ||= next > column + 1;
      shown.max.fill(max[at + column] ?? NaN, at + column, at + next);
      shown.nonfinite.fill(nonfinite[at + column] ?? 0, at + column, at + next);
      shown.source.fill(column, at + column, at + next);
    });
  }
  return shown;
}

/**
 * One RGBA pixel for each row and pixel column; where there is no value it is transparent.
 *
 * Args: `table` has the RGBA bytes of all colours, `nonfinite` those of what is not finite.
 */
export function paintCells(
  cells: Cells,
  pixels: PixelColumns,
  scale: ColorScale | null,
  table: Uint8ClampedArray<ArrayBuffer>,
  nonfinite: Uint8ClampedArray<ArrayBuffer>
): Uint8ClampedArray<ArrayBuffer> {
  const width = pixels.start.length;
  const {rows} = rowLayout(cells.layers);
  // A pixel as one number: this runs at every move of the view.
  const colors = new Uint32Array(table.buffer);
  const loud = new Uint32Array(nonfinite.buffer)[0] ?? 0;
  const image = new Uint32Array(width * rows);
  for (let row = 0; row < rows; row++) {
    const pooled = poolLayers(cells, row, rows, pixels);
    for (let x = 0; x < width; x++) {
      const value = pooled[x] ?? NaN;
      if (Number.isNaN(value)) continue;
      if (value === NON_FINITE) image[row * width + x] = loud;
      else image[row * width + x] = colors[scale ? colorIndex(value, scale) : COLORS - 1] ?? 0;
    }
  }
  return new Uint8ClampedArray(image.buffer);
}

function poolLayers(cells: Cells, row: number, rows: number, pixels: PixelColumns): Float32Array {
  const {start, stop} = layersOfRow(row, rows, cells.layers);
  const pooled = poolRow(cells.max, cells.nonfinite, start * cells.columns, pixels);
  for (let layer = start + 1; layer < stop; layer++) {
    poolRow(cells.max, cells.nonfinite, layer * cells.columns, pixels).forEach((value, x) => {
      if (!(value <= (pooled[x] ?? NaN)) && !Number.isNaN(value)) pooled[x] = value;
    });
  }
  return pooled;
}
