/** What is put side by side: runs, and groups of repeated runs. */
import type {RunGroup, RunReport, RunsDocument, Verdict} from '../types';
import {formatNumber, formatStep, plural} from './format';
import type {StepRange} from './range';
import {statusText} from './status';
import {symptom} from './symptoms';

/** One column of the comparison, and one line of its charts. */
export interface Compared {
  /** What the address has. */
  key: string;
  name: string;
  verdict: Verdict;
  /** One run, or all runs of a group. */
  runs: RunReport[];
  isGroup: boolean;
}

/** As many lines as have a colour and a dash of their own. */
export const MAX_COMPARED = 6;

const GROUP_PREFIX = 'group:';

export function groupKey(group: RunGroup): string {
  return `${GROUP_PREFIX}${group.name}`;
}

export function isGroupKey(key: string): boolean {
  return key.startsWith(GROUP_PREFIX);
}

/**
 * The runs and groups of these names, in their order; what is gone is left out.
 * Empty where that leaves a single run, which has nothing to be compared with.
 */
export function comparedOf(document: RunsDocument | null, keys: readonly string[]): Compared[] {
  if (!document) return [];
  const found = [...new Set(keys)].flatMap((key): Compared[] => {
    const report = document.runs.find(({run}) => run === key);
    if (report) return [{key, name: report.run, verdict: report.verdict, runs: [report], isGroup: false}];
    const group = document.groups.find((one) => groupKey(one) === key);
    const runs = group ? document.runs.filter(({run}) => group.runs.includes(run)) : [];
    if (!group || runs.length === 0) return [];
    return [{key, name: group.name, verdict: group.verdict, runs, isGroup: true}];
  });
  return found.length > 1 || found[0]?.isGroup ? found.slice(0, MAX_COMPARED) : [];
}

export function runsOf(compared: readonly Compared[]): RunReport[] {
  return [...new Set(compared.flatMap(({runs}) => runs))];
}

/** From the first step of any of the runs to the last; null where none has a step. */
export function unionOfSteps(runs: readonly RunReport[]): StepRange | null {
  const firsts = runs.flatMap(({steps}) => steps.first ?? []);
  const lasts = runs.flatMap(({steps}) => steps.last ?? []);
  if (firsts.length === 0 || lasts.length === 0) return null;
  return {from: Math.min(...firsts), to: Math.max(...lasts)};
}

/** The steps that all of the runs have; null where there are none. */
export function commonSteps(runs: readonly RunReport[]): StepRange | null {
  if (runs.length === 0 || runs.some(({steps}) => steps.first === null || steps.last === null)) return null;
  const from = Math.max(...runs.map(({steps}) => steps.first ?? 0));
  const to = Math.min(...runs.map(({steps}) => steps.last ?? 0));
  return from <= to ? {from, to} : null;
}

/** A line of the table: one value for each that is compared. */
export interface ComparedRow {
  name: string;
  values: string[];
  differs: boolean;
}

const NONE = '–';

/** Verdict, steps, windows and level of each; a line that says nothing of any is left out. */
export function resultRows(compared: readonly Compared[]): ComparedRow[] {
  const row = (name: string, value: (one: Compared) => string) => rowOf(name, compared.map(value));
  const rows = [
    row('Verdict', ({verdict}) => statusText(verdict.status).name),
    row('Steps', ({runs}) => spanOf(runs.map(({steps}) => steps.observed))),
    row('Windows', ({runs}) => spanOf(runs.map(({windows}) => windows.length))),
    row('Loss at the end', ({runs}) => finalText(runs, 'loss')),
    row('Validation loss at the end', ({runs}) => finalText(runs, 'val_loss')),
    row('First window', ({runs}) => firstWindow(runs)),
    row('Likely cause', ({runs}) => firstCauses(runs)),
  ];
  return rows.filter(({values}) => values.some((value) => value !== NONE));
}

/**
 * What was set of each, what all have first; a setting that none has is left out.
 * Those without any setting differ from nothing.
 */
export function configurationRows(compared: readonly Compared[]): ComparedRow[] {
  const names = new Set(runsOf(compared).flatMap(({configuration}) => Object.keys(configuration ?? {})));
  const rows = [...names].map((name) => {
    const values = compared.map(({runs}) =>
      same(runs.map(({configuration}) => settingText(configuration?.[name])))
    );
    const known = values.filter((_, i) => compared[i] && isConfigured(compared[i]));
    return {name: settingName(name), values, differs: new Set(known).size > 1};
  });
  const isPartial = ({values}: ComparedRow) => values.includes(NONE);
  return [...rows.filter((row) => !isPartial(row)), ...rows.filter(isPartial)].filter(({values}) =>
    values.some((value) => value !== NONE)
  );
}

/** The names of those without any setting: of them nothing can be said. */
export function unconfigured(compared: readonly Compared[]): string[] {
  return compared.filter((one) => !isConfigured(one)).map(({name}) => name);
}

function isConfigured({runs}: Compared): boolean {
  return runs.some(({configuration}) => Object.keys(configuration ?? {}).length > 0);
}

/** The surest cause of each run, without repeats. */
function firstCauses(runs: readonly RunReport[]): string {
  const causes = runs.flatMap(({diagnoses}) => (diagnoses[0] ? [diagnoses[0].title] : []));
  return [...new Set(causes)].join(', ') || NONE;
}

/** `0.342 ± 0.011`; of several runs the smallest and the largest. */
function finalText(runs: readonly RunReport[], name: 'loss' | 'val_loss'): string {
  const levels = runs.map(({final}) => Number(final?.[name] ?? NaN)).filter(Number.isFinite);
  const [only] = levels;
  if (only === undefined) return NONE;
  if (runs.length > 1) return [Math.min(...levels), Math.max(...levels)].map(formatNumber).join(' to ');
  const error = Number(runs[0]?.final?.[`${name}_error`] ?? NaN);
  return `${formatNumber(only)}${Number.isFinite(error) ? ` ± ${formatNumber(Number(error.toPrecision(2)))}` : ''}`;
}

/** The earliest of all. */
function firstWindow(runs: readonly RunReport[]): string {
  const [first] = runs
    .flatMap(({windows}) => windows.slice(0, 1))
    .sort((a, b) => a.start_step - b.start_step);
  return first ? `${symptom(first.kind).name}, step ${formatStep(first.start_step)}` : NONE;
}

/** `3`, or `0 to 5` of several runs. */
function spanOf(counts: number[]): string {
  const [low, high] = [Math.min(...counts), Math.max(...counts)].map(formatStep);
  return low === high ? (low ?? NONE) : `${low ?? ''} to ${high ?? ''}`;
}

/** The digest of the configuration differs where anything without a row of its own does. */
function settingName(name: string): string {
  return name === 'digest' ? 'all else, as a hash' : name.replaceAll('_', ' ');
}

function settingText(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === '') return NONE;
  if (typeof value !== 'number') return value;
  return Number.isInteger(value) ? formatStep(value) : formatNumber(value);
}

/** What all runs of a group have in common, or how many different values there are. */
function same(values: string[]): string {
  const different = [...new Set(values)];
  return different.length === 1 ? (different[0] ?? NONE) : plural(different.length, 'different value');
}

function rowOf(name: string, values: string[]): ComparedRow {
  return {name, values, differs: new Set(values).size > 1};
}
