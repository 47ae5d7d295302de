/** The ground of a chart: which windows tint which steps. */
import type {SymptomWindow} from '../types';
import type {StepRange} from './range';
import {windowRange} from './windows';

/** How strong a window stands out on a chart; a stronger one hides the tint of a weaker one. */
export type BandStrength = 'other' | 'own' | 'selected';

const ORDER: BandStrength[] = ['other', 'own', 'selected'];

/** A stretch of steps, and the windows that tint it: all of the same strength. */
export interface Band extends StepRange {
  strength: BandStrength;
  windows: SymptomWindow[];
}

/**
 * Cuts the view where a window begins or ends; without the steps that have none.
 *
 * Tints would add up where many windows are open at once, and hide the lines: of each stretch only
 * the strongest windows count. Args: `last` is the last step of the run, where open windows end.
 */
export function bandsInView(
  windows: readonly SymptomWindow[],
  view: StepRange,
  last: number,
  strengthOf: (window: SymptomWindow) => BandStrength
): Band[] {
  const shown = windows
    .map((window) => ({window, strength: strengthOf(window), ...windowRange(window, last)}))
    .filter(({from, to}) => from <= view.to && to >= view.from);
  const cuts = new Set<number>();
  for (const {from, to} of shown) cuts.add(Math.max(from, view.from)).add(Math.min(to, view.to) + 1);
  const edges = [...cuts].sort((a, b) => a - b);
  return edges.slice(0, -1).flatMap((from, i) => {
    const to = (edges[i + 1] ?? from + 1) - 1;
    const open = shown.filter((one) => one.from <= from && one.to >= to);
    const strength = ORDER.findLast((candidate) => open.some((one) => one.strength === candidate));
    if (strength === undefined) return [];
    const strongest = open.filter((one) => one.strength === strength).map(({window}) => window);
    return [{from, to, strength, windows: strongest}];
  });
}
