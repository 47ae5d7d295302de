/** The interval of a value axis: what the lines in view reach, or all but their outermost percent. */
import {lineColumns, visibleColumns} from './lines';
import type {StepRange} from './range';
import {clippedExtent, extent} from './scale';
import {stepsOf, type Columns, type PooledSeries} from './series';

interface PlottedSeries {
  series: PooledSeries;
  columns: Columns;
}

/** For each line its smallest and its largest values in view, column by column. */
export function valuesInView({series, columns}: PlottedSeries, view: StepRange): Float32Array[] {
  const {start, stop} = lineColumns(series, visibleColumns(columns, view));
  return [series.min.subarray(start, stop), series.max.subarray(start, stop)];
}

/**
 * The ends of each line; a line without a finite value (positive, for `log`) has none.
 *
 * Args: `clip` leaves out the outermost percent of the steps of each line, so that a line of few
 * steps is not what is left out.
 */
export function endsInView(
  lines: readonly PlottedSeries[],
  view: StepRange,
  {log, clip}: {log: boolean; clip: boolean}
): number[][] {
  return lines.flatMap((line) => {
    const values = valuesInView(line, view);
    const ends = clip ? clippedExtent(values, weightsInView(line, view), log) : extent(values, log);
    return ends ? [[ends.min, ends.max]] : [];
  });
}

/** Steps of each column in view. */
function weightsInView({series, columns}: PlottedSeries, view: StepRange): number[] {
  const {start, stop} = lineColumns(series, visibleColumns(columns, view));
  return Array.from({length: stop - start}, (_, i) => stepsOf(columns, start + i));
}
