/** What a reload brought, in a sentence for the reader: the tab is open while a run goes on. */
import type {RunsDocument} from '../types';
import {formatSpan, plural} from './format';
import {symptom} from './symptoms';
import {windowKey} from './windows';

/** New windows of the run that is shown, else a new sentence for all runs; empty where nothing of that changed. */
export function news(before: RunsDocument | null, after: RunsDocument, run: string | null): string {
  if (!before) return '';
  const windowsOf = (document: RunsDocument) =>
    document.runs.find((report) => report.run === run)?.windows ?? [];
  const known = new Set(windowsOf(before).map(windowKey));
  const [first, ...others] = windowsOf(after).filter((window) => !known.has(windowKey(window)));
  if (first) {
    const more = others.length > 0 ? `, and ${plural(others.length, 'more window')}` : '';
    return `New in ${run ?? ''}: ${symptom(first.kind).name} ${formatSpan(first)}${more}`;
  }
  return after.summary.text === before.summary.text ? '' : after.summary.text;
}
