/** What became of a window, in words. */
import type {Outcome} from '../types';

const TEXTS: Record<Outcome, string> = {
  recovered: 'recovered',
  run_ended: 'until the run ended',
  non_finite: 'until NaN or Inf came',
};

/** Empty where it is open in a run that goes on, and where it is not known. */
export function outcomeText({outcome}: {outcome: string | null}): string {
  return outcome !== null && Object.hasOwn(TEXTS, outcome) ? TEXTS[outcome as Outcome] : '';
}
