/** A run, or a comparison, as Markdown for a pull request or an issue. */
import type {Diagnosis, RunReport} from '../types';
import {configurationRows, resultRows, type Compared} from './compare';
import {formatScore, formatSpan, formatStep} from './format';
import {outcomeText} from './outcomes';
import {statusText} from './status';
import {symptom} from './symptoms';

/** Verdict, causes with their fixes, windows; `link` leads back to what was shown, where there is one. */
export function runMarkdown(report: RunReport, link: string | null): string {
  const {run, verdict, windows, diagnoses, checks, problems} = report;
  const skipped = checks.filter(({status}) => status !== 'ran');
  const lines = [
    `### ${escape(run)}: ${statusText(verdict.status).name.toLowerCase()}`,
    '',
    escape(verdict.text),
    '',
    ...bullets({Why: verdict.why, Next: verdict.next}),
    ...problems.map((problem) => `- **Note:** ${escape(problem)}`),
    ...diagnoses.flatMap(diagnosisLines),
  ];
  if (windows.length > 0) {
    lines.push('', ...table(WINDOW_HEADINGS, windows.map(windowCells)));
  }
  if (skipped.length > 0) {
    const names = skipped.map(({name, reason}) => `${symptom(name).name}${reason && ` (${reason})`}`);
    lines.push('', `Not checked: ${escape(names.join('; '))}`);
  }
  return ended(lines, link);
}

/** What tells runs apart; `sentences` as on the screen. */
export function comparisonMarkdown(
  compared: readonly Compared[],
  sentences: readonly string[],
  link: string | null
): string {
  const rows = [...resultRows(compared), ...configurationRows(compared).filter(({differs}) => differs)];
  const lines = [
    `### ${compared.map(({name}) => escape(name)).join(' and ')}`,
    '',
    ...sentences.map((sentence) => `- ${escape(sentence)}`),
    '',
    ...table(
      ['', ...compared.map(({name}) => name)],
      rows.map(({name, values}) => [name, ...values])
    ),
  ];
  return ended(lines, link);
}

const WINDOW_HEADINGS = ['window', 'series', 'steps', 'alarm', 'peak', 'severity', 'outcome'];

function windowCells(window: RunReport['windows'][number]): string[] {
  return [
    symptom(window.kind).name,
    window.series,
    formatSpan(window),
    formatStep(window.alarm_step),
    formatScore(window.peak_score),
    window.severity,
    outcomeText(window),
  ];
}

function diagnosisLines(diagnosis: Diagnosis): string[] {
  const {title, confidence, layer, first_step, why, fix, evidence} = diagnosis;
  const where = layer === null ? '' : ` in ${layer}`;
  const lines = [
    '',
    `**${escape(title)}** (${confidence}), from step ${formatStep(first_step)}${escape(where)}. ${escape(why)}`,
    '',
    ...evidence.map((one) => `- ${one.for ? 'for' : 'against'}: ${escape(one.text)}`),
    ...bullets({Fix: fix.text}),
  ];
  if (fix.code !== '') {
    // A name in the code could end the block.
    lines.push('', '```python', fix.code.replaceAll('```', ''), '```');
  }
  return lines;
}

function bullets(facts: Record<string, string>): string[] {
  return Object.entries(facts)
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `- **${name}:** ${escape(text)}`);
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(escape).join(' | ')} |`;
  return [line(headings), `|${' --- |'.repeat(headings.length)}`, ...rows.map(line)];
}

function ended(lines: readonly string[], link: string | null): string {
  return [...lines, ...(link === null ? [] : ['', `[In TensorBoard](<${link}>)`]), ''].join('\n');
}

/** Text that Markdown shows as it is: names come from logs of others. */
function escape(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]#|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '&#64;');
}
