import {cleanup, render, screen, waitFor, within} from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import type {Api} from '../src/api';
import {groupKey} from '../src/lib/compare';
import {decodeFrame, type Frame} from '../src/lib/frame';
import {
  createState,
  goBack,
  selectRun,
  showDiagnosis,
  showRange,
  toggleCompared,
  type State,
} from '../src/state';
import type {RunsDocument} from '../src/types';
import {parseHash, writeHash} from '../src/url';
import {App} from '../src/views/app';
import {encodeFrame} from './frames';
import {FROZEN, groupOf, reportOf, SUMMARY, windowOf} from './reports';

const BAD = reportOf('bad', 'diverged', {
  windows: [windowOf({start_step: 2, end_step: null, outcome: 'run_ended'})],
  configuration: {learning_rate: 2, optimizer: 'SGD'},
});
const GOOD = reportOf('good', 'healthy', {configuration: {learning_rate: 0.1, optimizer: 'SGD'}});
const OTHER = reportOf('other', 'healthy', {
  steps: {first: 0, last: 499, observed: 500, recorded: 500},
});
const SEEDS = groupOf('seeds', ['bad', 'good'], {
  status: 'unstable',
  text: 'One of two went wrong',
  why: 'chance',
  next: 'fix the seed',
});
const DOCUMENT: RunsDocument = {
  version: 1,
  logdir: '/logs',
  runs: [BAD, GOOD, OTHER],
  groups: [SEEDS],
  summary: SUMMARY,
};
let state: State;

