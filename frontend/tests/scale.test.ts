import {expect, test} from 'vitest';
import {axisInterval, extent, linearTicks, logTicks, stepTicks} from '../src/lib/scale';

test('the extent has no say from NaN, Inf, or zero on a logarithmic axis', () => {
  const values = [NaN, Infinity, -Infinity, 0, 2, 8];
  expect(extent([values], false)).toEqual({min: 0, max: 8});
  expect(extent([values], true)).toEqual({min: 2, max: 8});
  expect(extent([[NaN], []], false)).toBeNull();
});

test('a logarithmic axis shows a decade at least, with the data in its middle', () => {
  const {min, max} = axisInterval({min: 2, max: 2.1}, true);
  expect(max / min).toBeGreaterThan(10);
  expect(min).toBeLessThan(2);
  expect(max).toBeGreaterThan(2.1);
  expect(Math.sqrt(min * max)).toBeCloseTo(Math.sqrt(2 * 2.1));
});

test('a linear axis starts just below zero unless that would flatten the data', () => {
  for (const data of [
    {min: 1e-3, max: 1e-3},
    {min: 0.2, max: 2},
    {min: 0, max: 0},
  ]) {
    const {min, max} = axisInterval(data, false);
    expect(min).toBeLessThan(0);
    expect(-min / (max - min)).toBeLessThan(0.05);
  }
  expect(axisInterval({min: 90, max: 100}, false).min).toBeGreaterThan(80);
  expect(axisInterval({min: -3, max: 1}, false).min).toBeLessThan(-3);
});

test.each([
  [{min: 0, max: 0}, false],
  [{min: -2, max: -2}, false],
  [{min: 1e-30, max: 1e38}, true],
  [{min: 5, max: 5}, true],
  [null, true],
  [null, false],
])('an axis always has a height: %o, log %s', (data, log) => {
  const {min, max} = axisInterval(data, log);
  expect(max).toBeGreaterThan(min);
  expect(Number.isFinite(max - min)).toBe(true);
});

test('linear ticks are round and free of rounding noise', () => {
  expect(linearTicks({min: 0, max: 1}, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(linearTicks({min: -0.25, max: 0.3}, 3)).toEqual([-0.2, 0, 0.2]);
});

test('logarithmic ticks are powers of ten, every k-th where there are many', () => {
  expect(logTicks({min: 0.05, max: 20}, 5)).toEqual([0.1, 1, 10]);
  expect(logTicks({min: 1e-12, max: 1e12}, 4).length).toBeLessThanOrEqual(5);
  expect(logTicks({min: 1e-12, max: 1e12}, 4)).toContain(1);
});

test('with fewer than two powers of ten there are ticks between them', () => {
  expect(logTicks({min: 2.5e-4, max: 4e-3}, 3)).toEqual([5e-4, 1e-3, 2e-3]);
  expect(logTicks({min: 2, max: 2.2}, 4).length).toBeGreaterThan(1);
});

test('steps are labelled at whole steps only', () => {
  expect(stepTicks(0, 2, 8)).toEqual([0, 1, 2]);
  expect(stepTicks(7, 7, 5)).toEqual([7]);
});
