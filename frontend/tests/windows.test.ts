import {expect, test} from 'vitest';
import {worstRun} from '../src/lib/status';
import {kindColor, symptom} from '../src/lib/symptoms';
import {focusRange, isOfMeasure, neighbour, windowKey, windowRange} from '../src/lib/windows';
import {reportOf, windowOf} from './reports';

const FIRST = windowOf({start_step: 1});
const SECOND = windowOf({start_step: 2});
const THIRD = windowOf({start_step: 3});
const ALL = [FIRST, SECOND, THIRD];

test('next and previous go through the list and round at its ends', () => {
  expect(neighbour(ALL, windowKey(FIRST), 1)).toBe(SECOND);
  expect(neighbour(ALL, windowKey(THIRD), 1)).toBe(FIRST);
  expect(neighbour(ALL, windowKey(FIRST), -1)).toBe(THIRD);
});

test('with none selected, next is the first and previous the last', () => {
  expect(neighbour(ALL, null, 1)).toBe(FIRST);
  expect(neighbour(ALL, 'gone', -1)).toBe(THIRD);
  expect(neighbour([], null, 1)).toBeNull();
});

test('an open window lasts to the end of the run', () => {
  expect(windowRange(windowOf({start_step: 5, end_step: null}), 99)).toEqual({from: 5, to: 99});
  expect(windowRange(windowOf({start_step: 5, end_step: 8}), 99)).toEqual({from: 5, to: 8});
});

test('an open window tells most where it began, a closed one as a whole', () => {
  const began = {start_step: 40, alarm_step: 44, peak_step: 42};
  expect(focusRange(windowOf({...began, end_step: null}))).toEqual({from: 40, to: 44});
  expect(focusRange(windowOf({...began, peak_step: 50, end_step: null}))).toEqual({from: 40, to: 50});
  expect(focusRange(windowOf({...began, end_step: 80}))).toEqual({from: 40, to: 80});
});

test('a series belongs to its measure, not to one whose name starts alike', () => {
  expect(isOfMeasure(windowOf({series: 'grad_norm/dense/kernel'}), 'grad_norm')).toBe(true);
  expect(isOfMeasure(windowOf({series: 'grad_norm'}), 'grad_norm')).toBe(true);
  expect(isOfMeasure(windowOf({series: 'grad_norm_clipped'}), 'grad_norm')).toBe(false);
});

test('an unknown kind has a name, a letter and a colour; so has one named like a method', () => {
  for (const kind of ['a_kind_of_tomorrow', 'constructor']) {
    expect(symptom(kind)).toEqual({letter: '?', name: kind.replaceAll('_', ' '), meaning: ''});
    expect(kindColor(kind)).toBe('--kind-unknown');
  }
});

test('the worst run is shown first, and of equals the first', () => {
  const runs = [reportOf('a', 'healthy'), reportOf('b', 'unstable'), reportOf('c', 'unstable')];
  expect(worstRun(runs)?.run).toBe('b');
  expect(worstRun([...runs, reportOf('d', 'diverged')])?.run).toBe('d');
  expect(worstRun([])).toBeNull();
});
