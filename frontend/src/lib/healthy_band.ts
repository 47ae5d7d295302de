/** What is usual for a series in this run: its values while nothing was wrong. */
import {middle, type Interval} from './quantiles';
import type {StepRange} from './range';
import {stepsOf, type Columns, type PooledSeries} from './series';
import {windowRange} from './windows';
import type {SymptomWindow} from '../types';

/** Share of the values that the band holds: from the 5 % to the 95 % quantile. */
const SHARE = 0.9;
/** Fewer columns than this say nothing of what is usual. */
const MIN_COLUMNS = 20;

/**
 * The 5 % and the 95 % quantile of the means of all columns that no window
 * touches (one of severity `info` aside), each weighted with its steps.
 *
 * Null where there are fewer than `MIN_COLUMNS` of them, as in a run that was
 * unstable from its first step on.
 */
export function healthyBand(
  series: PooledSeries,
  columns: Columns,
  windows: readonly SymptomWindow[],
  last: number
): Interval | null {
  const bad = windows.filter(({severity}) => severity !== 'info').map((window) => windowRange(window, last));
  const usual = Array.from(series.mean, (value, i) => ({value, weight: stepsOf(columns, i)})).filter(
    ({value}, i) => Number.isFinite(value) && !bad.some((range) => touches(range, columns, i))
  );
  return usual.length < MIN_COLUMNS ? null : middle(usual, SHARE);
}

function touches({from, to}: StepRange, {first, last}: Columns, column: number): boolean {
  return (last[column] ?? 0) >= from && (first[column] ?? 0) <= to;
}
