/** Windows of a run: their identity, their neighbours, the series that they belong to. */
import type {StepRange} from './range';
import type {SymptomWindow} from '../types';

/** Names a window in the URL. It survives a reload in which other windows appeared. */
export function windowKey(window: SymptomWindow): string {
  return `${window.kind}:${window.start_step}:${window.series}`;
}

/** The steps of a window; an open one lasts to the end of the run. */
export function windowRange(window: SymptomWindow, last: number): StepRange {
  return {from: window.start_step, to: Math.max(window.start_step, window.end_step ?? last)};
}

/** Where a window tells most: all of a closed one; of an open one how it began, from the onset to alarm and peak. */
export function focusRange(window: SymptomWindow): StepRange {
  return windowRange(window, Math.max(window.alarm_step, window.peak_step));
}

/**
 * The window `offset` places after the selected one, in the order of the list;
 * it goes round at both ends. Null without windows.
 */
export function neighbour(
  windows: readonly SymptomWindow[],
  selected: string | null,
  offset: 1 | -1
): SymptomWindow | null {
  if (windows.length === 0) return null;
  const index = windows.findIndex((window) => windowKey(window) === selected);
  const next = index < 0 ? (offset > 0 ? 0 : -1) : index + offset;
  return windows.at(next % windows.length) ?? null;
}

/** Whether a window was found on the series of this measure: `grad_norm/dense/kernel` is one of `grad_norm`. */
export function isOfMeasure(window: SymptomWindow, measure: string): boolean {
  return window.series === measure || window.series.startsWith(`${measure}/`);
}
