/** Swim lanes: every run with all its windows, whole; and the minimap of the step axis. */
import {useState} from 'preact/hooks';
import {unionOfSteps} from '../lib/compare';
import {span, type StepRange} from '../lib/range';
import type {State} from '../state';
import type {RunReport} from '../types';
import {Lane} from './lane';
import {LaneRange} from './lane_range';
import {LettersLegend} from './letters_legend';
import {StepAxis} from './step_axis';

/** More lanes than this wait behind a button, so that the charts stay near. */
const LANES_AT_FIRST = 12;

export function Lanes({state}: {state: State}) {
  const [all, setAll] = useState(false);
  const selected = state.report.value?.run;
  const shown = state.lanes.value;
  const first = shown.slice(0, LANES_AT_FIRST);
  const own = shown.filter(({run}, index) => run === selected && index >= LANES_AT_FIRST);
  const lanes = all ? shown : [...first, ...own];
  const domain = domainOf(shown, state.whole.value);
  const width = state.plotWidth.value;
  if (domain === null) return null;
  return (
    <section class="lanes" aria-label="Windows of all runs">
      <div class="section-line">
        <h3>Windows</h3>
        <p class="hint">
          All steps of every run. Click a bar to see it; drag on the axis to mark steps, or the box to move
          the view.
        </p>
        <LettersLegend runs={shown} />
      </div>
      {width > 0 && (
        <div class="lanes-body">
          <div class="lanes-axis">
            <StepAxis range={domain} width={width} />
          </div>
          {lanes.map((run) => (
            <Lane key={run.run} {...{state, run, domain, width}} />
          ))}
          <LaneRange {...{state, domain, width}} />
        </div>
      )}
      {lanes.length < shown.length && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            setAll(true);
          }}
        >
          Show all {shown.length} runs
        </button>
      )}
    </section>
  );
}

/** A run shorter than this share of the longest has the axis for itself, or its windows would be specks. */
const MIN_SHARE = 1 / 12;

/**
 * All runs share one axis of steps, from the first to the last step of any.
 * For a selected run that is very short against that, the axis is its own, and
 * longer runs are cut off.
 */
function domainOf(runs: RunReport[], selected: StepRange | null): StepRange | null {
  const all = unionOfSteps(runs);
  return all && selected && span(selected) < MIN_SHARE * span(all) ? selected : all;
}
