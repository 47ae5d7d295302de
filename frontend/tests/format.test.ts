import {expect, test} from 'vitest';
import {
  firstNames,
  commonFolder,
  formatNumber,
  formatScore,
  formatSpan,
  formatSteps,
  formatTick,
  ordinal,
  plural,
  shorten,
} from '../src/lib/format';
import {windowOf} from './reports';

test.each([
  [NaN, 'NaN'],
  [Infinity, 'Inf'],
  [-Infinity, '-Inf'],
  [0, '0'],
  [0.123456, '0.1235'],
  [12345, '12350'],
  [3.4e38, '3.4e38'],
  [1e-3, '0.001'],
  [0.00012345, '1.23e-4'],
  [-2, '-2'],
])('%d is written %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test.each([
  [1e-3, '1e-3'],
  [0.5, '0.5'],
  [1000, '1000'],
  [2e12, '2e12'],
  [0.30000000000000004, '0.3'],
])('a tick at %d is written %s', (value, text) => {
  expect(formatTick(value)).toBe(text);
});

test('a window says where it is, open ones that they go on', () => {
  expect(formatSpan(windowOf({start_step: 1200, end_step: 1300}))).toBe('steps 1,200 to 1,300');
  expect(formatSpan(windowOf({start_step: 5, end_step: 5}))).toBe('step 5');
  expect(formatSpan(windowOf({start_step: 40, end_step: null}))).toBe('from step 40 on');
});

test('several steps are said as such', () => {
  expect([formatSteps(1024, 1055), formatSteps(7, 7)]).toEqual(['steps 1,024 to 1,055', 'step 7']);
});

test.each([
  [2, '2nd'],
  [3, '3rd'],
  [10, '10th'],
  [11, '11th'],
  [13, '13th'],
  [21, '21st'],
  [111, '111th'],
  [1022, '1,022nd'],
])('%d is written %s as an ordinal', (count, text) => {
  expect(ordinal(count)).toBe(text);
});

test('a score is in thresholds, and one without bound is a value that was not finite', () => {
  expect(formatScore(2.54)).toBe('2.5 × threshold');
  expect(formatScore(2.1e11)).toBe('2.1e11 × threshold');
  expect(formatScore('Infinity')).toBe('NaN or Inf');
});

test('a long name keeps its end, by characters and not by halves of them', () => {
  expect(shorten('block_1/dense', 20)).toBe('block_1/dense');
  expect(shorten('stage_0/block_1/dense_kernel', 13)).toBe('…dense_kernel');
  expect(shorten('🙂🙂🙂🙂', 3)).toBe('…🙂🙂');
});

test('the folder that all layers share is found', () => {
  expect(commonFolder(['net/a/dense', 'net/a/bn', 'net/ab'])).toBe('net/');
  expect(commonFolder(['net/a', 'other/a'])).toBe('');
  expect(commonFolder(['net/a'])).toBe('');
  expect(commonFolder([])).toBe('');
});

test('one is singular', () => {
  expect([plural(0, 'step'), plural(1, 'step'), plural(2000, 'step')]).toEqual([
    '0 steps',
    '1 step',
    '2,000 steps',
  ]);
});

test('of many names the first are said, and how many more there are', () => {
  expect(firstNames(['a', 'b'], 2)).toBe('a, b');
  expect(firstNames(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
});
