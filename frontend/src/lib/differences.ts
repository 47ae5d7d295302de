/** What tells compared runs apart, in sentences. */
import type {RunReport, SymptomWindow} from '../types';
import {CLOSE, type Agreement, type Difference} from './agreement';
import type {Compared} from './compare';
import {formatNumber, formatStep, plural} from './format';
import {statusText} from './status';
import {symptom} from './symptoms';

/** How a series of the first one agrees with that of another, by its name. */
export interface Agreements {
  name: string;
  /** By series, `loss` first; null where nothing could be compared. */
  series: Record<string, Agreement | null>;
}

/** Series whose first difference is worth a sentence, and what people call them. */
export const AGREEING_SERIES = {loss: 'loss', learning_rate: 'learning rate', batch_size: 'batch size'};

/**
 * The differences, the headline first.
 *
 * `Both identical until step 37; then custom_loop: loss spike from step 38 on.`
 * `agreements` has one entry for each but the first; without them (they are
 * still loading, or groups are compared) the windows are compared alone.
 */
export function differences(compared: readonly Compared[], agreements: readonly Agreements[]): string[] {
  const [first, ...others] = compared;
  if (!first || others.length === 0) return [];
  return [
    headline(first, others, agreements),
    ...windowSentences(compared),
    ...settingSentences(first.name, agreements),
  ];
}

function headline(first: Compared, others: Compared[], agreements: readonly Agreements[]): string {
  const losses = agreements.flatMap(({name, series}) => (series.loss ? [{name, loss: series.loss}] : []));
  const [only, ...more] = losses;
  if (!only) {
    const verdicts = [first, ...others].map(
      ({name, verdict}) => `${name}: ${statusText(verdict.status).name.toLowerCase()}`
    );
    return `${verdicts.join('; ')}.`;
  }
  if (others.length > 1 || more.length > 0) {
    const parts = losses.map(({name, loss}) => `${name} ${parting(loss).words}`);
    return `Against ${first.name}: ${parts.join('; ')}.`;
  }
  const {words, step, fromStart} = parting(only.loss);
  const start = fromStart ? `The losses are ${words}` : `Both ${words}`;
  return `${start}${firstTrouble([first, ...others], step)}.`;
}

interface Parting {
  /** `identical until step 37`. */
  words: string;
  /** Where they part; infinite where they do not. */
  step: number;
  /** They were never the same. */
  fromStart: boolean;
}

/** How long two losses went together. */
function parting({different, apart, steps, first}: Agreement): Parting {
  const at = ({step, isExact}: Difference) => `${isExact ? '' : 'about '}step ${formatStep(step)}`;
  const close = `within ${100 * CLOSE} % of each other`;
  if (!different)
    return {words: `identical in all ${plural(steps, 'step')}`, step: Infinity, fromStart: false};
  if (different.step > first)
    return {words: `identical until ${at(different)}`, step: different.step, fromStart: false};
  if (!apart) return {words: `${close} throughout`, step: Infinity, fromStart: false};
  if (apart.step > first) return {words: `${close} until ${at(apart)}`, step: apart.step, fromStart: false};
  const values = apart.values.map(formatNumber).join(' against ');
  return {words: `different from step ${formatStep(first)} on (${values})`, step: first, fromStart: true};
}

/** `; then custom_loop: loss spike at step 40`: the first window of a kind that the other one does not have. */
function firstTrouble(both: Compared[], parted: number): string {
  const kinds = both.map((one) => new Set(windowsOf(one).map(({kind}) => kind)));
  const [found] = both
    .flatMap((one, i) =>
      windowsOf(one)
        .filter(({kind}) => !kinds[1 - i]?.has(kind))
        .map((window) => ({name: one.name, window}))
    )
    .sort((a, b) => a.window.start_step - b.window.start_step);
  if (!found) return '';
  const {name, window} = found;
  const then = window.start_step >= parted ? 'then ' : '';
  return `; ${then}${name}: ${lowerFirst(symptom(window.kind).name)} ${whenWords(window)}`;
}

/** Which kinds of window all have, and which only some. */
function windowSentences(compared: readonly Compared[]): string[] {
  const kinds = [...new Set(compared.flatMap((one) => windowsOf(one).map(({kind}) => kind)))];
  if (kinds.length === 0) return [`No window in ${compared.length === 2 ? 'either' : 'any'} of them.`];
  const having = (kind: string) =>
    compared.filter((one) => windowsOf(one).some((window) => window.kind === kind));
  const byOwners = new Map<string, {owners: readonly Compared[]; kinds: string[]}>();
  for (const kind of kinds) {
    const owners = having(kind);
    const key = owners.map((one) => one.key).join('\n');
    const entry = byOwners.get(key) ?? {owners, kinds: []};
    entry.kinds.push(kind);
    byOwners.set(key, entry);
  }
  const none = compared.filter((one) => windowsOf(one).length === 0).map(({name}) => name);
  const sentences = [...byOwners.values()].map(({owners, kinds: theirs}) => {
    const listed = theirs.map(
      (kind) =>
        `${lowerFirst(symptom(kind).name)} (${owners.map((one) => when(one, kind, owners)).join(', ')})`
    );
    return `${ownersWords(owners, compared.length)}: ${listed.join(', ')}.`;
  });
  return none.length > 0 ? [...sentences, `No window in ${none.join(', ')}.`] : sentences;
}

function ownersWords(owners: readonly Compared[], all: number): string {
  if (owners.length === all) return all === 2 ? 'In both' : 'In all';
  return `Only in ${owners.map(({name}) => name).join(', ')}`;
}

function when(one: Compared, kind: string, owners: readonly Compared[]): string {
  const window = windowsOf(one).find((candidate) => candidate.kind === kind);
  if (!window) return '';
  const runs = one.runs.filter(({windows}) => windows.some((candidate) => candidate.kind === kind)).length;
  const share = one.isGroup ? `${runs} of ${plural(one.runs.length, 'run')}, first ` : '';
  const where = window.layer === null ? '' : `, ${window.layer}`;
  return owners.length > 1
    ? `${one.name} ${share}${whenWords(window)}`
    : `${share}${whenWords(window)}${where}`;
}

/** Where learning rate and batch size part. */
function settingSentences(first: string, agreements: readonly Agreements[]): string[] {
  return agreements.flatMap(({name, series}) =>
    Object.entries(AGREEING_SERIES).flatMap(([key, words]) => {
      const different = key === 'loss' ? null : series[key]?.different;
      if (!different) return [];
      const [a, b] = different.values.map(formatNumber);
      return [
        `The ${words} differs from step ${formatStep(different.step)} on: ${a ?? ''} in ${first}, ${b ?? ''} in ${name}.`,
      ];
    })
  );
}

function windowsOf({runs}: Compared): SymptomWindow[] {
  return runs.flatMap((run: RunReport) => run.windows).sort((a, b) => a.start_step - b.start_step);
}

function whenWords({start_step, end_step}: SymptomWindow): string {
  if (end_step === null) return `from step ${formatStep(start_step)} on`;
  return start_step === end_step
    ? `at step ${formatStep(start_step)}`
    : `in steps ${formatStep(start_step)} to ${formatStep(end_step)}`;
}

/** `BatchNormalization drift` keeps its capital. */
function lowerFirst(name: string): string {
  return /^[A-Z][a-z]+\b/.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name;
}
