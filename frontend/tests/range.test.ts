import {expect, test} from 'vitest';
import {clampRange, orWhole, rangeAround, stepToX, xToStep} from '../src/lib/range';

const WHOLE = {from: 0, to: 99};

test('a step is found again under its own pixel', () => {
  for (const step of [0, 1, 50, 98, 99]) expect(xToStep(stepToX(step, WHOLE, 640), WHOLE, 640)).toBe(step);
});

test('the pointer outside of the plot is at its nearest end', () => {
  expect(xToStep(-30, WHOLE, 640)).toBe(0);
  expect(xToStep(700, WHOLE, 640)).toBe(99);
});

test('a run of one step has a width', () => {
  const one = {from: 7, to: 7};
  expect(stepToX(7, one, 100)).toBe(50);
  expect(xToStep(99, one, 100)).toBe(7);
});

test('a range that sticks out is moved, not cut', () => {
  expect(clampRange({from: 90, to: 109}, WHOLE)).toEqual({from: 80, to: 99});
  expect(clampRange({from: -10, to: 9}, WHOLE)).toEqual({from: 0, to: 19});
});

test('a range longer than the run is the run', () => {
  expect(clampRange({from: -50, to: 500}, WHOLE)).toEqual(WHOLE);
});

test('a window is shown with context around it, or fit closely', () => {
  const context = rangeAround({from: 40, to: 59}, WHOLE, 'context');
  const fit = rangeAround({from: 40, to: 59}, WHOLE, 'fit');
  expect(context).toEqual({from: 25, to: 74});
  expect(fit).toEqual({from: 39, to: 60});
});

test('a window of one step is not blown up to the whole view', () => {
  const {from, to} = rangeAround({from: 50, to: 50}, WHOLE, 'fit');
  expect(to - from + 1).toBe(8);
});

test('the whole run is said as null, so that it stays whole while it grows', () => {
  expect(orWhole({from: 0, to: 99}, WHOLE)).toBeNull();
  expect(orWhole({from: 1, to: 99}, WHOLE)).toEqual({from: 1, to: 99});
});
