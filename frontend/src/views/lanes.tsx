/** Swim lanes: every run with all its windows, whole; and the minimap of the step axis. */
import {useState} from 'preact/hooks';
import {unionOfSteps} from '../lib/compare';
import {span, type StepRange} from '../lib/range';
import {filterJudged} from '../lib/run_filter';
import type {State} from '../state';
import type {RunReport} from '../types';
import {Lane} from './lane';
import {LaneRange} from './lane_range';
import {LettersLegend} from './letters_legend';
import {StepAxis} from './step_axis';

/** Of more lanes than `MOST_LANES` only so many are there at first, so that the charts stay near. */
const MOST_LANES = 12;
const LANES_AT_FIRST = 6;

export function Lanes({state}: {state: State}) {
  const [all, setAll] = useState(false);
  const selected = state.report.value;
  const shown = state.lanes.value;
  const many = shown.length > MOST_LANES;
  const lanes = many ? ownThenWorst(shown, selected).slice(0, all ? undefined : LANES_AT_FIRST) : shown;
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

/** Among many runs the selected one has no other place that can be found again. */
function ownThenWorst(runs: readonly RunReport[], selected: RunReport | null): RunReport[] {
  const others = runs.filter((run) => run !== selected);
  return [...(selected ? [selected] : []), ...filterJudged(others, '', null)];
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
