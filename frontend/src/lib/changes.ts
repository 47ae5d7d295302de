/** How much each layer changed in some steps against the steps before: which layers to look at first. */
import type {Cells} from './heatmap';
import {span, type StepRange} from './range';
import type {Columns} from './series';

/** At least so many steps before are compared with, where the run has them. */
const MIN_STEPS_BEFORE = 20;

/** The steps before that some steps are compared with: as many as those, and not too few; null at the start of the run. */
export function stepsBefore(range: StepRange, whole: StepRange): StepRange | null {
  const from = Math.max(whole.from, range.from - Math.max(MIN_STEPS_BEFORE, span(range)));
  return from < range.from ? {from, to: range.from - 1} : null;
}

/**
 * For each layer by what factor its measure changed.
 *
 *     change = exp(mean of log(x) over the range - mean of log(x) over the steps before)
 *
 * over the columns with a positive value. Infinity where the range has a NaN
 * or Inf and the steps before have none, and where it rose from zeros; 0 where
 * there are only zeros in the range; NaN where one of both has no value.
 *
 * Args: `cells` and `columns` of the steps before and the range together.
 */
export function layerChanges(cells: Cells, columns: Columns, range: StepRange): Float64Array {
  const {layers, columns: count} = cells;
  const changes = new Float64Array(layers);
  for (let layer = 0; layer < layers; layer++) {
    const sums = {before: emptySum(), inside: emptySum()};
    for (let column = 0; column < count; column++) {
      if ((columns.first[column] ?? 0) > range.to) break;
      // A column on the border is of the range: nothing that is bad may look as if it came before.
      const sum = (columns.last[column] ?? 0) < range.from ? sums.before : sums.inside;
      const at = layer * count + column;
      const value = cells.max[at] ?? NaN;
      if ((cells.nonfinite[at] ?? 0) > 0) sum.nonfinite++;
      if (value > 0) {
        sum.logs += Math.log(value);
        sum.positive++;
      } else if (value === 0) sum.zeros++;
    }
    changes[layer] = changeOf(sums.before, sums.inside);
  }
  return changes;
}

interface Sum {
  logs: number;
  positive: number;
  zeros: number;
  nonfinite: number;
}

function emptySum(): Sum {
  return {logs: 0, positive: 0, zeros: 0, nonfinite: 0};
}

function changeOf(before: Sum, inside: Sum): number {
  if (inside.nonfinite > 0 && before.nonfinite === 0) return Infinity;
  if (before.positive === 0) return inside.positive > 0 && before.zeros > 0 ? Infinity : NaN;
  if (inside.positive === 0) return inside.zeros > 0 ? 0 : NaN;
  return Math.exp(inside.logs / inside.positive - before.logs / before.positive);
}

/** How far a factor is from 1, whichever way; NaN stays NaN. For sorting. */
export function changeRank(change: number): number {
  return Math.abs(Math.log(change));
}

/** `×51`, `÷8.2`, `×∞` to NaN or Inf, or from zero; empty where it is not known. */
export function formatChange(change: number): string {
  if (Number.isNaN(change)) return '';
  if (change === Infinity) return '×∞';
  if (change === 0) return '÷∞';
  const factor = change >= 1 ? change : 1 / change;
  const digits =
    factor >= 1e4 ? factor.toExponential(0).replace('e+', 'e') : String(Number(factor.toPrecision(2)));
  return `${change >= 1 ? '×' : '÷'}${digits}`;
}
