/** The verdict's one word: its letter, its name and its rank. */
import type {RunReport, Status} from '../types';

interface StatusText {
  letter: string;
  name: string;
}

const STATUSES: Record<Status, StatusText> = {
  diverged: {letter: 'D', name: 'Diverged'},
  unstable: {letter: 'U', name: 'Unstable'},
  not_learning: {letter: 'L', name: 'Not learning'},
  warning: {letter: 'W', name: 'Warning'},
  unknown: {letter: '?', name: 'Unknown'},
  healthy: {letter: 'H', name: 'Healthy'},
};

/** Worst first. */
export const STATUS_ORDER = Object.keys(STATUSES) as Status[];

/** Shows a status of a newer version as unknown. */
export function knownStatus(status: string): Status {
  return Object.hasOwn(STATUSES, status) ? (status as Status) : 'unknown';
}

export function statusText(status: string): StatusText {
  return STATUSES[knownStatus(status)];
}

/** 0 for the worst. */
export function statusRank(status: string): number {
  return STATUS_ORDER.indexOf(knownStatus(status));
}

/** The run to show first: the worst, and of equals the first. Null without runs. */
export function worstRun(runs: readonly RunReport[]): RunReport | null {
  const rank = ({verdict}: RunReport) => statusRank(verdict.status);
  return runs.reduce<RunReport | null>(
    (worst, run) => (worst && rank(worst) <= rank(run) ? worst : run),
    null
  );
}
