import {expect, test} from 'vitest';
import {news} from '../src/lib/news';
import type {RunReport} from '../src/types';
import {reportOf, SUMMARY, windowOf} from './reports';

const FIRST = windowOf();
const NAN = windowOf({kind: 'non_finite', start_step: 50, end_step: null});

function documentOf(runs: RunReport[], text = SUMMARY.text) {
  return {version: 1, logdir: '', summary: {text, counts: {}}, runs, groups: []};
}
const BEFORE = documentOf([reportOf('live', 'warning', {windows: [FIRST]}), reportOf('other', 'healthy')]);

test('a reload says what is new in the run that is shown', () => {
  const after = documentOf([reportOf('live', 'diverged', {windows: [FIRST, NAN]})], 'The only run diverged.');
  expect(news(BEFORE, after, 'live')).toBe('New in live: Not finite from step 50 on');
  const two = documentOf([reportOf('live', 'diverged', {windows: [NAN, windowOf({start_step: 40}), FIRST]})]);
  expect(news(BEFORE, two, 'live')).toBe('New in live: Not finite from step 50 on, and 1 more window');
});

test('of other runs it says what all together are; of nothing new, and at the first load, nothing', () => {
  const after = documentOf(
    [...BEFORE.runs.slice(0, 1), reportOf('other', 'diverged', {windows: [NAN]})],
    '1 of 2 runs diverged: other.'
  );
  expect(news(BEFORE, after, 'live')).toBe('1 of 2 runs diverged: other.');
  expect(news(BEFORE, BEFORE, 'live')).toBe('');
  expect(news(null, after, 'live')).toBe('');
  // A window that went on is not new.
  const longer = documentOf([reportOf('live', 'warning', {windows: [{...FIRST, end_step: 30}]})]);
  expect(news(BEFORE, longer, 'live')).toBe('');
});
