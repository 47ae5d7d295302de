/** The verdict's one word: its letter, its name and its rank; and the sentence over all runs. */
import type {RunReport, Status} from '../types';

interface StatusText {
  letter: string;
  name: string;
}

/** Worst first. */
const STATUSES: Record<Status, StatusText> = {
  diverged: {letter: 'D', name: 'Diverged'},
  unstable: {letter: 'U', name: 'Unstable'},
  not_learning: {letter: 'L', name: 'Not learning'},
  warning: {letter: 'W', name: 'Warning'},
  unknown: {letter: '?', name: 'Unknown'},
  healthy: {letter: 'H', name: 'Healthy'},
};

const RANK = Object.keys(STATUSES);

/** Shows a status of a newer version as unknown. */
export function knownStatus(status: string): Status {
  return Object.hasOwn(STATUSES, status) ? (status as Status) : 'unknown';
}

export function statusText(status: string): StatusText {
  return STATUSES[knownStatus(status)];
}

/** The run to show first: the worst, and of equals the first. Null without runs. */
export function worstRun(runs: readonly RunReport[]): RunReport | null {
  const rank = (run: RunReport) => RANK.indexOf(knownStatus(run.verdict.status));
  return runs.reduce<RunReport | null>(
    (worst, run) => (worst && rank(worst) <= rank(run) ? worst : run),
    null
  );
}

/** `2 of 5 runs unstable`; with several kinds of trouble `3 of 5 runs in trouble: 1 diverged, 2 unstable`. */
export function logdirSentence(runs: readonly RunReport[]): string {
  const count = (status: Status) => runs.filter((run) => knownStatus(run.verdict.status) === status).length;
  const total = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`;
  const trouble = (['diverged', 'unstable', 'not_learning'] as const).filter((status) => count(status) > 0);
  const rest = (['warning', 'unknown'] as const).filter((status) => count(status) > 0);
  const words = (status: Status) => `${count(status)} ${STATUSES[status].name.toLowerCase()}`;
  const [first, ...more] = trouble;
  if (first === undefined) {
    if (count('healthy') === runs.length)
      return runs.length === 1 ? 'The run is healthy' : `All ${total} healthy`;
    return `No unstable run among ${total}: ${rest.map(words).join(', ')}`;
  }
  if (more.length === 0) return `${count(first)} of ${total} ${STATUSES[first].name.toLowerCase()}`;
  const sum = trouble.reduce((all, status) => all + count(status), 0);
  return `${sum} of ${total} in trouble: ${trouble.map(words).join(', ')}`;
}
