import {expect, test} from 'vitest';
import {parseHash, scalarsHash, writeHash, type UrlState} from '../src/url';

const EMPTY: UrlState = {
  run: null,
  window: null,
  layer: null,
  measure: null,
  range: null,
  hidden: [],
  compare: [],
  plots: {
    scales: [],
    step: null,
    smoothing: 0,
    clip: false,
    filter: '',
    pins: [],
    order: 'network',
  },
};
const FULL: UrlState = {
  run: 'exp 1/<b>&=#,é',
  window: 'loss_spike:120:loss',
  layer: 'block_1/dense,2',
  measure: 'grad_norm',
  range: {from: 100, to: 250},
  hidden: ['a,b', 'c&d'],
  compare: ['a,b', 'group:c d'],
  plots: {
    scales: ['loss:linear', 'a,%2C'],
    step: 120,
    smoothing: 0.6,
    clip: true,
    filter: '^bn_(1|2)$&x',
    pins: ['a,b', 'c d'],
    order: 'change',
  },
};

test('a link restores everything, whatever characters are in the names', () => {
  expect(parseHash(writeHash('#stability', FULL))).toEqual(FULL);
});

test('the default state leaves the address alone', () => {
  expect(writeHash('#stability', EMPTY)).toBe('#stability');
  expect(writeHash('', EMPTY)).toBe('#stability');
});

test('what belongs to TensorBoard and to other plugins stays as it is', () => {
  const hash = '#stability&runSelectionState=eyJ&p.other.run=x&tagFilter=%5E';
  const written = writeHash(hash, {...EMPTY, run: 'fit'});
  expect(written).toBe(`${hash}&p.stability.run=fit`);
  expect(writeHash(written, EMPTY)).toBe(hash);
});

test.each([
  '#p.stability.from=5',
  '#p.stability.from=9&p.stability.to=5',
  '#p.stability.from=-1&p.stability.to=5',
  '#p.stability.from=1e3&p.stability.to=5000',
  '#p.stability.from=NaN&p.stability.to=x',
])('%s is no range', (hash) => {
  expect(parseHash(hash).range).toBeNull();
});

test('a broken link does not break the tab', () => {
  expect(parseHash('#stability&&=&p.stability.run=%E0%A4%A&p.stability.hidden=,,')).toEqual({
    ...EMPTY,
    run: '%E0%A4%A',
  });
});

test('the link to a series in Scalars names its tag and its runs exactly', () => {
  const hash = decodeURIComponent(scalarsHash('stability/loss', ['a.b', 'fit (epochs)']));
  expect(hash).toBe('#scalars&tagFilter=^stability/loss$&regexInput=^(a\\.b|fit)(/|$)');
  expect(scalarsHash('loss', ['.'])).not.toContain('regexInput');
});
