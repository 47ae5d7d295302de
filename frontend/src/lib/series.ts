/** A pooled series: what `/steps` and `/layer` say of a measure in every column. */
import {floats, integers, type Frame} from './frame';

/** The steps that each column stands for; both ends are inclusive. */
export interface Columns {
  first: ArrayLike<number>;
  last: ArrayLike<number>;
}

/** Over the finite values of a column, NaN where there are none; `nan` and `inf` count the others. */
export interface PooledSeries {
  min: Float32Array;
  max: Float32Array;
  mean: Float32Array;
  nan: ArrayLike<number>;
  inf: ArrayLike<number>;
}

export function columnsOf(frame: Frame): Columns {
  return {first: integers(frame, 'first_step'), last: integers(frame, 'last_step')};
}

/** Null where the frame has no such series. */
export function seriesOf(frame: Frame, name: string): PooledSeries | null {
  if (!frame.arrays.has(`${name}/mean`)) return null;
  return {
    min: floats(frame, `${name}/min`),
    max: floats(frame, `${name}/max`),
    mean: floats(frame, `${name}/mean`),
    nan: integers(frame, `${name}/nan`),
    inf: integers(frame, `${name}/inf`),
  };
}

/** The column that holds `step`, or the nearest one; -1 where there is no column. */
export function columnAt(columns: Columns, step: number): number {
  let low = 0;
  let high = columns.first.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((columns.last[middle] ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  // Between two columns (steps that were not recorded) the nearer one speaks.
  const before = low > 0 ? step - (columns.last[low - 1] ?? 0) : Infinity;
  return before < (columns.first[low] ?? 0) - step ? low - 1 : low;
}

/** First and last step of the column that speaks for `step`; the step itself where there is no column. */
export function stepsAt(columns: Columns | null, step: number): [number, number] {
  const column = columns ? columnAt(columns, step) : -1;
  return [columns?.first[column] ?? step, columns?.last[column] ?? step];
}

/** How many steps a column stands for. */
export function stepsOf({first, last}: Columns, column: number): number {
  return (last[column] ?? 0) - (first[column] ?? 0) + 1;
}

/** Whether there was a value in a column, finite or not. */
export function isMeasured(series: PooledSeries, column: number): boolean {
  const finite = Number.isFinite(series.mean[column] ?? NaN);
  return finite || (series.nan[column] ?? 0) > 0 || (series.inf[column] ?? 0) > 0;
}

/** The last column up to `column` in which something was measured; -1 where there is none. */
export function measuredAt(series: PooledSeries, column: number): number {
  let last = column;
  while (last >= 0 && !isMeasured(series, last)) last--;
  return last;
}

/**
 * A number that stands for the column: its mean, NaN or infinity where nothing
 * in it was finite, and null where nothing was observed.
 */
export function valueAt(series: PooledSeries, column: number): number | null {
  const mean = series.mean[column];
  if (mean !== undefined && Number.isFinite(mean)) return mean;
  if ((series.nan[column] ?? 0) > 0) return NaN;
  return (series.inf[column] ?? 0) > 0 ? Infinity : null;
}
