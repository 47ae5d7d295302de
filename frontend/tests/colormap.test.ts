import {expect, test} from 'vitest';
import {byteTable, colorIndex, colorScale, COLORS, colorTable} from '../src/lib/colormap';

/** Relative luminance as WCAG 2 defines it. */
function luminance(red: number, green: number, blue: number): number {
  const [r, g, b] = [red, green, blue].map((byte) => {
    const c = byte / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test('every colour is lighter than the one before, so that order shows without hue', () => {
  const table = colorTable();
  const lights = Array.from({length: COLORS}, (_, i) =>
    luminance(...([...table.subarray(4 * i, 4 * i + 3)] as [number, number, number]))
  );
  for (let i = 8; i < COLORS; i += 8) expect(lights[i]).toBeGreaterThan(lights[i - 8] ?? 1);
  expect(lights[0]).toBeLessThan(0.05);
  expect(lights.at(-1)).toBeGreaterThan(0.8);
});

test('one outlier does not flatten the scale', () => {
  const values = new Float32Array(1000).fill(1).map((_, i) => 1 + i / 1000);
  values[500] = 1e30;
  const scale = colorScale(values);
  expect(scale?.max).toBeLessThan(200.1);
  expect(scale && colorIndex(1e30, scale)).toBe(COLORS - 1);
});

test('what is more than a percent of the values is inside of the scale, however far away', () => {
  const values = new Float32Array(1000).fill(1);
  values.fill(1e6, 985);
  expect(colorScale(values)?.max).toBeCloseTo(1e6, -1);
});

test('a spike of two steps in three thousand is inside of the scale', () => {
  const values = new Float32Array(3000).fill(0.5);
  values.set([20, 30], 150);
  expect(colorScale(values)?.max).toBeCloseTo(30, 4);
});

test('zero, negative and non-finite values have no say in the scale', () => {
  expect(colorScale(Float32Array.of(0, -1, NaN, Infinity))).toBeNull();
  const scale = colorScale(Float32Array.of(0, NaN, Infinity, 1, 100));
  expect(scale?.min).toBeCloseTo(1);
  expect(scale?.max).toBeCloseTo(100);
});

test('values are coloured by their logarithm', () => {
  const scale = {min: 1, max: 10000};
  expect(colorIndex(100, scale)).toBe(Math.round((COLORS - 1) / 2));
  expect(colorIndex(0, scale)).toBe(0);
});

test('a constant measure has a scale of a decade', () => {
  const scale = colorScale(Float32Array.of(5, 5, 5));
  expect(scale && scale.max / scale.min).toBeCloseTo(10);
});

test('the table of bytes is one colour off at most, and never falls', () => {
  const scale = {min: 1e-6, max: 1e3};
  const table = byteTable(scale);
  for (const value of [1e-30, 1e-6, 3.3e-4, 0.1, 1, 42.5, 999, 1e30]) {
    const [bits = 0] = new Int32Array(Float32Array.of(value).buffer);
    expect(Math.abs((table[bits >> 16] ?? 0) - 1 - colorIndex(value, scale))).toBeLessThanOrEqual(1);
  }
  expect(table.every((byte, key) => byte >= (table[key - 1] ?? 1))).toBe(true);
});
