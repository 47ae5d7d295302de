import {expect, test} from 'vitest';
import {NON_FINITE} from '../src/lib/colormap';
import {decodeFrame} from '../src/lib/frame';
import {
  binText,
  entriesIn,
  histogramFacts,
  histogramOf,
  histogramRows,
  shadeBins,
} from '../src/lib/histogram';
import {encodeFrame} from './frames';

const BINS = 100;
/** As `http_api.md` has them. */
const ZERO = 48;
const [NAN, NEGATIVE_INF, INF] = [97, 98, 99];

/** Of samples at steps 0, 10, 30; each a list of `[bin, count]`. */
function histogram(samples: [number, number][][]) {
  const counts = new Uint32Array(samples.length * BINS);
  samples.forEach((sample, i) => {
    for (const [bin, count] of sample) counts[i * BINS + bin] = count;
  });
  const arrays = {step: Int32Array.of(0, 10, 30).subarray(0, samples.length).slice(), 'dense/kernel': counts};
  const bins = {exponents: [-32, 15], order: ['negative', 'zero', 'positive', 'nan', '-inf', 'inf']};
  const found = histogramOf(decodeFrame(encodeFrame(arrays, {layer: 'dense', bins})), 'dense/kernel');
  if (!found) throw new Error('no histogram');
  return found;
}

/** The bin of entries of a size and sign. */
function binOf(value: number): number {
  const e = Math.floor(Math.log2(Math.abs(value)));
  return value < 0 ? 15 - e : 49 + e + 32;
}

test('the rows go from large positive entries through zero to large negative ones', () => {
  const found = histogram([
    [
      [binOf(0.25), 1],
      [binOf(-4), 1],
    ],
  ]);
  expect(found.exponents).toEqual({low: -2, high: 2});
  const rows = histogramRows(found);
  expect(rows.positive[0]).toBe(binOf(4));
  expect(rows.positive.at(-1)).toBe(binOf(0.25));
  expect(rows.negative[0]).toBe(binOf(-0.25));
  expect(rows.negative.at(-1)).toBe(binOf(-4));
  expect([rows.zero, rows.nan, rows.negativeInf, rows.inf]).toEqual([[ZERO], [NAN], [NEGATIVE_INF], [INF]]);
});

test('a sample holds until the next one, the last as long as the one before', () => {
  const {columns} = histogram([[[ZERO, 1]], [[ZERO, 1]], [[ZERO, 1]]]);
  expect([...Array.from(columns.last)]).toEqual([9, 29, 49]);
});

test('a single NaN among many entries is loud, a single small entry is dark, nothing is nothing', () => {
  const found = histogram([
    [
      [NAN, 1],
      [binOf(0.5), 99_998],
      [binOf(-2), 1],
    ],
  ]);
  expect(shadeBins(found, [NAN])[0]).toBe(NON_FINITE);
  expect(shadeBins(found, [binOf(-2)])[0]).toBe(1);
  expect(shadeBins(found, [binOf(0.5)])[0]).toBeGreaterThan(250);
  expect(shadeBins(found, [ZERO])[0]).toBe(0);
});

test('the facts of a sample: its median size over both signs, and shares', () => {
  const found = histogram([
    [
      [binOf(0.001), 10],
      [binOf(-1), 30],
      [binOf(8), 10],
      [ZERO, 25],
      [NAN, 20],
      [INF, 2],
      [NEGATIVE_INF, 3],
    ],
    [[NAN, 4]],
  ]);
  const facts = histogramFacts(found, 0);
  expect(facts).toMatchObject({zero: 0.25, nan: 0.2, inf: 0.05});
  expect(Math.floor(Math.log2(facts.median))).toBe(0);
  expect(histogramFacts(found, 1)).toEqual({median: NaN, zero: 0, nan: 1, inf: 0});
});

test('without a sample, or of another variable, there is none', () => {
  const frame = decodeFrame(encodeFrame({step: new Int32Array(0)}, {bins: {exponents: [-32, 15]}}));
  expect(histogramOf(frame, 'dense/kernel')).toBeNull();
});

test('each bin has a row of its own, a column for each sample', () => {
  const found = histogram([
    [[NAN, 1]],
    [[ZERO, 5]],
    [
      [NAN, 2],
      [ZERO, 2],
    ],
  ]);
  const bytes = [...shadeBins(found, [NAN, ZERO])].map((byte) => byte > 0);
  expect(bytes).toEqual([true, false, true, false, true, true]);
});

test('a bin is said in words, with how many of the entries are in it', () => {
  const found = histogram([
    [[binOf(0.25), 3]],
    [
      [binOf(-4), 1],
      [ZERO, 4],
    ],
  ]);
  const words = [binOf(0.3), binOf(-0.3), binOf(-4), ZERO, NAN, INF, NEGATIVE_INF].map((bin) =>
    binText(found, bin)
  );
  expect(words).toEqual(['0.25 to 0.5', '−0.5 to −0.25', '−8 to −4', 'zero', 'NaN', 'Inf', '−Inf']);
  expect(entriesIn(found, 1, ZERO)).toEqual({count: 4, of: 5});
  expect(entriesIn(found, 0, ZERO)).toEqual({count: 0, of: 3});
});
