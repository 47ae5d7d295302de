/** Which run is shown: a button for each of a few, a table to search for many. */
import {statusText} from '../lib/status';
import {selectRun, type State} from '../state';
import type {RunReport} from '../types';
import {StatusDot} from './badges';
import {Popover} from './popover';
import {RunTable} from './run_table';

/** With more runs than this the table is always open. */
const MAX_CHIPS = 8;
const TABLE_ID = 'runs';

export function RunPicker({state, runs}: {state: State; runs: RunReport[]}) {
  if (runs.length > MAX_CHIPS)
    return (
      <section class="run-picker-table" aria-label="Runs" id={TABLE_ID}>
        <RunTable state={state} />
      </section>
    );
  return (
    <div class="header-line">
      <div class="run-picker" role="group" aria-label="Run">
        {runs.map((run) => (
          <RunChip key={run.run} state={state} run={run} />
        ))}
      </div>
      {runs.length > 1 && (
        <Popover class="all-runs" label={`Compare ${runs.length} runs`} id={TABLE_ID}>
          <RunTable state={state} />
        </Popover>
      )}
    </div>
  );
}

/** Brings the table of runs to the keyboard, at the first choice to compare. */
export function openRunTable(): void {
  const place = document.getElementById(TABLE_ID);
  if (place instanceof HTMLDetailsElement) place.open = true;
  place?.querySelector<HTMLElement>('input')?.focus();
}

function RunChip({state, run}: {state: State; run: RunReport}) {
  const selected = state.report.value?.run === run.run;
  return (
    <button
      type="button"
      class="run-chip"
      aria-pressed={selected}
      title={`${run.run}: ${statusText(run.verdict.status).name}`}
      onClick={() => {
        selectRun(state, run.run);
      }}
    >
      <StatusDot status={run.verdict.status} />
      <bdi class="clip">{run.run}</bdi>
    </button>
  );
}
