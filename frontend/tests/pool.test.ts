import {expect, test} from 'vitest';
import {columnsOfPixels, layersOfRow, paintRows, type PixelColumns} from '../src/lib/pool';

/** One column a step. */
function steps(count: number) {
  const first = Int32Array.from({length: count}, (_, i) => i);
  return {first, last: first};
}

/** With a palette that shows each byte as it is. */
function painted(bytes: Uint8Array, columns: number, pixels: PixelColumns): number[] {
  const image = new Uint32Array((bytes.length / columns) * pixels.start.length);
  paintRows(
    bytes,
    columns,
    pixels,
    Uint32Array.from({length: 256}, (_, byte) => byte),
    image
  );
  return [...image];
}

test('with more steps than pixels the largest byte under a pixel is shown', () => {
  const bytes = new Uint8Array(1000).fill(1);
  bytes[637] = 50;
  const pooled = painted(bytes, 1000, columnsOfPixels(steps(1000), {from: 0, to: 999}, 100));
  expect(pooled[63]).toBe(50);
  expect(pooled.filter((byte) => byte === 50)).toHaveLength(1);
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
  expect(painted(Uint8Array.of(1, 2, 3, 4), 4, pixels)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
});

test('rows keep to themselves', () => {
  const pixels = columnsOfPixels(steps(2), {from: 0, to: 1}, 1);
  expect(painted(Uint8Array.of(9, 1, 2, 5), 2, pixels)).toEqual([9, 5]);
});

test('steps that were not recorded leave their pixels empty', () => {
  const columns = {first: Int32Array.of(0, 8), last: Int32Array.of(1, 9)};
  const pixels = columnsOfPixels(columns, {from: 0, to: 9}, 10);
  expect(painted(Uint8Array.of(1, 2), 2, pixels)).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 2, 2]);
});

test('rows share the layers without leaving one out', () => {
  const rows = Array.from({length: 300}, (_, row) => layersOfRow(row, 300, 1000));
  expect(rows[0]?.start).toBe(0);
  expect(rows.at(-1)?.stop).toBe(1000);
  rows.slice(1).forEach(({start}, i) => {
    expect(start).toBe(rows[i]?.stop);
  });
});
