import {expect, test} from 'vitest';
import {columnsOfPixels, layersOfRow, NON_FINITE, poolRow} from '../src/lib/pool';

/** One column a step. */
function steps(count: number) {
  const first = Int32Array.from({length: count}, (_, i) => i);
  return {first, last: first};
}

test('with more steps than pixels the largest value under a pixel is shown', () => {
  const values = new Float32Array(1000).fill(1);
  values[637] = 50;
  const pixels = columnsOfPixels(steps(1000), {from: 0, to: 999}, 100);
  const pooled = poolRow(values, new Uint32Array(1000), 0, pixels);
  expect(pooled[63]).toBe(50);
  expect([...pooled].filter((value) => value === 50)).toHaveLength(1);
});

test('every step is under some pixel, at any zoom', () => {
  for (const [count, width] of [
    [1000, 333],
    [7, 640],
    [641, 640],
    [1, 10],
  ] as const) {
    const {start, stop} = columnsOfPixels(steps(count), {from: 0, to: count - 1}, width);
    const seen = new Set<number>();
    start.forEach((low, x) => {
      for (let i = low; i < (stop[x] ?? 0); i++) seen.add(i);
    });
    expect(seen.size).toBe(count);
  }
});

test('with fewer steps than pixels each step is as wide as the others', () => {
  const pixels = columnsOfPixels(steps(4), {from: 0, to: 3}, 8);
  const pooled = poolRow(Float32Array.of(1, 2, 3, 4), new Uint32Array(4), 0, pixels);
  expect([...pooled]).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
});

test('one step that was not finite wins over every value under the pixel', () => {
  const pixels = columnsOfPixels(steps(10), {from: 0, to: 9}, 1);
  const nonfinite = Uint32Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0);
  expect(poolRow(new Float32Array(10).fill(1e30), nonfinite, 0, pixels)[0]).toBe(NON_FINITE);
});

test('NaN without a count means that nothing was measured', () => {
  const pixels = columnsOfPixels(steps(3), {from: 0, to: 2}, 1);
  expect(poolRow(Float32Array.of(NaN, 2, NaN), new Uint32Array(3), 0, pixels)[0]).toBe(2);
  expect(poolRow(new Float32Array(3).fill(NaN), new Uint32Array(3), 0, pixels)[0]).toBeNaN();
});

test('steps that were not recorded leave their pixels empty', () => {
  const columns = {first: Int32Array.of(0, 8), last: Int32Array.of(1, 9)};
  const pooled = poolRow(
    Float32Array.of(1, 2),
    new Uint32Array(2),
    0,
    columnsOfPixels(columns, {from: 0, to: 9}, 10)
  );
  expect([...pooled]).toEqual([1, 1, NaN, NaN, NaN, NaN, NaN, NaN, 2, 2]);
});

test('rows share the layers without leaving one out', () => {
  const rows = Array.from({length: 300}, (_, row) => layersOfRow(row, 300, 1000));
  expect(rows[0]?.start).toBe(0);
  expect(rows.at(-1)?.stop).toBe(1000);
  rows.slice(1).forEach(({start}, i) => {
    expect(start).toBe(rows[i]?.stop);
  });
});
