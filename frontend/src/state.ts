/** What the tab shows: one signal for each thing that the reader can choose, and what follows from them. */
import {batch, computed, signal, type ReadonlySignal, type Signal} from '@preact/signals';
import {comparedOf, isGroupKey, runsOf, unionOfSteps, type Compared} from './lib/compare';
import type {Agreements} from './lib/differences';
import {clampRange, orWhole, rangeAround, type StepRange} from './lib/range';
import type {Columns} from './lib/series';
import {worstRun} from './lib/status';
import {focusRange, neighbour, windowKey, windowRange} from './lib/windows';
import {createPlotChoices, restorePlots, stepInView, type PlotChoices} from './plot_choices';
import type {Diagnosis, RunReport, RunsDocument, SymptomWindow} from './types';
import type {UrlState} from './url';

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
  /** What the reader chose to compare; see `comparison` for what is. */
  compared: Signal<readonly string[]>;
  /** The step under the pointer. */
  cursor: Signal<number | null>;
  /** The columns of the charts: what the step under the pointer is part of. */
  columns: Signal<Columns | null>;
  /** The steps that the reader is marking with the pointer. */
  selection: Signal<StepRange | null>;
  /** How the plots are drawn. */
  plots: PlotChoices;
  /** Width of the plots in CSS pixels; 0 until measured. */
  plotWidth: Signal<number>;
  dark: Signal<boolean>;
  helpOpen: Signal<boolean>;
  /** How far the compared runs agree; empty until that is known. */
  agreements: Signal<readonly Agreements[]>;
  /** What the last command did, for the reader. */
  said: Signal<string>;
  /** Grows with every reload of the data. */
  generation: Signal<number>;
  /** Requests under way. */
  pending: Signal<number>;

  /** The run that is shown: the chosen one, or the worst. */
  report: ReadonlySignal<RunReport | null>;
  /** Runs and groups side by side; empty where there is nothing to compare. */
  comparison: ReadonlySignal<Compared[]>;
  /** The runs that have a lane: those that are compared, else all that are not hidden; always the one that is shown. */
  lanes: ReadonlySignal<RunReport[]>;
  /** All steps of that run, and of those that it is compared with. */
  whole: ReadonlySignal<StepRange | null>;
  /** The steps in view, never null for a run with steps. */
  view: ReadonlySignal<StepRange | null>;
  /** The step whose values are shown: under the pointer, else the chosen one where it is in view. */
  shownStep: ReadonlySignal<number | null>;
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
  const compared = signal(own.compared);
  const cursor = signal<number | null>(null);
  const plots = createPlotChoices(initial.plots);

  const report = computed(() => {
    const all = runs.value?.runs ?? [];
    return all.find(({run}) => run === chosenRun.value) ?? worstRun(all);
  });
  const comparison = computed(() => comparedOf(runs.value, compared.value));
  const lanes = computed(() => {
    const beside = new Set(runsOf(comparison.value));
    return (runs.value?.runs ?? []).filter(
      (run) => run === report.value || (beside.size > 0 ? beside.has(run) : !hidden.value.has(run.run))
    );
  });
  const whole = computed(() =>
    unionOfSteps([...(report.value ? [report.value] : []), ...runsOf(comparison.value)])
  );
  const view = computed(() => whole.value && clampRange(range.value ?? whole.value, whole.value));
  return {
    runs,
    runsError: signal(null),
    chosenRun,
    windowKey: key,
    layer,
    measure,
    range,
    hidden,
    compared,
    cursor,
    plots,
    columns: signal(null),
    selection: signal(null),
    plotWidth: signal(0),
    dark: signal(false),
    helpOpen: signal(false),
    agreements: signal([]),
    said: signal(''),
    generation: signal(0),
    pending: signal(0),
    report,
    comparison,
    lanes,
    whole,
    view,
    shownStep: computed(() => cursor.value ?? stepInView(plots, view.value)),
    window: computed(() => report.value?.windows.find((window) => windowKey(window) === key.value) ?? null),
    url: computed(() => ({
      run: chosenRun.value,
      window: key.value,
      layer: layer.value,
      measure: measure.value,
      range: range.value,
      hidden: [...hidden.value].sort(),
      compare: [...compared.value],
      plots: plots.url.value,
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
    restorePlots(state.plots, url.plots);
    state.compared.value = own.compared;
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
    state.plots.step.value = null;
    // Among runs that are compared the view stays: it is the same place in the other one.
    if (!runsOf(state.comparison.value).some((compared) => compared.run === run)) state.range.value = null;
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
  const last = state.report.value?.steps.last;
  if (window && typeof last === 'number') showAround(state, windowRange(window, last), 'fit');
}

/** Shows where a cause began: its layer, and the steps around the first symptom that it explains. */
export function showDiagnosis(state: State, {layer, first_step}: Diagnosis): void {
  batch(() => {
    if (layer !== null) state.layer.value = layer;
    showAround(state, {from: first_step, to: first_step}, 'context');
  });
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

/** Compares with one more (a run, or a `groupKey`), or without it; the first to compare with is the run that is shown. */
export function toggleCompared(state: State, name: string): void {
  const names = new Set(state.compared.value);
  if (!names.delete(name)) {
    const shown = state.report.value?.run;
    if (names.size === 0 && shown !== undefined && !isGroupKey(name)) names.add(shown);
    names.add(name);
  }
  state.compared.value = [...names];
}

/** Shows one run alone again. */
export function endComparison(state: State): void {
  state.compared.value = [];
}

/** A step back: to the whole run, then to no step, then to no window, then to no comparison. */
export function goBack(state: State): void {
  if (state.range.value) showRange(state, null);
  else if (state.plots.step.value !== null) state.plots.step.value = null;
  else if (state.windowKey.value !== null) state.windowKey.value = null;
  else endComparison(state);
}

function showAround(state: State, interval: StepRange, how: 'context' | 'fit'): void {
  const whole = state.whole.value;
  if (whole) showRange(state, rangeAround(interval, whole, how));
}

function fromUrl(url: UrlState) {
  return {
    chosenRun: url.run,
    windowKey: url.window,
    layer: url.layer,
    measure: url.measure,
    range: url.range,
    hidden: new Set(url.hidden) as ReadonlySet<string>,
    compared: url.compare as readonly string[],
  };
}
