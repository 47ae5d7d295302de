import {expect, test} from 'vitest';
import {colorIndex, colorScale, COLORS, colorTable} from '../src/lib/colormap';

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

test('a spike of two steps in three thousand is inside of the scale', () => {
  const values = new Float32Array(3000).fill(0.5);
  values.set([20, 30], 150);
  expect(colorScale(values)?.max).toBeCloseTo(30, 4);
});

test('zero, negative and non-finite values have no say in the scale', () => {
  expect(colorScale([0, -1, NaN, Infinity])).toBeNull();
  const scale = colorScale([0, NaN, Infinity, 1, 100]);
  expect(scale?.min).toBeCloseTo(1);
  expect(scale?.max).toBeCloseTo(100);
});

test('values are coloured by their logarithm', () => {
  const scale = {min: 1, max: 10000};
  expect(colorIndex(100, scale)).toBe(Math.round((COLORS - 1) / 2));
  expect(colorIndex(0, scale)).toBe(0);
});

test('a constant measure has a scale of a decade', () => {
  const scale = colorScale([5, 5, 5]);
  expect(scale && scale.max / scale.min).toBeCloseTo(10);
});
