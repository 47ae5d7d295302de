/** The step box: a step of the run that the reader chose to read values at. */
import {batch} from '@preact/signals';
import {clampRange, span} from './lib/range';
import {showRange, type State} from './state';

/** Chooses a step of the run to read values at, and brings it into view; null for none. */
export function goToStep(state: State, step: number | null): void {
  const {value: whole} = state.whole;
  const {value: view} = state.view;
  if (step === null || !whole || !view) {
    state.plots.step.value = null;
    return;
  }
  const {from: inside} = clampRange({from: step, to: step}, whole);
  batch(() => {
    state.plots.step.value = inside;
    const half = Math.floor(span(view) / 2);
    if (inside < view.from || inside > view.to)
      showRange(state, {from: inside - half, to: inside - half + span(view) - 1});
  });
}