beforeEach(() => {
  state = createState(parseHash(''));
  state.runs.value = DOCUMENT;
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** One value a step. */
function lossFrame(values: number[]): Frame {
  const steps = Int32Array.from(values, (_, i) => i);
  const mean = Float32Array.from(values);
  const none = new Uint32Array(values.length);
  const parts = {'loss/min': mean, 'loss/max': mean, 'loss/mean': mean, 'loss/nan': none, 'loss/inf': none};
  return decodeFrame(encodeFrame({first_step: steps, last_step: steps, ...parts}));
}

/** Has losses, and never answers to anything else. */
function apiOf(losses: Record<string, number[]>): Api {
  const steps: Api['steps'] = (run) => Promise.resolve(lossFrame(losses[run] ?? []));
  return new Proxy({} as Api, {
    get: (_, route) => (route === 'steps' ? steps : () => new Promise(() => undefined)),
  });
}

const API = apiOf({bad: [1, 2, 9], good: [1, 2, 3], other: [1, 2, 3]});

function show(api = API) {
  return render(<App state={state} api={api} reload={() => undefined} />);
}

test('the first run to compare with is the one that is shown', () => {
  toggleCompared(state, 'good');
  expect(state.comparison.value.map(({name}) => name)).toEqual(['bad', 'good']);
  toggleCompared(state, 'bad');
  expect(state.comparison.value).toEqual([]);
  const others = createState(parseHash(''));
  others.runs.value = DOCUMENT;
  toggleCompared(others, groupKey(SEEDS));
  expect(others.comparison.value.map(({name}) => name)).toEqual(['seeds']);
});

test('a comparison is in the link, has the lanes for itself, and all its steps in view', () => {
  toggleCompared(state, 'other');
  expect(state.lanes.value).toEqual([BAD, OTHER]);
  expect(state.whole.value).toEqual({from: 0, to: 499});
  const again = createState(parseHash(writeHash('', state.url.value)));
  again.runs.value = DOCUMENT;
  expect(again.comparison.value.map(({name}) => name)).toEqual(['bad', 'other']);
});

test('among compared runs the steps in view stay, another run starts whole', () => {
  toggleCompared(state, 'good');
  showRange(state, {from: 5, to: 9});
  selectRun(state, 'good');
  expect(state.range.value).toEqual({from: 5, to: 9});
  selectRun(state, 'other');
  expect(state.range.value).toBeNull();
});

test('a cause is shown in its layer, around its first symptom', () => {
  showDiagnosis(state, {...FROZEN, first_step: 60});
  expect(state.layer.value).toBe('bn_1');
  expect(state.view.value).toEqual({from: 40, to: 79});
});

test('back leads from the range to the window to the comparison', () => {
  toggleCompared(state, 'good');
  state.windowKey.value = 'some';
  showRange(state, {from: 5, to: 9});
  goBack(state);
  expect([state.range.value, state.windowKey.value]).toEqual([null, 'some']);
  goBack(state);
  expect([state.windowKey.value, state.comparison.value.length]).toEqual([null, 2]);
  goBack(state);
  expect(state.comparison.value).toEqual([]);
});

test('differences are told in words as soon as the series are there, and settings as a table', async () => {
  toggleCompared(state, 'good');
  show();
  const section = screen.getByRole('region', {name: 'Comparison'});
  expect(await within(section).findByText(/^Both identical until step 2; then bad: loss spike/)).toBeTruthy();
  const rows = within(section)
    .getAllByRole('row')
    .map(({textContent}) => textContent);
  expect(rows).toContain('VerdictDivergedHealthy');
  expect(rows).toContain('learning rate20.1');
  expect(within(section).getByText('1 setting the same')).toBeTruthy();
  await userEvent.click(within(section).getByRole('button', {name: 'End comparison'}));
  expect(screen.queryByRole('region', {name: 'Comparison'})).toBeNull();
});

test('an error while comparing is shown in place, with the run that it is about', async () => {
  toggleCompared(state, 'good');
  const steps: Api['steps'] = () => Promise.reject(new Error('no answer'));
  show(
    new Proxy({} as Api, {
      get: (_, route) => (route === 'steps' ? steps : () => new Promise(() => undefined)),
    })
  );
  const charts = screen.getByRole('region', {name: 'Comparison charts'});
  state.plotWidth.value = 600;
  expect((await within(charts).findByRole('alert')).textContent).toContain('bad: no answer');
});

test('the group of the shown run is told, and shown as a spread', async () => {
  show();
  const group = screen.getByRole('region', {name: 'Repeated runs'});
  expect(group.textContent).toContain('One of 2 repeated runs, seeds');
  expect(group.textContent).toContain('One of two went wrong');
  await userEvent.click(within(group).getByRole('button', {name: 'Show their spread'}));
  expect(await screen.findByText(/2 runs: median, smallest to largest/)).toBeTruthy();
});

test('a long list of runs is a table, worst first, that can be searched', async () => {
  const runs = Array.from({length: 30}, (_, i) => reportOf(`sweep_${i}`, i === 7 ? 'diverged' : 'healthy'));
  state.runs.value = {...DOCUMENT, runs, groups: []};
  show();
  const table = screen.getByRole('region', {name: 'Table of runs'});
  const names = () =>
    within(table)
      .getAllByRole('button')
      .map(({textContent}) => textContent);
  expect(names()[0]).toContain('sweep_7');
  expect(names()).toHaveLength(30);
  await userEvent.type(screen.getByRole('searchbox'), 'HEALTHY _1');
  expect(names()).toHaveLength(11);
  expect(screen.getByText('11 of 30')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', {name: /1 diverged/}));
  expect(screen.getByText('None has this in its name or verdict.')).toBeTruthy();
});

test('the table compares and hides runs, and has the groups', async () => {
  show();
  const box = screen.getByLabelText('Compare good');
  await userEvent.click(box);
  await waitFor(() => {
    expect(state.comparison.value.map(({name}) => name)).toEqual(['bad', 'good']);
  });
  await userEvent.click(screen.getByLabelText('Lane of other'));
  expect([...state.hidden.value]).toEqual(['other']);
  await userEvent.click(screen.getByText('1 group of repeated runs'));
  expect(screen.getByLabelText('Compare seeds')).toBeTruthy();
});

test('a link is copied by a key, also while a box has the focus, and the reader is told', async () => {
  const writeText = vi.fn<(text: string) => Promise<void>>().mockResolvedValue(undefined);
  show();
  vi.stubGlobal('navigator', {clipboard: {writeText}});
  state.windowKey.value = 'some';
  screen
    .getByLabelText('Compare good')
    .dispatchEvent(new KeyboardEvent('keydown', {key: 'l', bubbles: true}));
  expect(await screen.findByText('Link copied')).toBeTruthy();
  expect(writeText.mock.calls[0]?.[0]).toMatch(/#stability&p\.stability\.window=some$/);
});
