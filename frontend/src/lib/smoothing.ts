/** Smoothed lines: drawn over what was measured, never instead of it. */
import {isMeasured, stepsOf, type Columns, type PooledSeries} from './series';

/**
 * The exponentially weighted mean of a series, column by column.
 *
 *     v_t = w ** (steps of column t / steps of a usual column)
 *     m_t = v_t * m_{t-1} + (1 - v_t) * y_t,    m_0 = 0
 *     smoothed_t = m_t / (1 - v_1 * ... * v_t)
 *
 * with y the mean of a column, or on a logarithmic axis its logarithm, so that
 * one value of 1e15 does not stay in the line for ever. A column of many steps
 * counts for more than one of a single step. The division takes out the start
 * at 0, as TensorBoard's own smoothing does.
 *
 * NaN where the column has nothing finite (on a logarithmic axis: positive);
 * such a column teaches nothing.
 *
 * Args: `weight`, w, of what came before, in [0, 1); larger is smoother.
 */
export function smooth(
  mean: ArrayLike<number>,
  columns: Columns,
  weight: number,
  log: boolean
): Float32Array {
  const line = new Float32Array(mean.length).fill(NaN);
  let usual = 0;
  for (let i = 0; i < mean.length; i++) usual += stepsOf(columns, i) / mean.length;
  let average = 0;
  let start = 1;
  for (let i = 0; i < mean.length; i++) {
    const value = log ? Math.log(mean[i] ?? NaN) : (mean[i] ?? NaN);
    if (!Number.isFinite(value)) continue;
    const kept = weight ** (stepsOf(columns, i) / usual);
    average = kept * average + (1 - kept) * value;
    start *= kept;
    const level = average / (1 - start);
    line[i] = log ? Math.exp(level) : level;
  }
  return line;
}

/** A series with its smoothed line as the mean; where that is NaN, as measured. */
export function smoothed(series: PooledSeries, columns: Columns, weight: number, log: boolean): PooledSeries {
  const mean = smooth(series.mean, columns, weight, log).map((value, i) =>
    Number.isNaN(value) && isMeasured(series, i) ? (series.mean[i] ?? NaN) : value
  );
  return {...series, mean};
}
