/**
 * Ranges of steps, and where steps are on the screen.
 *
 * Both ends are inclusive. A step is a cell one step wide with the step in its
 * middle, so a range covers [from - 0.5, to + 0.5] on the axis, and a run of
 * one step has a width.
 */

export interface StepRange {
  from: number;
  to: number;
}

/** Share of the view that a window takes when it is shown with its context. */
const CONTEXT_SHARE = 0.4;
const FIT_SHARE = 0.92;
/** A zoom never shows fewer steps than this, where the run has them. */
const MIN_STEPS = {context: 40, fit: 8};

export function span(range: StepRange): number {
  return range.to - range.from + 1;
}

/** The part of the axis that lies left of `step`, in pixels; the step's middle. */
export function stepToX(step: number, range: StepRange, width: number): number {
  return ((step - range.from + 0.5) / span(range)) * width;
}

/** The step under a pixel; always inside of the range. */
export function xToStep(x: number, range: StepRange, width: number): number {
  const step = Math.floor((x / width) * span(range)) + range.from;
  return Math.min(range.to, Math.max(range.from, step));
}

/** `range` in whole steps and inside of `whole`, moved rather than cut where it fits. */
export function clampRange(range: StepRange, whole: StepRange): StepRange {
  const length = Math.min(span(whole), Math.max(1, Math.round(span(range))));
  const from = Math.min(Math.max(Math.round(range.from), whole.from), whole.to - length + 1);
  return {from, to: from + length - 1};
}

/** A range around an interval, so that it takes a part of the view (`context`) or nearly all (`fit`). */
export function rangeAround(interval: StepRange, whole: StepRange, how: 'context' | 'fit'): StepRange {
  const share = how === 'fit' ? FIT_SHARE : CONTEXT_SHARE;
  const length = Math.max(MIN_STEPS[how], Math.ceil(span(interval) / share));
  const middle = (interval.from + interval.to) / 2;
  const from = Math.round(middle - length / 2);
  return clampRange({from, to: from + length - 1}, whole);
}

/** Null for the whole run, so that a growing run stays whole. */
export function orWhole(range: StepRange, whole: StepRange): StepRange | null {
  return range.from <= whole.from && range.to >= whole.to ? null : range;
}
