/** Above the plots: the step to read values at, the way back to the whole run, how lines are drawn. */
import {goToStep} from '../go_to_step';
import {scalarText} from '../lib/measures';
import {MAX_SMOOTHING} from '../plot_choices';
import {showRange, type State} from '../state';
import {MeaningList} from './meaning_list';

const SMOOTHING_STEP = 0.02;
const EXPLAINED = ['loss', 'learning_rate', 'grad_norm', 'step_seconds', 'loss_scale'];

export function PlotTools({state}: {state: State}) {
  const {smoothing, clip} = state.plots;
  return (
    <div class="section-line plot-tools">
      <h3>Charts</h3>
      <StepBox state={state} />
      <button
        type="button"
        disabled={state.range.value === null}
        title="Show the whole run (Esc)"
        onClick={() => {
          showRange(state, null);
        }}
      >
        Whole run
      </button>
      <label title="Lines are averaged over the steps before; what was measured stays behind them">
        Smoothing{' '}
        <input
          type="range"
          min={0}
          max={MAX_SMOOTHING}
          step={SMOOTHING_STEP}
          value={smoothing.value}
          onInput={(event) => {
            smoothing.value = Number(event.currentTarget.value);
          }}
        />
        <output>{smoothing.value === 0 ? 'off' : smoothing.value.toFixed(2)}</output>
      </label>
      <label title="Value axes leave out the smallest and the largest half percent; lines beyond run out of the chart">
        <input
          type="checkbox"
          checked={clip.value}
          onChange={(event) => {
            clip.value = event.currentTarget.checked;
          }}
        />{' '}
        Clip to 99 %
      </label>
      <MeaningList texts={EXPLAINED.map(scalarText)} />
    </div>
  );
}

/** Takes a step; values are read there, and it comes into view. */
function StepBox({state}: {state: State}) {
  const whole = state.whole.value;
  const step = state.plots.step.value;
  return (
    <label>
      Step{' '}
      <input
        type="number"
        class="step-box"
        aria-label="Go to step"
        placeholder="go to"
        min={whole?.from ?? 0}
        max={whole?.to ?? 0}
        value={step ?? ''}
        onChange={(event) => {
          const typed = event.currentTarget.valueAsNumber;
          goToStep(state, Number.isNaN(typed) ? null : Math.round(typed));
          // What was typed may lie outside of the run.
          event.currentTarget.value = String(state.plots.step.value ?? '');
        }}
      />
    </label>
  );
}
