/// <reference types="node" />
import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {kindColor, symptom} from '../src/lib/symptoms';

/** Those of the detectors, in their order. */
const KINDS = [
  'non_finite',
  'loss_spike',
  'loss_divergence',
  'loss_oscillation',
  'loss_plateau',
  'exploding_gradient',
  'vanishing_gradient',
  'update_ratio_high',
  'update_ratio_low',
  'dead_units',
  'saturated_units',
  'bn_drift',
  'bn_statistics_frozen',
  'generalization_gap',
];

test('every kind has a letter of its own, which tells bars apart without colours', () => {
  const letters = KINDS.map((kind) => symptom(kind).letter);
  expect(letters).not.toContain('?');
  expect(new Set(letters).size).toBe(KINDS.length);
});

test('every kind is named and explained in a sentence', () => {
  for (const kind of KINDS) {
    expect(symptom(kind).name).not.toBe(kind.replaceAll('_', ' '));
    expect(symptom(kind).meaning).toMatch(/^[A-Z].*\.$/);
  }
});

test('every kind has a colour of its own in the light and in the dark theme', () => {
  const theme = readFileSync('src/theme.css', 'utf8');
  const found = KINDS.map((kind) => [...theme.matchAll(new RegExp(`${kindColor(kind)}: (#\\w+);`, 'g'))]);
  for (const place of [0, 1]) {
    const colors = found.map((matches) => matches[place]?.[1]);
    expect(colors).not.toContain(undefined);
    expect(new Set(colors).size).toBe(KINDS.length);
  }
});
