import {expect, test} from 'vitest';
import {
  commonSteps,
  comparedOf,
  configurationRows,
  groupKey,
  MAX_COMPARED,
  resultRows,
  unconfigured,
  unionOfSteps,
} from '../src/lib/compare';
import {differences} from '../src/lib/differences';
import type {Agreement} from '../src/lib/agreement';
import type {RunsDocument} from '../src/types';
import {FROZEN, groupOf, reportOf, SUMMARY, windowOf} from './reports';

const BAD = reportOf('bad', 'diverged', {
  windows: [
    windowOf({kind: 'bn_statistics_frozen', start_step: 37, end_step: null, layer: 'bn_1', layers: ['bn_1']}),
    windowOf({start_step: 40, end_step: 44}),
  ],
  diagnoses: [FROZEN],
  configuration: {optimizer: 'SGD', learning_rate: 2, clipnorm: null, parameters: 12026},
});
const SPIKY = reportOf('spiky', 'warning', {
  windows: [windowOf({start_step: 70, end_step: 70})],
  configuration: {momentum: 0.9, optimizer: 'SGD', learning_rate: 0.001},
  steps: {first: 10, last: 149, observed: 140, recorded: 140},
});
const CALM = reportOf('calm', 'healthy');
const SEEDS = groupOf('seeds', ['bad', 'spiky'], {status: 'unstable', text: '', why: '', next: ''});
const DOCUMENT: RunsDocument = {
  version: 1,
  logdir: '/logs',
  runs: [BAD, SPIKY, CALM],
  groups: [SEEDS],
  summary: SUMMARY,
};

function compared(...keys: string[]) {
  return comparedOf(DOCUMENT, keys);
}

function agreementOf(some: Partial<Agreement>): Agreement {
  return {steps: 100, first: 0, different: null, apart: null, ...some};
}

test('runs are compared in the order in which they were chosen; unknown names are left out', () => {
  expect(compared('calm', 'gone', 'bad', 'calm').map(({name}) => name)).toEqual(['calm', 'bad']);
  expect(compared('bad', 'gone')).toEqual([]);
  expect(comparedOf(null, ['bad', 'calm'])).toEqual([]);
});

test('a group is compared as one, also alone; one without a run that is still there is left out', () => {
  const [seeds] = compared(groupKey(SEEDS));
  expect(seeds?.runs).toEqual([BAD, SPIKY]);
  expect(seeds?.isGroup).toBe(true);
  const gone = {...DOCUMENT, groups: [groupOf('seeds', ['x'])]};
  expect(comparedOf(gone, [groupKey(SEEDS)])).toEqual([]);
});

test('no more are compared than there are colours', () => {
  const runs = Array.from({length: 9}, (_, i) => reportOf(String(i), 'healthy'));
  const all = comparedOf(
    {...DOCUMENT, runs},
    runs.map(({run}) => run)
  );
  expect(all).toHaveLength(MAX_COMPARED);
});

test('the steps of several runs: those of any, and those of all', () => {
  const none = reportOf('none', 'unknown', {steps: {first: null, last: null, observed: 0, recorded: 0}});
  expect(unionOfSteps([BAD, SPIKY, none])).toEqual({from: 0, to: 149});
  expect(commonSteps([BAD, SPIKY])).toEqual({from: 10, to: 99});
  expect(unionOfSteps([none])).toBeNull();
  expect(commonSteps([BAD, none])).toBeNull();
  const late = reportOf('late', 'healthy', {steps: {first: 500, last: 600, observed: 101, recorded: 101}});
  expect(commonSteps([BAD, late])).toBeNull();
});

test('the table has results and settings, and says which differ', () => {
  expect(resultRows(compared('bad', 'calm'))).toEqual([
    {name: 'Verdict', values: ['Diverged', 'Healthy'], differs: true},
    {name: 'Steps', values: ['100', '100'], differs: false},
    {name: 'Windows', values: ['2', '0'], differs: true},
    {
      name: 'First window',
      values: ['BatchNormalization statistics frozen, step 37', '–'],
      differs: true,
    },
    {name: 'Likely cause', values: ['BatchNormalization in inference mode', '–'], differs: true},
  ]);
  expect(configurationRows(compared('bad', 'spiky'))).toEqual([
    {name: 'optimizer', values: ['SGD', 'SGD'], differs: false},
    {name: 'learning rate', values: ['2', '0.001'], differs: true},
    {name: 'parameters', values: ['12,026', '–'], differs: true},
    {name: 'momentum', values: ['–', '0.9'], differs: true},
  ]);
});

