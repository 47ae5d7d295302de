import {expect, test} from 'vitest';
import {agreement, type OwnSeries} from '../src/lib/agreement';
import {spreadOf} from '../src/lib/spread';

/** A value a step from `start` on; of a column of several steps, `width`. */
function own(values: number[], {start = 0, width = 1} = {}): OwnSeries {
  const mean = Float32Array.from(values, (value) => (Number.isFinite(value) ? value : NaN));
  const count = (test: (value: number) => boolean) =>
    Uint32Array.from(values, (value) => Number(test(value)));
  return {
    columns: {
      first: Int32Array.from(values, (_, i) => start + i * width),
      last: Int32Array.from(values, (_, i) => start + (i + 1) * width - 1),
    },
    series: {
      min: mean,
      max: mean,
      mean,
      nan: count(Number.isNaN),
      inf: count((value) => Math.abs(value) === Infinity),
    },
  };
}

test('two runs agree until the first different digit, and further until they are apart', () => {
  const a = own([1, 2, 3, 4, 5]);
  const b = own([1, 2, 3.001, 4, 6]);
  expect(agreement(a, b)).toEqual({
    steps: 5,
    first: 0,
    different: {step: 2, isExact: true, values: [3, Math.fround(3.001)]},
    apart: {step: 4, isExact: true, values: [5, 6]},
  });
  expect(agreement(a, a)).toMatchObject({different: null, apart: null});
});

test('NaN is the same as NaN, and far from every number', () => {
  expect(agreement(own([1, NaN, NaN]), own([1, NaN, NaN]))).toMatchObject({different: null, apart: null});
  expect(agreement(own([1, NaN]), own([1, 2]))?.apart?.step).toBe(1);
  expect(agreement(own([1, NaN]), own([1, Infinity]))?.different?.step).toBe(1);
});

test('only steps that both have are compared; without any nothing is said', () => {
  expect(agreement(own([9, 9, 1, 2]), own([1, 2, 3], {start: 2}))).toMatchObject({
    steps: 2,
    first: 2,
    different: null,
  });
  expect(agreement(own([1]), own([1], {start: 7}))).toBeNull();
  expect(agreement(own([1, 2], {width: 2}), own([1, 2, 3, 4]))).toBeNull();
});

test('a column of several steps does not tell the exact step', () => {
  const found = agreement(own([1, 2], {width: 8}), own([1, 3], {width: 8}));
  expect(found).toMatchObject({steps: 16, different: {step: 8, isExact: false}});
});

test('the spread is the median between the smallest and the largest', () => {
  const spread = spreadOf([own([1, 5]), own([2, 9, 4]), own([6, 7])]);
  expect(Array.from(spread?.series.mean ?? [])).toEqual([2, 7, 4]);
  expect(Array.from(spread?.series.min ?? [])).toEqual([1, 5, 4]);
  expect(Array.from(spread?.series.max ?? [])).toEqual([6, 9, 4]);
  expect(spread?.columns.first).toHaveLength(3);
  expect(Array.from(spreadOf([own([1]), own([4])])?.series.mean ?? [])).toEqual([2.5]);
  expect(spreadOf([])).toBeNull();
});

test('in a spread, runs that are not finite are counted and do not hide the others', () => {
  const {series} = spreadOf([own([1, NaN]), own([3, 2]), own([5, Infinity])]) ?? own([]);
  expect(Array.from(series.mean)).toEqual([3, 2]);
  expect(Array.from(series.min)).toEqual([1, 2]);
  expect([...Array.from(series.nan), ...Array.from(series.inf)]).toEqual([0, 1, 0, 1]);
  const none = spreadOf([own([NaN]), own([NaN])]);
  expect(none?.series.mean[0]).toBeNaN();
  expect(none?.series.max[0]).toBeNaN();
});
