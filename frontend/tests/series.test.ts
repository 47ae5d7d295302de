import {expect, test} from 'vitest';
import {decodeFrame} from '../src/lib/frame';
import {
  dots,
  hasSpread,
  isLoggable,
  lineColumns,
  linePoints,
  lineValues,
  marks,
  visibleColumns,
} from '../src/lib/lines';
import {columnAt, measuredAt, seriesOf, stepsAt, valueAt} from '../src/lib/series';
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
  const columns = [0, 1, 2, 3, 4];
  const broken = series([1, NaN, NaN, 0, -3], [0, 1], [0, 0, 1]);
  expect(lineValues(broken, 'mean', {columns}, axis, true)).toEqual([1, null, null, 0.5, 0.5]);
  expect(lineValues(broken, 'mean', {columns}, axis, false)).toEqual([1, null, null, 0, -3]);
});

test('a line goes on over steps without a measurement, but not to or from a NaN', () => {
  const thinned = series([1, NaN, 2, NaN, NaN, NaN, 3], [0, 0, 0, 0, 1]);
  const columns = [0, 1, 2, 3, 4, 5, 6];
  const line = lineValues(thinned, 'max', {columns}, {min: 0, max: 4}, false);
  expect(line).toEqual([1, undefined, 2, null, null, null, 3]);
});

test('dots show what a line does not: a value between gaps, and what was measured now and then', () => {
  const steps = Array.from({length: 100}, (_, i) => i);
  const points = {steps, columns: steps, ends: steps.map(() => false)};
  const view = {from: 0, to: 99};
  const dense = steps.map((step) => (step === 50 || step === 52 ? null : 1));
  expect(dots(dense, points, view, 1000)).toEqual([51]);
  const thinned = steps.map((step) => (step < 70 || step % 10 === 0 ? 1 : undefined));
  expect(dots(thinned, points, view, 100)).toEqual([80, 90]);
  expect(dots(thinned, points, view, 80)).toEqual([]);
  expect(dots(thinned, points, {from: 60, to: 99}, 80).filter((step) => step >= 60).length).toBe(13);
  const few = {...points, steps: [0, 1, 2], ends: [true, true, false]};
  expect(dots([1, 1, 2], few, view, 10)).toEqual([2]);
});

test('a column of several steps is a level stretch where it is wide, cut at the edges of the view', () => {
  const columns = {first: [0, 32, 64], last: [31, 63, 64]};
  expect(linePoints(columns, {from: 0, to: 64}, 10)).toEqual({
    steps: [15.5, 47.5, 64],
    columns: [0, 1, 2],
    ends: [false, false, false],
  });
  expect(linePoints(columns, {from: 40, to: 64}, 600)).toEqual({
    steps: [15.5, 39.5, 63.5, 64],
    columns: [0, 1, 1, 2],
    ends: [false, true, true, false],
  });
  expect(linePoints(columns, {from: 33, to: 33}, 600).steps).toEqual([15.5, 32.5, 33.5, 64]);
});

test('under the cursor is the column with all its steps, and the last value measured up to it', () => {
  expect([stepsAt(COLUMNS, 12), stepsAt(COLUMNS, 22), stepsAt(null, 7)]).toEqual([
    [10, 19],
    [10, 19],
    [7, 7],
  ]);
  const thinned = series([NaN, 1, NaN, NaN, NaN], [0, 0, 0, 1]);
  expect([0, 1, 2, 3, 4].map((column) => measuredAt(thinned, column))).toEqual([-1, 1, 1, 3, 3]);
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

test('an axis fits the line that is seen between two measurements outside of the view', () => {
  const thinned = series([NaN, 1, NaN, NaN, NaN, 2, NaN]);
  expect(lineColumns(thinned, {start: 3, stop: 5})).toEqual({start: 1, stop: 6});
  expect(lineColumns(thinned, {start: 1, stop: 4})).toEqual({start: 1, stop: 4});
  expect(lineColumns(series([NaN, NaN, 3]), {start: 0, stop: 1})).toEqual({start: 0, stop: 3});
});