test('a run whose settings were not recorded differs from none, and is named', () => {
  const pair = compared('bad', 'calm');
  expect(configurationRows(pair).some(({differs}) => differs)).toBe(false);
  expect(unconfigured(pair)).toEqual(['calm']);
});

test('what differs inside of a group is counted', () => {
  const results = resultRows(compared(groupKey(SEEDS))).map(({values}) => values[0]);
  expect(results).toEqual([
    'Unstable',
    '100 to 140',
    '1 to 2',
    'BatchNormalization statistics frozen, step 37',
    'BatchNormalization in inference mode',
  ]);
  const rows = configurationRows(compared(groupKey(SEEDS)));
  expect(rows.map(({values}) => values)).toEqual([
    ['SGD'],
    ['2 different values'],
    ['2 different values'],
    ['2 different values'],
  ]);
});

test('the headline says until when both were the same, and what came then', () => {
  const different = {step: 37, isExact: true, values: [1, 2] as [number, number]};
  const loss = agreementOf({different, apart: different});
  expect(differences(compared('bad', 'calm'), [{name: 'calm', series: {loss}}])).toEqual([
    'Both identical until step 37; then bad: BatchNormalization statistics frozen from step 37 on.',
    'Only in bad: BatchNormalization statistics frozen (from step 37 on, bn_1), loss spike (in steps 40 to 44).',
    'No window in calm.',
  ]);
});

test.each([
  [
    agreementOf({}),
    'Both identical in all 100 steps; bad: BatchNormalization statistics frozen from step 37 on.',
  ],
  [
    agreementOf({different: {step: 64, isExact: false, values: [1, 2]}}),
    'Both identical until about step 64; bad: BatchNormalization statistics frozen from step 37 on.',
  ],
  [
    agreementOf({different: {step: 0, isExact: true, values: [1, 1.001]}}),
    'Both within 1 % of each other throughout; bad: BatchNormalization statistics frozen from step 37 on.',
  ],
  [
    agreementOf({
      different: {step: 0, isExact: true, values: [1, 1.001]},
      apart: {step: 9, isExact: true, values: [1, 2]},
    }),
    'Both within 1 % of each other until step 9; then bad: BatchNormalization statistics frozen from step 37 on.',
  ],
  [
    agreementOf({
      different: {step: 0, isExact: true, values: [2.42, NaN]},
      apart: {step: 0, isExact: true, values: [2.42, NaN]},
    }),
    'The losses are different from step 0 on (2.42 against NaN); then bad: BatchNormalization statistics frozen from step 37 on.',
  ],
])('%j is said as "%s"', (loss, sentence) => {
  expect(differences(compared('bad', 'calm'), [{name: 'calm', series: {loss}}])[0]).toBe(sentence);
});

test('before the series are there the verdicts are the headline', () => {
  expect(differences(compared('bad', 'calm'), [])[0]).toBe('bad: diverged; calm: healthy.');
  expect(differences([], [])).toEqual([]);
});

test('windows that both have are told with their steps, as are settings that change on the way', () => {
  const different = {step: 50, isExact: true, values: [0.1, 0.01] as [number, number]};
  const series = {loss: null, learning_rate: agreementOf({different})};
  expect(differences(compared('bad', 'spiky'), [{name: 'spiky', series}]).slice(1)).toEqual([
    'Only in bad: BatchNormalization statistics frozen (from step 37 on, bn_1).',
    'In both: loss spike (bad in steps 40 to 44, spiky at step 70).',
    'The learning rate differs from step 50 on: 0.1 in bad, 0.01 in spiky.',
  ]);
});

test('of three, each is compared with the first; a group counts its runs', () => {
  const loss = agreementOf({});
  const three = compared('calm', 'bad', 'spiky');
  const agreements = ['bad', 'spiky'].map((name) => ({name, series: {loss}}));
  expect(differences(three, agreements)[0]).toBe(
    'Against calm: bad identical in all 100 steps; spiky identical in all 100 steps.'
  );
  expect(differences(compared('calm', groupKey(SEEDS)), [])).toEqual([
    'calm: healthy; seeds: unstable.',
    'Only in seeds: BatchNormalization statistics frozen (1 of 2 runs, first from step 37 on, bn_1), loss spike (2 of 2 runs, first in steps 40 to 44).',
    'No window in calm.',
  ]);
});

test('runs without a window say so', () => {
  const other = reportOf('other', 'healthy');
  const pair = comparedOf({...DOCUMENT, runs: [CALM, other]}, ['calm', 'other']);
  expect(differences(pair, []).slice(1)).toEqual(['No window in either of them.']);
});
