import {cleanup, fireEvent, render, screen, waitFor, within} from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import type {Api} from '../src/api';
import {decodeFrame} from '../src/lib/frame';
import {shadeCells} from '../src/lib/heatmap';
import {createState, type State} from '../src/state';
import {parseHash} from '../src/url';
import {App} from '../src/views/app';
import {FirstBatch} from '../src/views/first_batch';
import {Heatmap} from '../src/views/heatmap';
import {HeatmapLegend} from '../src/views/heatmap_legend';
import {HeatmapTip} from '../src/views/heatmap_tip';
import {Lanes} from '../src/views/lanes';
import {LayerPanel} from '../src/views/layer_panel';
import {LayerNames} from '../src/views/layer_names';
import {VerdictView} from '../src/views/verdict';
import {WindowList} from '../src/views/window_list';
import {encodeFrame} from './frames';
import {FROZEN, reportOf, SUMMARY, windowOf} from './reports';

const HOSTILE = '<img src=x onerror=alert(1)>';
const SPIKE = windowOf({severity: 'critical'});
const OPEN = windowOf({
  kind: 'non_finite',
  start_step: 50,
  end_step: null,
  layer: 'dense',
  layers: ['dense', 'bn'],
  peak_score: 'Infinity',
});
const BAD = reportOf('bad', 'unstable', {
  diagnoses: [FROZEN, {...FROZEN, cause: 'learning_rate_too_high', layer: HOSTILE, why: HOSTILE}],
  findings: [{kind: 'learning_rate', layer: null, text: HOSTILE}],
  windows: [SPIKE, OPEN],
  checks: [
    {name: 'loss_spike', status: 'ran', reason: ''},
    {name: 'bn_statistics_frozen', status: 'skipped', reason: 'the model has no BatchNormalization layer'},
  ],
});
const RUNS = {
  version: 1,
  logdir: '/logs',
  groups: [],
  summary: SUMMARY,
  runs: [BAD, reportOf('good', 'healthy'), reportOf(HOSTILE, 'warning')],
};
let state: State;

/** Never answers: the plots need a canvas, which the browser tests have. */
const SILENT = new Proxy({} as Api, {get: () => () => new Promise(() => undefined)});

beforeEach(() => {
  state = createState(parseHash(''));
});
afterEach(cleanup);

function showApp(reload = () => undefined) {
  return render(<App state={state} api={SILENT} reload={reload} />);
}

