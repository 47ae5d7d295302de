import {expect, test} from 'vitest';
import {decodeFrame} from '../src/lib/frame';
import {hasSpread, isLoggable, lineValues, marks, visibleColumns} from '../src/lib/lines';
import {columnAt, seriesOf, valueAt} from '../src/lib/series';
import {encodeFrame} from './frames';

const COLUMNS = {first: Int32Array.of(0, 10, 40), last: Int32Array.of(9, 19, 49)};

function series(mean: number[], nan: number[] = [], inf: number[] = []) {
  const values = Float32Array.from(mean);
  const count = (list: number[]) => Uint32Array.from(mean, (_, i) => list[i] ?? 0);
  return {min: values, max: values, mean: values, nan: count(nan), inf: count(inf)};
}

test('a series is read by its name, with all its parts', () => {
  const frame = decodeFrame(
    encodeFrame({
      'loss/min': Float32Array.of(1),
      'loss/max': Float32Array.of(3),
      'loss/mean': Float32Array.of(2),
      'loss/nan': Uint32Array.of(4),
      'loss/inf': Uint32Array.of(5),
    })
  );
  expect(seriesOf(frame, 'loss')).toMatchObject({
    min: Float32Array.of(1),
    nan: Uint32Array.of(4),
    inf: Uint32Array.of(5),
  });
  expect(seriesOf(frame, 'grad_norm')).toBeNull();
});

test('the column of a step is the one that holds it, or the nearest', () => {
  expect([0, 9, 10, 19, 45].map((step) => columnAt(COLUMNS, step))).toEqual([0, 0, 1, 1, 2]);
  expect([20, 38, -5, 99].map((step) => columnAt(COLUMNS, step))).toEqual([1, 2, 0, 2]);
  expect(columnAt({first: [], last: []}, 3)).toBe(-1);
});

test('a column is its mean; where nothing was finite it is what it was; unobserved it is null', () => {
  const mixed = series([2, NaN, NaN, NaN], [1, 3, 0, 0], [0, 0, 2, 0]);
  expect([0, 1, 2, 3].map((column) => valueAt(mixed, column))).toEqual([2, NaN, Infinity, null]);
});

test('a line has gaps where nothing was finite, and stays on a logarithmic axis', () => {
  const axis = {min: 0.5, max: 10};
  expect(lineValues([1, NaN, Infinity, 0, -3], axis, true)).toEqual([1, null, null, 0.5, 0.5]);
  expect(lineValues([1, NaN, -3], axis, false)).toEqual([1, null, -3]);
});

test('a logarithmic axis is for values above zero; zeros among them do not matter', () => {
  expect(isLoggable([series([1, 0, NaN])])).toBe(true);
  expect(isLoggable([series([1, 2]), series([-1, 2])])).toBe(false);
  expect(isLoggable([series([0, 0])])).toBe(false);
  expect(isLoggable([series([NaN])])).toBe(true);
});

test('an envelope is drawn only where columns stand for different values', () => {
  const flat = series([1, 2, NaN]);
  expect(hasSpread(flat)).toBe(false);
  expect(hasSpread({...flat, max: Float32Array.of(1, 2.5, NaN)})).toBe(true);
});

test('a single NaN has a mark, and so has an Inf in the same column', () => {
  const found = marks(series([1, NaN, 1], [0, 1, 0], [0, 2, 0]), COLUMNS, {from: 0, to: 49}, 500);
  expect(found).toEqual([
    {kind: 'nan', x: 150, to: 150},
    {kind: 'inf', x: 150, to: 150},
  ]);
});

test('a stretch of NaN is one mark with a line to its end, repeated now and then', () => {
  const first = Int32Array.from({length: 100}, (_, i) => i);
  const stretch = series(Array<number>(100).fill(NaN), Array<number>(100).fill(1));
  const found = marks(stretch, {first, last: first}, {from: 0, to: 99}, 400);
  expect(found.length).toBeGreaterThan(3);
  expect(found.length).toBeLessThan(9);
  expect(found[0]?.x).toBe(2);
  expect(Math.max(...found.map(({to}) => to))).toBe(398);
});

test('marks outside of the view are left out', () => {
  expect(marks(series([NaN, 1, NaN], [1, 0, 1]), COLUMNS, {from: 12, to: 18}, 500)).toEqual([]);
});

test('visible columns are those that touch the view', () => {
  expect(visibleColumns(COLUMNS, {from: 15, to: 41})).toEqual({start: 1, stop: 3});
  expect(visibleColumns(COLUMNS, {from: 25, to: 30})).toEqual({start: 2, stop: 2});
});
