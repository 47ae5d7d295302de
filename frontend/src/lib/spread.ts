/** Several runs of one configuration as one series: the median, between the smallest and the largest. */
import type {OwnSeries} from './agreement';
import {columnAt, isMeasured} from './series';

/**
 * Over the columns of the run that has most of them; another run counts in a
 * column where it measured something at the column's middle.
 *
 * `mean` is the median over the runs of the means, `min` and `max` are over all
 * runs, `nan` and `inf` count the runs that were not finite there. Values that
 * are not finite count for none of the first three.
 */
export function spreadOf(runs: readonly OwnSeries[]): OwnSeries | null {
  const [longest] = [...runs].sort((a, b) => b.columns.first.length - a.columns.first.length);
  if (!longest) return null;
  const {columns} = longest;
  const count = columns.first.length;
  const spread = {
    min: new Float32Array(count).fill(NaN),
    max: new Float32Array(count).fill(NaN),
    mean: new Float32Array(count).fill(NaN),
    nan: new Uint32Array(count),
    inf: new Uint32Array(count),
  };
  for (let i = 0; i < count; i++) {
    const middle = ((columns.first[i] ?? 0) + (columns.last[i] ?? 0)) / 2;
    const means: number[] = [];
    for (const run of runs) {
      const column = holding(run, middle);
      if (column < 0) continue;
      const {series} = run;
      const mean = series.mean[column] ?? NaN;
      if (Number.isFinite(mean)) means.push(mean);
      spread.min[i] = lower(spread.min[i] ?? NaN, series.min[column] ?? NaN);
      spread.max[i] = -lower(-(spread.max[i] ?? NaN), -(series.max[column] ?? NaN));
      if ((series.nan[column] ?? 0) > 0) spread.nan[i] = (spread.nan[i] ?? 0) + 1;
      if ((series.inf[column] ?? 0) > 0) spread.inf[i] = (spread.inf[i] ?? 0) + 1;
    }
    if (means.length > 0) spread.mean[i] = median(means);
  }
  return {columns, series: spread};
}

/** The column of a run that holds the step and has a value; -1 where there is none. */
function holding({columns, series}: OwnSeries, step: number): number {
  const column = columnAt(columns, step);
  if (column < 0 || !isMeasured(series, column)) return -1;
  return (columns.first[column] ?? 0) <= step && step <= (columns.last[column] ?? 0) ? column : -1;
}

/** The smaller one; of a number and NaN the number. */
function lower(a: number, b: number): number {
  return Number.isNaN(a) || b < a ? b : a;
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? NaN) + high) / 2;
}
