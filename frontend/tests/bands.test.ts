import {expect, test} from 'vitest';
import {bandsInView, type BandStrength} from '../src/lib/bands';
import type {SymptomWindow} from '../src/types';
import {windowOf} from './reports';

const LAST = 99;
const VIEW = {from: 0, to: LAST};
const SPIKE = windowOf({start_step: 10, end_step: 19});
const LONG = windowOf({kind: 'bn_drift', start_step: 5, end_step: null});
const OTHER = windowOf({kind: 'loss_divergence', start_step: 15, end_step: 29});

function bands(windows: SymptomWindow[], own: SymptomWindow[], view = VIEW, selected?: SymptomWindow) {
  const strengthOf = (window: SymptomWindow): BandStrength =>
    window === selected ? 'selected' : own.includes(window) ? 'own' : 'other';
  return bandsInView(windows, view, LAST, strengthOf).map(({from, to, strength, windows: tinting}) => [
    from,
    to,
    strength,
    tinting.map(({kind}) => kind).join(),
  ]);
}

test('of windows that are open at once only the strongest tint a step', () => {
  expect(bands([LONG, SPIKE], [SPIKE])).toEqual([
    [5, 9, 'other', 'bn_drift'],
    [10, 19, 'own', 'loss_spike'],
    [20, LAST, 'other', 'bn_drift'],
  ]);
  expect(bands([LONG, SPIKE], [SPIKE], VIEW, LONG)).toEqual([
    [5, 9, 'selected', 'bn_drift'],
    [10, 19, 'selected', 'bn_drift'],
    [20, LAST, 'selected', 'bn_drift'],
  ]);
});

test('equally strong ones tint it together; steps without a window have no band', () => {
  expect(bands([SPIKE, OTHER], [SPIKE, OTHER])).toEqual([
    [10, 14, 'own', 'loss_spike'],
    [15, 19, 'own', 'loss_spike,loss_divergence'],
    [20, 29, 'own', 'loss_divergence'],
  ]);
  const later = windowOf({start_step: 40, end_step: 40});
  expect(bands([SPIKE, later], [])).toEqual([
    [10, 19, 'other', 'loss_spike'],
    [40, 40, 'other', 'loss_spike'],
  ]);
});

test('bands end at the ends of the view', () => {
  expect(bands([SPIKE, LONG], [SPIKE], {from: 12, to: 30})).toEqual([
    [12, 19, 'own', 'loss_spike'],
    [20, 30, 'other', 'bn_drift'],
  ]);
  expect(bands([SPIKE], [], {from: 30, to: 40})).toEqual([]);
});
