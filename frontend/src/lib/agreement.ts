/** How long two series of different runs were the same. */
import {valueAt, type Columns, type PooledSeries} from './series';

/** A series with its own columns, since runs need not have the same steps. */
export interface OwnSeries {
  columns: Columns;
  series: PooledSeries;
}

export interface Difference {
  /** First step of the column. */
  step: number;
  /** False where the column stands for several steps, so that the first different one is somewhere in it. */
  isExact: boolean;
  /** The values there. */
  values: [number, number];
}

export interface Agreement {
  /** Steps that were compared. */
  steps: number;
  /** The first of them. */
  first: number;
  /** The first place that is not the same to the last digit; null where there is none. */
  different: Difference | null;
  /** The first place that is further apart than `CLOSE`; null where there is none. */
  apart: Difference | null;
}

/** A share of the larger value. Repeated runs on a GPU drift apart from the last digit on. */
export const CLOSE = 0.01;

/**
 * Compares where both have a column for the same steps and both measured something there.
 *
 * NaN is the same as NaN, infinite the same as infinite. Null where nothing can be compared.
 */
export function agreement(a: OwnSeries, b: OwnSeries): Agreement | null {
  let steps = 0;
  let start = 0;
  let different: Difference | null = null;
  let apart: Difference | null = null;
  let j = 0;
  for (let i = 0; i < a.columns.first.length; i++) {
    const first = a.columns.first[i] ?? 0;
    const last = a.columns.last[i] ?? first;
    while (j < b.columns.first.length && (b.columns.first[j] ?? 0) < first) j++;
    if (b.columns.first[j] !== first || b.columns.last[j] !== last) continue;
    const values = [valueAt(a.series, i), valueAt(b.series, j)] as const;
    if (values[0] === null || values[1] === null) continue;
    if (steps === 0) start = first;
    steps += last - first + 1;
    const place = {step: first, isExact: last === first, values: [values[0], values[1]] as [number, number]};
    if (!different && !isSame(a.series, i, b.series, j)) different = place;
    if (!apart && !isClose(values[0], values[1])) apart = place;
  }
  return steps > 0 ? {steps, first: start, different, apart} : null;
}

function isSame(a: PooledSeries, i: number, b: PooledSeries, j: number): boolean {
  return (['min', 'max', 'mean', 'nan', 'inf'] as const).every((part) => Object.is(a[part][i], b[part][j]));
}

function isClose(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Object.is(a, b);
  return Math.abs(a - b) <= CLOSE * Math.max(Math.abs(a), Math.abs(b));
}
