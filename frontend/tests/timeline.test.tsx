import {cleanup, fireEvent, render, screen} from '@testing-library/preact';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {goToStep} from '../src/go_to_step';
import {createState, showRange, type State} from '../src/state';
import {parseHash} from '../src/url';
import {LaneBar} from '../src/views/lane_bar';
import {LaneRange} from '../src/views/lane_range';
import {PlotTools} from '../src/views/plot_tools';
import {reportOf, SUMMARY, windowOf} from './reports';

const DOMAIN = {from: 0, to: 99};
/** A step is ten pixels wide. */
const WIDTH = 1000;
let state: State;

beforeEach(() => {
  state = createState(parseHash(''));
  state.runs.value = {
    version: 1,
    logdir: '/logs',
    summary: SUMMARY,
    groups: [],
    runs: [reportOf('run', 'unstable')],
  };
  // happy-dom has no captures.
  Element.prototype.setPointerCapture = vi.fn();
});
afterEach(cleanup);

function bar(some: Parameters<typeof windowOf>[0], right = 300) {
  const place = {left: 100, right, top: 0, placeOf: (step: number) => 10 * step + 5};
  render(<LaneBar {...place} window={windowOf(some)} pressed={false} onSelect={() => undefined} />);
  return screen.getByRole('button');
}

test('a bar has its alarm and its peak where they were, and says them', () => {
  const button = bar({start_step: 10, alarm_step: 14, peak_step: 20, end_step: 29, peak_score: 2.5});
  expect(button.querySelector('.bar-alarm')?.getAttribute('style')).toContain('left: 45px');
  expect(button.querySelector('.bar-peak')?.getAttribute('style')).toContain('left: 105px');
  expect(button.title).toContain('alarm at step 14');
  expect(button.title).toContain('peak at step 20, 2.5 × threshold');
  expect(button.title).toContain('recovered');
});

test('where there is no room a bar has only its letter', () => {
  const button = bar({start_step: 10, alarm_step: 11, peak_step: 11, end_step: 11}, 120);
  expect(button.textContent).toBe('S');
  expect(button.querySelector('i')).toBeNull();
});

test('a window that ended in NaN ends with a cross; one of unknown outcome says nothing of it', () => {
  expect(bar({end_step: null, outcome: 'non_finite'}).textContent).toBe('S×');
  cleanup();
  const button = bar({end_step: null, outcome: null});
  expect(button.textContent).toBe('S');
  expect(button.title).not.toMatch(/recovered|until/);
});

test('the box moves as a whole by keyboard, and stays inside of the run', () => {
  showRange(state, {from: 20, to: 39});
  render(<LaneRange state={state} domain={DOMAIN} width={WIDTH} />);
  const box = screen.getByRole('slider', {name: 'Steps in view'});
  fireEvent.keyDown(box, {key: 'ArrowRight'});
  expect(state.view.value).toEqual({from: 22, to: 41});
  fireEvent.keyDown(box, {key: 'PageUp'});
  expect(state.view.value).toEqual({from: 2, to: 21});
  fireEvent.keyDown(box, {key: 'End'});
  expect(state.view.value).toEqual({from: 80, to: 99});
  expect(state.plots.scrubbing.value).toBe(true);
  fireEvent.keyUp(box, {key: 'End'});
  expect(state.plots.scrubbing.value).toBe(false);
});

test('the axis of the lanes marks steps; then an end is dragged although the press takes the focus away', () => {
  const {container} = render(<LaneRange state={state} domain={DOMAIN} width={WIDTH} />);
  const strip = container.querySelector('.range-strip') ?? container;
  fireEvent.pointerDown(strip, {clientX: 405, button: 0});
  fireEvent.pointerMove(strip, {clientX: 205});
  fireEvent.pointerUp(strip);
  expect(state.view.value).toEqual({from: 20, to: 40});

  const end = screen.getByRole('slider', {name: 'Last step in view'});
  fireEvent.pointerDown(end, {clientX: 410, button: 0});
  fireEvent.blur(screen.getByRole('slider', {name: 'Steps in view'}));
  fireEvent.pointerMove(end, {clientX: 510});
  expect(state.view.value).toEqual({from: 20, to: 50});
  expect(state.plots.scrubbing.value).toBe(true);
  fireEvent.pointerUp(end);
  expect(state.plots.scrubbing.value).toBe(false);
});

test('a typed step comes into view, one beyond the run is its last, and an empty box is no step', () => {
  showRange(state, {from: 20, to: 39});
  render(<PlotTools state={state} />);
  const box = screen.getByRole('spinbutton', {name: 'Go to step'});
  fireEvent.change(box, {target: {value: '30'}});
  expect([state.shownStep.value, state.view.value]).toEqual([30, {from: 20, to: 39}]);
  fireEvent.change(box, {target: {value: '5000'}});
  expect([state.shownStep.value, state.view.value]).toEqual([99, {from: 80, to: 99}]);
  expect((box as HTMLInputElement).value).toBe('99');
  fireEvent.change(box, {target: {value: ''}});
  expect(state.plots.step.value).toBeNull();
});

test('the pointer goes before the chosen step, and a step out of view is not shown', () => {
  goToStep(state, 10);
  state.cursor.value = 50;
  expect(state.shownStep.value).toBe(50);
  state.cursor.value = null;
  expect(state.shownStep.value).toBe(10);
  showRange(state, {from: 20, to: 39});
  expect(state.shownStep.value).toBeNull();
});
