import {expect, test} from 'vitest';
import {healthyBand} from '../src/lib/healthy_band';
import {clippedExtent} from '../src/lib/scale';
import {smooth, smoothed} from '../src/lib/smoothing';
import {windowOf} from './reports';

/** One column a step, with these means. */
function seriesOf(values: number[]) {
  const mean = Float32Array.from(values, (value) => (Number.isFinite(value) ? value : NaN));
  const nan = Uint32Array.from(values, (value) => Number(Number.isNaN(value)));
  const inf = Uint32Array.from(values, (value) => Number(Math.abs(value) === Infinity));
  return {mean, min: mean, max: mean, nan, inf};
}
function stepsOf(count: number) {
  const steps = Int32Array.from({length: count}, (_, i) => i);
  return {first: steps, last: steps};
}

test('a constant stays what it is from the first value on, whatever the weight', () => {
  for (const log of [true, false])
    for (const value of smooth([3, 3, 3, 3], stepsOf(4), 0.95, log)) expect(value).toBeCloseTo(3, 5);
});

test('smoothing follows slowly, and on a logarithmic axis forgets a spike', () => {
  const values = [1, 1, 1, 1e15, 1, 1, 1, 1, 1, 1, 1, 1];
  const linear = smooth(values, stepsOf(12), 0.6, false);
  const log = smooth(values, stepsOf(12), 0.6, true);
  expect(linear[3]).toBeLessThan(1e15);
  expect(linear.at(-1)).toBeGreaterThan(1e11);
  expect(log.at(-1)).toBeLessThan(2000);
});

test('a column of ten steps pulls as much as ten of one step', () => {
  const columns = {first: [0, 10, 11], last: [9, 10, 11]};
  const [, one = 0] = smooth([0, 1, 1], columns, 0.9, false);
  const [, ten = 0] = smooth([0, 1, 1], {first: [0, 1, 11], last: [0, 10, 11]}, 0.9, false);
  expect(one).toBeLessThan(0.2);
  expect(ten).toBeGreaterThan(0.8);
});

test('what is not finite stays a gap with its count, and what was not measured stays unmeasured', () => {
  const series = seriesOf([1, 2, NaN, Infinity, 2]);
  const line = smoothed(series, stepsOf(5), 0.5, true);
  expect(Array.from(line.mean, (value) => Number.isFinite(value))).toEqual([true, true, false, false, true]);
  expect(line.nan).toBe(series.nan);
  expect(line.max).toBe(series.max);
});

test('on a logarithmic axis a zero keeps its place at the lower edge', () => {
  expect(smoothed(seriesOf([1, 0, 1]), stepsOf(3), 0.5, true).mean[1]).toBe(0);
});

test('a clipped axis leaves out the outermost percent of the steps, however few columns they are', () => {
  const values = Array.from({length: 1000}, (_, i) => 1 + i / 1000);
  values[500] = 1e9;
  values[600] = -1e9;
  const ones = values.map(() => 1);
  const {min, max} = clippedExtent([values], ones, false) ?? {min: NaN, max: NaN};
  expect(min).toBeGreaterThan(1);
  expect(max).toBeLessThan(2);
  // A column of very many steps is not an outlier.
  const heavy = values.map((value) => (value === 1e9 ? 1000 : 1));
  expect(clippedExtent([values], heavy, false)?.max).toBe(1e9);
  expect(clippedExtent([[NaN, 0]], [1, 1], true)).toBeNull();
});

test('the band is what is usual outside of windows, from the 5 to the 95 % quantile', () => {
  const values = Array.from({length: 100}, (_, i) => (i < 50 ? 1 + i / 100 : 1000));
  const spike = windowOf({start_step: 50, end_step: 99});
  const band = healthyBand(seriesOf(values), stepsOf(100), [spike], 99);
  expect(band?.min).toBeCloseTo(1.02, 5);
  expect(band?.max).toBeCloseTo(1.47, 5);
  expect(healthyBand(seriesOf(values), stepsOf(100), [{...spike, severity: 'info'}], 99)?.max).toBe(1000);
});

test('a run that was never well has no band', () => {
  const open = windowOf({start_step: 10, end_step: null});
  expect(healthyBand(seriesOf(new Array<number>(100).fill(1)), stepsOf(100), [open], 99)).toBeNull();
});
