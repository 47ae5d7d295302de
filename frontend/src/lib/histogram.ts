/** Histograms of gradients over steps, as rows of the plot: what `/histograms` sends (`http_api.md`). */
import {colorIndex, NON_FINITE, NO_VALUE} from './colormap';
import {formatTick} from './format';
import {integers, type Frame} from './frame';
import type {Columns} from './series';

export interface GradientHistogram {
  /** The steps that a sample stands for: until the next one. */
  columns: Columns;
  /** The octaves that are shown, of positive and of negative entries: 2^e up to 2^(e + 1). */
  exponents: {low: number; high: number};
  /** `[columns, bins]` */
  counts: ArrayLike<number>;
  /** Index of a bin, by what is in it. */
  bins: {
    count: number;
    positive: (exponent: number) => number;
    negative: (exponent: number) => number;
    zero: number;
    nan: number;
    negativeInf: number;
    inf: number;
  };
  /** `[columns]`, numbers of entries. */
  totals: Float64Array;
}

/** The colours go from this share of the entries to all of them. */
export const SHARES = {min: 1e-4, max: 1};
/** A gradient of zeros alone has octaves on the axis all the same. */
const NO_OCTAVES = {low: -10, high: 0};

/** Of one variable; null where nothing was sampled. */
export function histogramOf(frame: Frame, variable: string): GradientHistogram | null {
  const {exponents: [lowest = 0, highest = 0] = []} = frame.header.bins as {exponents?: number[]};
  const octaves = highest - lowest + 1;
  const bins = {
    count: 2 * octaves + 4,
    negative: (exponent: number) => highest - exponent,
    zero: octaves,
    positive: (exponent: number) => octaves + 1 + exponent - lowest,
    nan: 2 * octaves + 1,
    negativeInf: 2 * octaves + 2,
    inf: 2 * octaves + 3,
  };
  const steps = integers(frame, 'step');
  const counts = integers(frame, variable);
  if (steps.length === 0 || counts.length < steps.length * bins.count) return null;
  const totals = new Float64Array(steps.length);
  let low = Infinity;
  let high = -Infinity;
  for (let column = 0; column < steps.length; column++) {
    const at = column * bins.count;
    for (let bin = 0; bin < bins.count; bin++)
      totals[column] = (totals[column] ?? 0) + (counts[at + bin] ?? 0);
    for (let e = lowest; e <= highest; e++) {
      if ((counts[at + bins.positive(e)] ?? 0) + (counts[at + bins.negative(e)] ?? 0) === 0) continue;
      low = Math.min(low, e);
      high = Math.max(high, e);
    }
  }
  return {
    columns: heldColumns(steps),
    exponents: low <= high ? {low, high} : NO_OCTAVES,
    counts,
    bins,
    totals,
  };
}

/** A sample holds until the next one, and the last one for as long as the one before it. */
function heldColumns(steps: ArrayLike<number>): Columns {
  const last = Array.from(steps, (step, i) => {
    const next = steps[i + 1] ?? 2 * step - (steps[i - 1] ?? step - 1);
    return next - 1;
  });
  return {first: steps, last};
}

/** Rows from top to bottom, as bins: NaN, Inf, positive octaves from large to small, zero, negative ones, -Inf. */
export function histogramRows({bins, exponents: {low, high}}: GradientHistogram) {
  const octaves = Array.from({length: high - low + 1}, (_, i) => high - i);
  return {
    nan: [bins.nan],
    inf: [bins.inf],
    positive: octaves.map(bins.positive),
    zero: [bins.zero],
    negative: octaves.toReversed().map(bins.negative),
    negativeInf: [bins.negativeInf],
  };
}

/** The bytes of some bins, `[bins, columns]`: a colour for the share of the entries, on a logarithmic scale. */
export function shadeBins({counts, bins, totals}: GradientHistogram, rows: readonly number[]): Uint8Array {
  const columns = totals.length;
  return Uint8Array.from({length: rows.length * columns}, (_, at) => {
    const bin = rows[Math.floor(at / columns)] ?? 0;
    const column = at % columns;
    const count = counts[column * bins.count + bin] ?? 0;
    if (count === 0) return NO_VALUE;
    const isLoud = bin === bins.nan || bin === bins.inf || bin === bins.negativeInf;
    return isLoud ? NON_FINITE : 1 + colorIndex(count / (totals[column] ?? 0), SHARES);
  });
}

/** What the entries of a bin are: `4.9e-4 to 9.8e-4`, `zero`, `NaN`; sizes below 0 have a true minus. */
export function binText({bins, exponents: {low, high}}: GradientHistogram, bin: number): string {
  if (bin === bins.nan) return 'NaN';
  if (bin === bins.inf) return 'Inf';
  if (bin === bins.negativeInf) return '−Inf';
  if (bin === bins.zero) return 'zero';
  for (let e = low; e <= high; e++) {
    const [small, large] = [e, e + 1].map((exponent) => formatTick(Number((2 ** exponent).toPrecision(2))));
    if (bin === bins.positive(e)) return `${small} to ${large}`;
    if (bin === bins.negative(e)) return `−${large} to −${small}`;
  }
  return '';
}

/** How many of the entries of a column are in a bin, and of how many. */
export function entriesIn({counts, bins, totals}: GradientHistogram, column: number, bin: number) {
  return {count: counts[column * bins.count + bin] ?? 0, of: totals[column] ?? 0};
}

export interface HistogramFacts {
  /** The size that half of the finite entries other than zero are below, to an octave; NaN where there are none. */
  median: number;
  zero: number;
  nan: number;
  inf: number;
}

/** Of one column; `zero`, `nan` and `inf` are shares of the entries. */
export function histogramFacts(
  {counts, bins, totals, exponents: {low, high}}: GradientHistogram,
  column: number
): HistogramFacts {
  const at = column * bins.count;
  const share = (bin: number) => (counts[at + bin] ?? 0) / (totals[column] ?? 0);
  const sizes = Array.from({length: high - low + 1}, (_, i) => {
    const e = low + i;
    return {e, count: (counts[at + bins.positive(e)] ?? 0) + (counts[at + bins.negative(e)] ?? 0)};
  });
  let left = sizes.reduce((sum, {count}) => sum + count, 0) / 2;
  const half = sizes.find(({count}) => count > 0 && (left -= count) <= 0);
  return {
    median: half ? 2 ** (half.e + 0.5) : NaN,
    zero: share(bins.zero),
    nan: share(bins.nan),
    inf: share(bins.inf) + share(bins.negativeInf),
  };
}
