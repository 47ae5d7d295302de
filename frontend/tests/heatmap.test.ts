import {expect, test} from 'vitest';
import {colorTable} from '../src/lib/colormap';
import {holdCells, layerAt, paintCells, rowLayout, rowOf} from '../src/lib/heatmap';
import {columnsOfPixels} from '../src/lib/pool';

const LOUD = Uint8ClampedArray.of(208, 0, 111, 255);

test.each([1, 3, 40, 300, 1000])('of %d layers each is found under the row that shows it', (layers) => {
  const {rows, rowHeight} = rowLayout(layers);
  expect(rows * rowHeight).toBeLessThanOrEqual(600);
  for (let layer = 0; layer < layers; layer++) {
    const found = layerAt(rowOf(layer, layers) * rowHeight, layers);
    expect(rowOf(found, layers)).toBe(rowOf(layer, layers));
    if (layers <= 300) expect(found).toBe(layer);
  }
});

test('beside the rows there is still a layer', () => {
  expect(layerAt(-5, 3)).toBe(0);
  expect(layerAt(9999, 3)).toBe(2);
});

test('values, what is not finite, and what was not measured have different pixels', () => {
  const steps = Int32Array.of(0, 1, 2);
  const cells = {
    max: Float32Array.of(1, NaN, NaN, 10, 10, 0),
    nonfinite: Uint32Array.of(0, 1, 0, 0, 0, 0),
    layers: 2,
    columns: 3,
  };
  const pixels = columnsOfPixels({first: steps, last: steps}, {from: 0, to: 2}, 3);
  const table = colorTable();
  const image = paintCells(cells, pixels, {min: 1, max: 10}, table, LOUD);
  const pixel = (index: number) => [...image.subarray(4 * index, 4 * index + 4)];
  const [darkest, brightest] = [[...table.subarray(0, 4)], [...table.subarray(-4)]];
  expect([0, 1, 2].map(pixel)).toEqual([darkest, [...LOUD], [0, 0, 0, 0]]);
  expect([3, 4, 5].map(pixel)).toEqual([brightest, brightest, darkest]);
});

test('a layer of a shared row keeps its NaN', () => {
  const layers = 600;
  const nonfinite = new Uint32Array(layers);
  nonfinite[301] = 1;
  const cells = {max: new Float32Array(layers).fill(1), nonfinite, layers, columns: 1};
  const pixels = columnsOfPixels({first: [0], last: [0]}, {from: 0, to: 0}, 1);
  const image = paintCells(cells, pixels, {min: 1, max: 10}, colorTable(), LOUD);
  expect([...image.subarray(4 * 150, 4 * 150 + 4)]).toEqual([...LOUD]);
});

test('a value holds until the next measurement, also one that is not finite; the last as long as the one before', () => {
  const max = Float32Array.of(NaN, 1, NaN, NaN, NaN, NaN, 3, NaN, NaN, NaN);
  const nonfinite = Uint32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0);
  const shown = holdCells({max, nonfinite, layers: 1, columns: 10});
  expect([...shown.max]).toEqual([NaN, 1, 1, 1, NaN, NaN, 3, 3, NaN, NaN]);
  expect([...shown.nonfinite]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
  expect([...shown.source]).toEqual([-1, 1, 1, 1, 4, 4, 6, 6, -1, -1]);
  expect(shown.held).toBe(true);
});

test('where every column was measured nothing is held, and layers keep to themselves', () => {
  const max = Float32Array.of(1, 2, NaN, NaN, 5, 6);
  const shown = holdCells({max, nonfinite: new Uint32Array(6), layers: 3, columns: 2});
  expect([...shown.max]).toEqual([1, 2, NaN, NaN, 5, 6]);
  expect(shown.held).toBe(false);
});
