/** What the tab shows: one signal for each thing that the reader can choose, and what follows from them. */
import {batch, computed, signal, type ReadonlySignal, type Signal} from '@preact/signals';
import {clampRange, orWhole, rangeAround, type StepRange} from './lib/range';
import type {Columns} from './lib/series';
import {worstRun} from './lib/status';
import {focusRange, neighbour, windowKey, windowRange} from './lib/windows';
import type {RunReport, RunsDocument, SymptomWindow} from './types';
import type {UrlState} from './url';

export type AxisScale = 'log' | 'linear';

export interface State {
  /** Null until the first answer. */
  runs: Signal<RunsDocument | null>;
  runsError: Signal<string | null>;
  /** What the reader chose; see `report` for what is shown. */
  chosenRun: Signal<string | null>;
  windowKey: Signal<string | null>;
  layer: Signal<string | null>;
  measure: Signal<string | null>;
  /** Steps in view; null for the whole run. */
  range: Signal<StepRange | null>;
  hidden: Signal<ReadonlySet<string>>;
  /** Axes that are not the default, by chart. */
  scales: Signal<ReadonlyMap<string, AxisScale>>;
  /** The step under the pointer. */
  cursor: Signal<number | null>;
  /** The columns of the charts: what the step under the pointer is part of. */
  columns: Signal<Columns | null>;
  /** The steps that the reader is marking with the pointer. */
  selection: Signal<StepRange | null>;
  /** Width of the plots in CSS pixels; 0 until measured. */
  plotWidth: Signal<number>;
  dark: Signal<boolean>;
  helpOpen: Signal<boolean>;
  /** Grows with every reload of the data. */
  generation: Signal<number>;
  /** Requests under way. */
  pending: Signal<number>;

  /** The run that is shown: the chosen one, or the worst. */
  report: ReadonlySignal<RunReport | null>;
  /** All steps of that run. */
  whole: ReadonlySignal<StepRange | null>;
  /** The steps in view, never null for a run with steps. */
  view: ReadonlySignal<StepRange | null>;
  window: ReadonlySignal<SymptomWindow | null>;
  /** What a link has to restore. */
  url: ReadonlySignal<UrlState>;
}

export function createState(initial: UrlState): State {
  const runs = signal<RunsDocument | null>(null);
  const own = fromUrl(initial);
  const chosenRun = signal(own.chosenRun);
  const key = signal(own.windowKey);
  const layer = signal(own.layer);
  const measure = signal(own.measure);
  const range = signal(own.range);
  const hidden = signal(own.hidden);
  const scales = signal(own.scales);

  const report = computed(() => {
    const all = runs.value?.runs ?? [];
    return all.find(({run}) => run === chosenRun.value) ?? worstRun(all);
  });
  const whole = computed(() => {
    const steps = report.value?.steps;
    return steps && steps.first !== null && steps.last !== null ? {from: steps.first, to: steps.last} : null;
  });
  return {
    runs,
    runsError: signal(null),
    chosenRun,
    windowKey: key,
    layer,
    measure,
    range,
    hidden,
    scales,
    cursor: signal(null),
    columns: signal(null),
    selection: signal(null),
    plotWidth: signal(0),
    dark: signal(false),
    helpOpen: signal(false),
    generation: signal(0),
    pending: signal(0),
    report,
    whole,
    view: computed(() => whole.value && clampRange(range.value ?? whole.value, whole.value)),
    window: computed(() => report.value?.windows.find((window) => windowKey(window) === key.value) ?? null),
    url: computed(() => ({
      run: chosenRun.value,
      window: key.value,
      layer: layer.value,
      measure: measure.value,
      range: range.value,
      hidden: [...hidden.value].sort(),
      scales: [...scales.value].map(([chart, scale]) => `${chart}:${scale}`).sort(),
    })),
  };
}

/** Takes over what another link says. */
export function restore(state: State, url: UrlState): void {
  batch(() => {
    const own = fromUrl(url);
    state.chosenRun.value = own.chosenRun;
    state.windowKey.value = own.windowKey;
    state.layer.value = own.layer;
    state.measure.value = own.measure;
    state.range.value = own.range;
    state.hidden.value = own.hidden;
    state.scales.value = own.scales;
  });
}

/** Another run starts whole, with no window and no layer chosen. */
export function selectRun(state: State, run: string): void {
  if (state.report.value?.run === run) {
    state.chosenRun.value = run;
    return;
  }
  batch(() => {
    state.chosenRun.value = run;
    state.windowKey.value = null;
    state.layer.value = null;
    state.range.value = null;
  });
}

/** Selects a window of a run, its layer, and the steps around it; of an open one, those around its beginning. */
export function selectWindow(state: State, run: string, window: SymptomWindow): void {
  batch(() => {
    selectRun(state, run);
    state.windowKey.value = windowKey(window);
    if (window.layer !== null) state.layer.value = window.layer;
    showAround(state, focusRange(window), 'context');
  });
}

/** `next` and `previous`. */
export function stepWindow(state: State, offset: 1 | -1): void {
  const report = state.report.value;
  const window = report && neighbour(report.windows, state.windowKey.value, offset);
  if (report && window) selectWindow(state, report.run, window);
}

/** Shows all of the selected window, an open one up to the last step. */
export function fitWindow(state: State): void {
  const window = state.window.value;
  const whole = state.whole.value;
  if (window && whole) showAround(state, windowRange(window, whole.to), 'fit');
}

/** Shows these steps; null for the whole run. */
export function showRange(state: State, range: StepRange | null): void {
  const whole = state.whole.value;
  state.range.value = range && whole ? orWhole(clampRange(range, whole), whole) : null;
}

export function toggleHidden(state: State, run: string): void {
  const hidden = new Set(state.hidden.value);
  if (!hidden.delete(run)) hidden.add(run);
  state.hidden.value = hidden;
}

export function setScale(state: State, chart: string, scale: AxisScale): void {
  state.scales.value = new Map(state.scales.value).set(chart, scale);
}

function showAround(state: State, interval: StepRange, how: 'context' | 'fit'): void {
  const whole = state.whole.value;
  if (whole) showRange(state, rangeAround(interval, whole, how));
}

function fromUrl(url: UrlState) {
  const scales = new Map<string, AxisScale>();
  for (const entry of url.scales) {
    const [chart, scale] = entry.split(':');
    if (chart && (scale === 'log' || scale === 'linear')) scales.set(chart, scale);
  }
  return {
    chosenRun: url.run,
    windowKey: url.window,
    layer: url.layer,
    measure: url.measure,
    range: url.range,
    hidden: new Set(url.hidden) as ReadonlySet<string>,
    scales: scales as ReadonlyMap<string, AxisScale>,
  };
}
