/** Numbers and steps as text. Non-finite values are written out: they are the point. */
import type {JsonFloat, SymptomWindow} from '../types';

/** Four significant digits; powers of ten where the plain form is long. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return trim(value.toExponential(2));
  return String(Number(value.toPrecision(4)));
}

/** As short as an axis needs: `1e-3`, `0.5`, `2e+12` becomes `2e12`. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || (size < 1e4 && size >= 1e-2)) return String(Number(value.toPrecision(6)));
  return trim(value.toExponential(2));
}

const STEPS = new Intl.NumberFormat('en-US');

export function formatStep(step: number): string {
  return STEPS.format(step);
}

/** `steps 120 to 180`, `step 5`, `from step 40 on`. */
export function formatSpan(window: SymptomWindow): string {
  const {start_step: start, end_step: end} = window;
  if (end === null) return `from step ${formatStep(start)} on`;
  return formatSteps(start, end);
}

/** `2.5 × threshold`; a score without bound means that a value was not finite. */
export function formatScore(score: JsonFloat): string {
  if (typeof score !== 'number') return 'NaN or Inf';
  return `${score >= 100 ? formatNumber(Math.round(score)) : score.toFixed(1)} × threshold`;
}

/** `steps 1,024 to 1,055`, or `step 5` where both are the same. */
export function formatSteps(first: number, last: number): string {
  return first === last ? `step ${formatStep(first)}` : `steps ${formatStep(first)} to ${formatStep(last)}`;
}

/** `2nd`, `3rd`, `10th`, `11th`, `21st`. */
export function ordinal(count: number): string {
  const teens = count % 100 > 10 && count % 100 < 14;
  return `${formatStep(count)}${(!teens && ['th', 'st', 'nd', 'rd'][count % 10]) || 'th'}`;
}

/** `1 step`, `2 steps`. */
export function plural(count: number, noun: string): string {
  return `${formatStep(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A name of at most `length` characters. The start goes: layers of a block differ at the end. */
export function shorten(name: string, length: number): string {
  const characters = Array.from(name);
  return characters.length <= length ? name : `…${characters.slice(1 - length).join('')}`;
}

/** What all names start with, up to and including a slash; for a single name nothing. */
export function commonFolder(names: readonly string[]): string {
  const [first, ...others] = names;
  if (first === undefined || others.length === 0) return '';
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  while (folder !== '' && !others.every((name) => name.startsWith(folder))) {
    folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  }
  return folder;
}

function trim(exponential: string): string {
  return exponential.replace(/\.?0+e/, 'e').replace('e+', 'e');
}

/** `a, b and 980 more` */
export function firstNames(names: readonly string[], most: number): string {
  const more = names.length - most;
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
