/** The head of the tab: all runs in one sentence, and the run picker. */
import {logdirSentence, statusText} from '../lib/status';
import {selectRun, toggleHidden, type State} from '../state';
import type {RunReport} from '../types';
import {StatusDot} from './badges';
import {Popover} from './popover';

export function Header({state}: {state: State}) {
  const document = state.runs.value;
  const runs = document?.runs ?? [];
  return (
    <header class="header">
      <div class="header-line">
        <h1>Stability</h1>
        {runs.length > 0 && <p class="header-sentence">{logdirSentence(runs)}</p>}
        {document && (
          <p class="header-logdir" title={document.logdir}>
            <bdi>{document.logdir}</bdi>
          </p>
        )}
        <button
          type="button"
          class="quiet"
          onClick={() => {
            state.helpOpen.value = true;
          }}
        >
          Keys <kbd>?</kbd>
        </button>
      </div>
      {runs.length > 0 && (
        <div class="header-line">
          <div class="run-picker" role="group" aria-label="Run">
            {runs.map((run) => (
              <RunChip key={run.run} state={state} run={run} />
            ))}
          </div>
          {runs.length > 1 && <ShownRuns state={state} runs={runs} />}
        </div>
      )}
    </header>
  );
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

/** Which runs have a lane below. */
function ShownRuns({state, runs}: {state: State; runs: RunReport[]}) {
  const hidden = state.hidden.value;
  const shown = runs.filter(({run}) => !hidden.has(run)).length;
  return (
    <Popover class="shown-runs" label={`Lanes: ${shown} of ${runs.length}`}>
      <fieldset>
        <legend>Runs with a lane</legend>
        {runs.map(({run, verdict}) => (
          <label key={run}>
            <input
              type="checkbox"
              checked={!hidden.has(run)}
              onChange={() => {
                toggleHidden(state, run);
              }}
            />
            <StatusDot status={verdict.status} />
            <bdi>{run}</bdi>
          </label>
        ))}
      </fieldset>
    </Popover>
  );
}