async function violations(container: Element): Promise<string[]> {
  // Colours need a real page; the browser tests look at them.
  const result = await axe.run(container, {
    rules: {'color-contrast': {enabled: false}, region: {enabled: false}},
  });
  return result.violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(' ')}`);
}

test('before the first answer the tab is not ready, after it the verdict is there', async () => {
  showApp();
  expect(screen.getByRole('main').hasAttribute('data-ready')).toBe(false);
  state.runs.value = RUNS;
  expect(await screen.findByRole('heading', {name: 'bad is unstable'})).toBeTruthy();
  expect(screen.getByRole('main').hasAttribute('data-ready')).toBe(true);
  expect(screen.getByText('All runs in a sentence.')).toBeTruthy();
});

test('the whole tab has no accessibility violation', async () => {
  state.runs.value = RUNS;
  state.plotWidth.value = 600;
  const {container} = showApp();
  expect(await violations(container)).toEqual([]);
});

test('names from the log are text, never markup', () => {
  state.runs.value = RUNS;
  state.plotWidth.value = 600;
  const {container} = showApp();
  expect(container.querySelector('img')).toBeNull();
  expect(screen.getAllByText(HOSTILE).length).toBeGreaterThan(1);
});

test('the run picker selects a run', async () => {
  state.runs.value = RUNS;
  showApp();
  const picker = screen.getByRole('group', {name: 'Run'});
  await userEvent.click(within(picker).getByRole('button', {name: /good/}));
  expect(state.report.value?.run).toBe('good');
  expect(await screen.findByRole('heading', {name: 'good is healthy'})).toBeTruthy();
});

test('a popover closes at Escape, which then does not also reset the view', async () => {
  state.runs.value = RUNS;
  state.range.value = {from: 5, to: 9};
  showApp();
  const summary = screen.getByText('Compare 3 runs');
  await userEvent.click(summary);
  const details = summary.closest('details');
  expect(details?.open).toBe(true);
  fireEvent.keyDown(summary, {key: 'Escape'});
  expect(details?.open).toBe(false);
  expect(state.range.value).toEqual({from: 5, to: 9});
});

test('an empty logdir says what to do, with the two lines of code', () => {
  state.runs.value = {...RUNS, runs: []};
  showApp();
  expect(screen.getByText('No runs yet')).toBeTruthy();
  expect(screen.getByText(/from tb_stability import StabilityCallback/)).toBeTruthy();
});

test('an error of the API is shown in place and can be retried', async () => {
  const reload = vi.fn();
  state.runsError.value = 'TensorBoard does not answer.';
  showApp(reload);
  expect(screen.getByRole('alert').textContent).toContain('TensorBoard does not answer.');
  await userEvent.click(screen.getByRole('button', {name: 'Try again'}));
  expect(reload).toHaveBeenCalledOnce();
});

test('the keys step through the windows, and not while typing', async () => {
  state.runs.value = RUNS;
  showApp();
  await userEvent.keyboard('.');
  expect(state.window.value).toBe(SPIKE);
  await userEvent.keyboard('j');
  expect(state.window.value).toBe(OPEN);
  await userEvent.keyboard(',');
  expect(state.window.value).toBe(SPIKE);
  expect(state.range.value).not.toBeNull();
  await userEvent.keyboard('{Escape}');
  expect(state.range.value).toBeNull();
  const field = document.body.appendChild(document.createElement('input'));
  fireEvent.keyDown(field, {key: '.'});
  field.remove();
  expect(state.window.value).toBe(SPIKE);
});

test('the verdict shows problems, and says where data was sampled', () => {
  const source = {...BAD.source, recorded: false, sampled: true, kept: 100, of: 20000};
  render(<VerdictView report={{...BAD, source, problems: ['The log is cut off.']}} />);
  expect(screen.getByText('The log is cut off.')).toBeTruthy();
  expect(screen.getByText(/sampled: 100 of 20,000 kept/)).toBeTruthy();
  expect(screen.getByText(/not recorded by this package/)).toBeTruthy();
});

test('the verdict says what recording cost, where that is known', () => {
  const said = 'Stability cost 1.8 % of step time, every step observed';
  const cost = {budget: 0.03, share: 0.018, every: 1, full_steps: 100, text: `${said}.`};
  const {rerender} = render(<VerdictView report={{...BAD, cost}} />);
  expect(screen.getByLabelText('Verdict').textContent).toContain(`100 steps observed · ${said} · 1 check`);
  rerender(<VerdictView report={BAD} />);
  expect(screen.getByLabelText('Verdict').textContent).not.toContain('cost');
});

test('the first batch is told in numbers, and nothing of one that was not seen', () => {
  const tensor = {role: 'input' as const, name: 'image', shape: [32, 28], dtype: 'float32', mean: 33.25};
  const seen = {...tensor, min: 0, max: 255, nan: 2, inf: 0};
  const broken = {...tensor, name: 'b', min: 'NaN' as const, max: 'NaN' as const, nan: 896, inf: 0};
  const {container, rerender} = render(<FirstBatch tensors={[seen, broken]} />);
  expect(screen.getAllByRole('listitem').map(({textContent}) => textContent)).toEqual([
    'input image: float32 32×28, 0 to 255, mean 33.25, 2 NaN',
    'input b: float32 32×28, no finite value, 896 NaN',
  ]);
  rerender(<FirstBatch tensors={[]} />);
  expect(container.textContent).toBe('');
});

test('the heatmap says where its colours hold, and a cell when it was measured', () => {
  const legend = {scale: null, measure: 'grad_norm'};
  const {container, rerender} = render(<HeatmapLegend {...legend} held every={10} />);
  expect(container.textContent).toContain('Lately measured at every 10th step');
  rerender(<HeatmapLegend {...legend} held={false} every={10} />);
  expect(container.textContent).not.toContain('measured');
  const steps = [0, 1, 2];
  const max = Float32Array.of(5, NaN, 7);
  const cells = {max, nonfinite: new Uint32Array(3), layers: 1, columns: 3};
  const columns = {first: steps, last: steps};
  const data = {layers: ['dense'], columns, cells, shaded: shadeCells(cells, null)};
  const place = {step: 1, column: 1, layer: 0, of: 1, width: 300, height: 20, hover: {x: 150, y: 5}};
  rerender(<HeatmapTip {...{data, ...place}} measure="grad_norm" />);
  expect(container.textContent).toBe('denselayer 1 of 1step 1, measured at step 0Gradient norm: 5');
});

test('a layer that is nothing but an activation, or has nothing to draw, asks for no more than there is', async () => {
  state.runs.value = RUNS;
  state.plotWidth.value = 600;
  const empty = {first_step: new Int32Array([0]), last_step: new Int32Array([0])};
  const layer = vi.fn(() => Promise.resolve(decodeFrame(encodeFrame(empty, {series: []}))));
  const activations = vi.fn(() => new Promise<never>(() => undefined));
  const unit = {kind: 'UnitNormalization', vectors: [], channels: 0, trainable: true};
  const layout = {
    run: 'bad',
    scalars: [],
    layers: [{name: 'unit', variables: [], normalization: unit}],
    activations: [{layer: 're_lu', function: 'relu', units: 4}],
    heatmap_measures: [],
  };
  const panel = {state, api: {...SILENT, layer, activations}, run: 'bad', layout};
  const relu = {name: 're_lu', variables: [], normalization: null};
  const {container, rerender} = render(<LayerPanel {...panel} layer={relu} />);
  await waitFor(() => {
    expect(activations).toHaveBeenCalledOnce();
  });
  expect(layer).not.toHaveBeenCalled();
  expect(within(screen.getByRole('group', {name: 'Activations'})).getByText('re_lu')).toBeTruthy();
  rerender(<LayerPanel {...panel} layer={layout.layers[0] ?? relu} />);
  await waitFor(() => {
    expect(layer).toHaveBeenCalledOnce();
    expect(container.querySelector('.skeleton')).toBeNull();
  });
  expect(container.querySelector('figure')).toBeNull();
  expect(activations).toHaveBeenCalledOnce();
});

test('the list says in words what the bars draw', async () => {
  state.runs.value = RUNS;
  render(<WindowList state={state} report={BAD} />);
  const open = screen.getByRole('button', {name: /Not finite/});
  expect(open.textContent).toContain('from step 50 on');
  expect(open.textContent).toContain('NaN or Inf');
  await userEvent.click(open);
  expect(await screen.findByText('2 of 2')).toBeTruthy();
  expect(open.textContent).toContain('dense, bn');
});

test('a lane has a bar for each window, with a letter and its severity in words', async () => {
  state.runs.value = RUNS;
  state.plotWidth.value = 600;
  render(<Lanes state={state} />);
  const bar = screen.getByRole('button', {name: 'Not finite, from step 50 on, warning'});
  expect(bar.textContent).toBe('N');
  expect(bar.className).toContain('open');
  await userEvent.click(bar);
  expect(state.window.value).toBe(OPEN);
  expect(state.layer.value).toBe('dense');
});

test('the ends of the view can be moved with the arrow keys, not past the run', () => {
  state.runs.value = RUNS;
  state.plotWidth.value = 600;
  render(<Lanes state={state} />);
  fireEvent.keyDown(screen.getByRole('slider', {name: 'First step in view'}), {key: 'ArrowRight'});
  expect(state.view.value).toEqual({from: 10, to: 99});
  fireEvent.keyDown(screen.getByRole('slider', {name: 'Last step in view'}), {key: 'ArrowRight'});
  expect(state.view.value).toEqual({from: 10, to: 99});
});

test('the arrow keys select the layer above or below', () => {
  const onSelect = vi.fn();
  const shown = {layers: ['a', 'b', 'c'], order: [2, 1, 0], notes: new Map(), marks: new Map([[2, 1]])};
  render(<LayerNames {...shown} selected="b" onSelect={onSelect} />);
  const names = screen.getByRole('slider', {name: 'Layer'});
  for (const key of ['ArrowDown', 'ArrowUp', 'End', 'PageUp']) fireEvent.keyDown(names, {key});
  expect(onSelect.mock.calls.flat()).toEqual([0, 2, 0, 2]);
  expect(screen.getByTitle('Number 1 of the layers that went bad').textContent).toBe('1');
});

test('a heatmap without the whole run is not drawn in false colours, and trying again asks for that', async () => {
  state.runs.value = RUNS;
  state.plotWidth.value = 600;
  state.range.value = {from: 10, to: 50};
  const arrays = {
    first_step: new Int32Array([0]),
    last_step: new Int32Array([99]),
    max: new Float32Array([1]),
    nonfinite: new Uint32Array([0]),
  };
  const frame = decodeFrame(encodeFrame(arrays, {layers: ['dense']}));
  let broken = true;
  const heatmap: Api['heatmap'] = (_run, _measure, {range}) =>
    broken && range === null ? Promise.reject(new Error('no answer')) : Promise.resolve(frame);
  const layers = [{name: 'dense', variables: [], normalization: null}];
  const layout = {run: 'bad', scalars: [], layers, activations: [], heatmap_measures: ['grad_norm']};
  render(<Heatmap api={{...SILENT, heatmap}} {...{state, layout}} run="bad" layer={null} />);
  expect(await screen.findByText('no answer')).toBeTruthy();
  expect(screen.queryByRole('img')).toBeNull();
  broken = false;
  await userEvent.click(screen.getByRole('button', {name: 'Try again'}));
  expect(await screen.findByRole('img', {name: /Gradient norm/})).toBeTruthy();
  expect(screen.queryByRole('alert')).toBeNull();
});

test('of many runs some have a lane at first: the shown one, then the worst', async () => {
  const runs = Array.from({length: 20}, (_, i) => reportOf(`sweep_${i}`, i < 15 ? 'healthy' : 'diverged'));
  state.runs.value = {...RUNS, runs};
  state.chosenRun.value = 'sweep_3';
  state.plotWidth.value = 600;
  const {container} = render(<Lanes state={state} />);
  const names = () => [...container.querySelectorAll('.lane bdi')].map(({textContent}) => textContent);
  expect(names()).toEqual(['sweep_3', ...[15, 16, 17, 18, 19].map((i) => `sweep_${i}`)]);
  await userEvent.click(screen.getByRole('button', {name: 'Show all 20 runs'}));
  expect(names()).toHaveLength(20);
});
