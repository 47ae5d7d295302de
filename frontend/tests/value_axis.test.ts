import {expect, test} from 'vitest';
import type {PooledSeries} from '../src/lib/series';
import {endsInView} from '../src/lib/value_axis';

/** A column is a step. */
function line(values: number[], start = 0) {
  const mean = Float32Array.from(values);
  const none = new Uint32Array(values.length);
  const steps = values.map((_, i) => start + i);
  const series: PooledSeries = {mean, min: mean, max: mean, nan: none, inf: none};
  return {series, columns: {first: steps, last: steps}};
}
/** 1 to 2, with one spike at step 500. */
const SPIKED = line(Array.from({length: 1000}, (_, i) => (i === 500 ? 1e6 : 1 + i / 1000)));
const SHORT = line([7, 8, 9], 400);
const WHOLE = {from: 0, to: 999};

test('an axis reaches what is in view of every line, each with its own steps', () => {
  const log = true;
  expect(endsInView([SPIKED, SHORT], WHOLE, {log, clip: false})).toEqual([
    [1, 1e6],
    [7, 9],
  ]);
  const [before] = endsInView([SPIKED], {from: 0, to: 499}, {log, clip: false});
  expect(before?.[1]).toBeCloseTo(1.5, 2);
  expect(endsInView([line([NaN, -1])], WHOLE, {log, clip: false})).toEqual([]);
});

test('a clipped axis leaves out the outermost percent of each line: a short line loses nothing', () => {
  const [long, short] = endsInView([SPIKED, SHORT], WHOLE, {log: false, clip: true});
  expect(long?.[0]).toBeGreaterThan(1);
  expect(long?.[1]).toBeLessThan(2);
  expect(short).toEqual([7, 9]);
});
