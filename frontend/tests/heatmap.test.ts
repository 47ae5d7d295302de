import {expect, test} from 'vitest';
import {colorTable, NON_FINITE} from '../src/lib/colormap';
import {
  loudestLayer,
  palette,
  placesAt,
  rowBytes,
  rowLayout,
  rowOf,
  shadeCells,
  sourceOf,
  type Cells,
} from '../src/lib/heatmap';
import {columnsOfPixels, paintRows} from '../src/lib/pool';

const LOUD = Uint8ClampedArray.of(208, 0, 111, 255);
const SCALE = {min: 1, max: 10};

function cellsOf(max: number[], nonfinite: number[], layers: number): Cells {
  return {
    max: Float32Array.from(max),
    nonfinite: Uint32Array.from(nonfinite),
    layers,
    columns: max.length / layers,
  };
}

function paint(cells: Cells, order: number[]): number[][] {
  const steps = Int32Array.from({length: cells.columns}, (_, i) => i);
  const pixels = columnsOfPixels(
    {first: steps, last: steps},
    {from: 0, to: cells.columns - 1},
    cells.columns
  );
  const rows = rowBytes(shadeCells(cells, SCALE), order);
  const image = new Uint32Array(rows.length);
  paintRows(rows, cells.columns, pixels, palette(colorTable(), LOUD), image);
  const bytes = new Uint8Array(image.buffer);
  return Array.from(image, (_, i) => [...bytes.subarray(4 * i, 4 * i + 4)]);
}

test.each([1, 3, 40, 300, 1000])('of %d layers each is found under the row that shows it', (layers) => {
  const {rows, rowHeight} = rowLayout(layers);
  expect(rows * rowHeight).toBeLessThanOrEqual(600);
  for (let place = 0; place < layers; place++) {
    const {start, stop} = placesAt(rowOf(place, layers) * rowHeight, layers);
    expect(place >= start && place < stop).toBe(true);
    if (layers <= 300) expect(stop - start).toBe(1);
  }
});

test('beside the rows there is still a layer', () => {
  expect(placesAt(-5, 3).start).toBe(0);
  expect(placesAt(9999, 3).start).toBe(2);
});

test('values, what is not finite, and what was not measured have different pixels, in the order of the rows', () => {
  const cells = cellsOf([1, NaN, NaN, 10, 10, 0], [0, 1, 0, 0, 0, 0], 2);
  const table = colorTable();
  const [darkest, brightest] = [[...table.subarray(0, 4)], [...table.subarray(-4)]];
  const first = [darkest, [...LOUD], [0, 0, 0, 0]];
  const second = [brightest, brightest, darkest];
  // The NaN is the last measurement, so it holds for as long as the one before it: one column.
  expect(paint(cells, [0, 1])).toEqual([...first, ...second]);
  expect(paint(cells, [1, 0])).toEqual([...second, ...first]);
  expect(paint(cells, [1])).toEqual(second);
});

test('a layer of a shared row keeps its NaN, and is the one that is named', () => {
  const layers = 600;
  const nonfinite = new Array<number>(layers).fill(0);
  nonfinite[300] = 1;
  const cells = cellsOf(new Array<number>(layers).fill(1), nonfinite, layers);
  const order = Array.from({length: layers}, (_, layer) => layer);
  expect(paint(cells, order)[150]).toEqual([...LOUD]);
  expect(loudestLayer(shadeCells(cells, SCALE), cells, [301, 300], 0)).toBe(300);
});

test('of the layers of a shared row the one with the largest value is named, not that with the largest colour', () => {
  const cells = cellsOf([5, 8.001, 8.002], [0, 0, 0], 3);
  expect(loudestLayer(shadeCells(cells, SCALE), cells, [0, 1, 2], 0)).toBe(2);
});

test('a value holds until the next measurement, also one that is not finite; the last as long as the one before', () => {
  const max = [NaN, 1, NaN, NaN, NaN, NaN, 3, NaN, NaN, NaN];
  const cells = cellsOf(max, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0], 1);
  const columns = max.map((_, column) => column);
  expect(columns.map((column) => sourceOf(cells, 0, column))).toEqual([-1, 1, 1, 1, 4, 4, 6, 6, -1, -1]);
  const {bytes, held} = shadeCells(cells, SCALE);
  expect(held).toBe(true);
  expect([...bytes].map((byte) => (byte === 0 ? '-' : byte === NON_FINITE ? 'N' : 'x')).join('')).toBe(
    '-xxxNNxx--'
  );
});

test('where every column was measured nothing is held, and layers keep to themselves', () => {
  const {bytes, held} = shadeCells(cellsOf([1, 2, NaN, NaN, 5, 6], [0, 0, 0, 0, 0, 0], 3), SCALE);
  expect([...bytes].map((byte) => byte > 0)).toEqual([true, true, false, false, true, true]);
  expect(held).toBe(false);
});
