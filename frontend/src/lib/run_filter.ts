/** Which of many runs, or groups of runs, the reader asks for. */
import type {RunGroup, RunReport, Status} from '../types';
import {knownStatus, STATUS_ORDER, statusRank, statusText} from './status';

/** What has a verdict. */
export type Judged = RunReport | RunGroup;

/**
 * Those whose name, verdict or status has every word of `text`, in any case; of
 * `status` only, where one is given. Worst first, of equals in their order.
 */
export function filterJudged<T extends Judged>(all: readonly T[], text: string, status: Status | null): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return all
    .filter((one) => {
      if (status !== null && knownStatus(one.verdict.status) !== status) return false;
      const said = `${nameOf(one)} ${statusText(one.verdict.status).name} ${one.verdict.text}`.toLowerCase();
      return words.every((word) => said.includes(word));
    })
    .sort((a, b) => statusRank(a.verdict.status) - statusRank(b.verdict.status));
}

/** The statuses that occur, worst first, with how many have them. */
export function statusCounts(all: readonly Judged[]): {status: Status; count: number}[] {
  return STATUS_ORDER.map((status) => ({
    status,
    count: all.filter(({verdict}) => knownStatus(verdict.status) === status).length,
  })).filter(({count}) => count > 0);
}

function nameOf(one: Judged): string {
  return 'run' in one ? one.run : one.name;
}
