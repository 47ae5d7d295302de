/** How much each layer changed in the selected window, or in view, against the steps before. */
import {useMemo} from 'preact/hooks';
import type {Api} from '../api';
import {layerChanges, stepsBefore} from '../lib/changes';
import {formatStep, formatSteps} from '../lib/format';
import {cellsOf} from '../lib/heatmap';
import {span} from '../lib/range';
import {columnsOf} from '../lib/series';
import {focusRange} from '../lib/windows';
import type {State} from '../state';
import {useResource, useSettled} from './use_resource';

/** Finer than the plots: the border between before and after must not lie within a column. */
const COLUMNS = 2000;
const SETTLE_MS = 250;

export interface Changes {
  /** A factor for each layer in network order; null where there is nothing to compare, or not yet. */
  factors: Float64Array | null;
  /** What is compared with what, or why nothing is. */
  text: string;
  error: string | null;
  retry: () => void;
}

/** Asks for nothing while layers are in network order. */
export function useChanges(state: State, api: Api, run: string, measure: string): Changes {
  const whole = state.whole.value;
  const window = state.window.value;
  const inView = useSettled(state.range.value, SETTLE_MS);
  const range = window ? focusRange(window) : inView;
  const before = range && whole && stepsBefore(range, whole);
  const wanted = state.plots.order.value === 'change';
  const steps = range && before && {from: before.from, to: range.to};
  const {value, error, retry} = useResource(
    state,
    `${run}\n${measure}\n${steps ? `${steps.from}-${range.from}-${steps.to}` : ''}`,
    wanted && steps ? 'changes' : null,
    () => api.heatmap(run, measure, {range: steps, cols: COLUMNS})
  );
  const from = range?.from;
  const to = range?.to;
  const factors = useMemo(() => {
    if (!value || from === undefined || to === undefined) return null;
    return layerChanges(cellsOf(value), columnsOf(value), {from, to});
  }, [value, from, to]);
  return {factors: wanted && steps ? factors : null, text: textOf(), error: wanted ? error : null, retry};

  function textOf(): string {
    if (!range) return 'Choose a window, or mark steps, to compare with the steps before.';
    if (!before) return 'There are no steps before to compare with.';
    return `Compared: ${formatSteps(range.from, range.to)} with the ${formatStep(span(before))} before.`;
  }
}
