import {beforeEach, expect, test} from 'vitest';
import {windowKey} from '../src/lib/windows';
import {
  createState,
  fitWindow,
  restore,
  selectRun,
  selectWindow,
  showRange,
  stepWindow,
  toggleHidden,
  type State,
} from '../src/state';
import {setScale} from '../src/plot_choices';
import {parseHash, writeHash} from '../src/url';
import {reportOf, SUMMARY, windowOf} from './reports';

const SPIKE = windowOf({start_step: 40, end_step: 43});
const EXPLODING = windowOf({
  kind: 'exploding_gradient',
  layer: 'dense',
  layers: ['dense'],
  start_step: 60,
  end_step: null,
});
const RUNS = {
  version: 1,
  logdir: '/logs',
  groups: [],
  summary: SUMMARY,
  runs: [reportOf('calm', 'healthy'), reportOf('bad', 'unstable', {windows: [SPIKE, EXPLODING]})],
};
let state: State;

beforeEach(() => {
  state = createState(parseHash(''));
  state.runs.value = RUNS;
});

test('the worst run is shown until one is chosen', () => {
  expect(state.report.value?.run).toBe('bad');
  expect(state.url.value.run).toBeNull();
  selectRun(state, 'calm');
  expect(state.report.value?.run).toBe('calm');
});

test('a link to a run that is gone shows the worst', () => {
  selectRun(state, 'deleted');
  expect(state.report.value?.run).toBe('bad');
});

test('selecting a window shows its run, its layer, and steps around it', () => {
  selectRun(state, 'calm');
  selectWindow(state, 'bad', EXPLODING);
  expect(state.report.value?.run).toBe('bad');
  expect(state.layer.value).toBe('dense');
  expect(state.window.value).toBe(EXPLODING);
  const {from, to} = state.view.value ?? {from: 0, to: 0};
  expect(from).toBeGreaterThan(0);
  expect(from).toBeLessThan(60);
  expect(to).toBeGreaterThan(60);
});

test('an open window is shown where it began, and fit shows all of it', () => {
  const steps = {first: 0, last: 999, observed: 1000, recorded: 1000};
  const open = windowOf({start_step: 100, alarm_step: 105, peak_step: 110, end_step: null});
  state.runs.value = {...RUNS, runs: [reportOf('bad', 'diverged', {steps, windows: [open]})]};
  selectWindow(state, 'bad', open);
  expect(state.view.value).toEqual({from: 85, to: 124});
  fitWindow(state);
  expect(state.view.value?.from).toBeLessThan(100);
  expect(state.view.value?.to).toBe(999);
});

test('another run starts whole, with nothing selected; the same run keeps its selection', () => {
  selectWindow(state, 'bad', SPIKE);
  selectRun(state, 'bad');
  expect(state.window.value).toBe(SPIKE);
  selectRun(state, 'calm');
  expect(state.window.value).toBeNull();
  expect(state.range.value).toBeNull();
});

test('next and previous select windows of the shown run', () => {
  stepWindow(state, 1);
  expect(state.window.value).toBe(SPIKE);
  stepWindow(state, -1);
  expect(state.window.value).toBe(EXPLODING);
  selectRun(state, 'calm');
  stepWindow(state, 1);
  expect(state.window.value).toBeNull();
});

test('fit is closer than the context, and nothing without a window', () => {
  fitWindow(state);
  expect(state.range.value).toBeNull();
  selectWindow(state, 'bad', windowOf({start_step: 40, end_step: 59}));
  state.runs.value = {
    ...RUNS,
    runs: [reportOf('bad', 'unstable', {windows: [windowOf({start_step: 40, end_step: 59})]})],
  };
  const context = state.view.value;
  fitWindow(state);
  expect((context?.to ?? 0) - (context?.from ?? 0)).toBeGreaterThan(
    (state.view.value?.to ?? 0) - (state.view.value?.from ?? 0)
  );
});

test('a view of the whole run grows with it, a narrower one stays', () => {
  showRange(state, {from: -5, to: 400});
  expect(state.range.value).toBeNull();
  const longer = reportOf('bad', 'unstable', {steps: {first: 0, last: 499, observed: 500, recorded: 500}});
  state.runs.value = {...RUNS, runs: [longer]};
  expect(state.view.value).toEqual({from: 0, to: 499});
  showRange(state, {from: 10, to: 20});
  state.runs.value = RUNS;
  expect(state.view.value).toEqual({from: 10, to: 20});
});

test('a run without steps has no view', () => {
  const none = reportOf('none', 'unknown', {steps: {first: null, last: null, observed: 0, recorded: 0}});
  state.runs.value = {...RUNS, runs: [none]};
  expect(state.view.value).toBeNull();
  showRange(state, {from: 1, to: 2});
  expect(state.range.value).toBeNull();
});

test('a link written by one tab restores the same state in another', () => {
  selectWindow(state, 'bad', EXPLODING);
  state.measure.value = 'update_ratio';
  toggleHidden(state, 'calm');
  setScale(state.plots, 'loss', 'linear');
  const other = createState(parseHash(writeHash('', state.url.value)));
  other.runs.value = RUNS;
  expect(other.url.value).toEqual(state.url.value);
  expect(other.window.value && windowKey(other.window.value)).toBe(windowKey(EXPLODING));
  expect(other.hidden.value.has('calm')).toBe(true);
  expect(other.plots.scales.value.get('loss')).toBe('linear');
});

test('going back in the address restores what it says', () => {
  const before = state.url.value;
  selectWindow(state, 'bad', SPIKE);
  restore(state, before);
  expect(state.url.value).toEqual(before);
});
