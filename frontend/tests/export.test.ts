import {expect, test} from 'vitest';
import {comparedOf} from '../src/lib/compare';
import {cellsCsv, csvCell, seriesCsv, windowsCsv} from '../src/lib/export_csv';
import {comparisonMarkdown, runMarkdown} from '../src/lib/export_markdown';
import {outcomeText} from '../src/lib/outcomes';
import {scalarTag, scalarTags} from '../src/lib/scalar_tags';
import {FROZEN, reportOf, SUMMARY, windowOf} from './reports';

const HOSTILE = '=HYPERLINK("http://x")|<b>@me';
const RUN = reportOf('fit', 'unstable', {
  windows: [
    windowOf({series: HOSTILE, layers: ['a', 'b'], layer: 'a', end_step: null, outcome: 'run_ended'}),
    windowOf({peak_score: 'Infinity', outcome: 'non_finite'}),
  ],
  diagnoses: [{...FROZEN, fix: {text: 'Mend it.', code: 'x = "```"\ny = 2'}}],
  checks: [{name: 'bn_drift', status: 'skipped', reason: 'no layer'}],
});

test.each([
  ['=1+1', "'=1+1"],
  ['+x', "'+x"],
  ['-x', "'-x"],
  ['@x', "'@x"],
  ['\tx', `"'\tx"`],
  [' =1+1', "' =1+1"],
  ['＝1+1', "'＝1+1"],
  ['a;=1+1', '"a;=1+1"'],
  ['plain', 'plain'],
  ['a,"b"', '"a,""b"""'],
  ['two\nlines', '"two\nlines"'],
  [-2.5, '-2.5'],
  [null, ''],
] as const)('the cell %j is written as %j', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

test('windows as CSV: a heading and a row for each, of all runs', () => {
  const lines = windowsCsv([RUN, reportOf('calm', 'healthy')]).split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^run,kind,name,series,layer,layers,start_step,/);
  expect(lines[1]).toBe(
    `fit,loss_spike,Loss spike,"'=HYPERLINK(""http://x"")|<b>@me",a,a b,10,12,15,,2.5,warning,until the run ended`
  );
  expect(lines[2]).toContain('Infinity,warning,until NaN or Inf came');
});

test('series as CSV: what is in view and was measured', () => {
  const mean = Float32Array.of(1, 0.1, NaN, NaN, 5);
  const series = {
    mean,
    min: mean,
    max: mean,
    nan: Uint32Array.of(0, 0, 2, 0, 0),
    inf: new Uint32Array(5),
  };
  const columns = {first: [0, 1, 2, 4, 5], last: [0, 1, 3, 4, 5]};
  const text = seriesCsv([{run: '-fit', name: 'loss', columns, series}], {from: 1, to: 4});
  expect(text.split('\r\n')).toEqual([
    'run,series,first_step,last_step,mean,min,max,nan,inf',
    "'-fit,loss,1,1,0.1,0.1,0.1,0,0",
    "'-fit,loss,2,3,,,,2,0",
    '',
  ]);
});

test('cells as CSV: the layers that are shown, and what of them is in view and was measured', () => {
  const cells = {
    max: Float32Array.of(1, 2, 0.1, NaN, NaN, 9),
    nonfinite: Uint32Array.of(0, 0, 0, 0, 3, 0),
    layers: 2,
    columns: 3,
  };
  const data = {layers: ['=first', 'second'], columns: {first: [0, 8, 16], last: [7, 15, 23]}, cells};
  const text = cellsCsv({run: 'fit', measure: 'grad_norm'}, data, [1, 0], {from: 3, to: 15});
  expect(text.split('\r\n')).toEqual([
    'run,measure,layer,first_step,last_step,max,nonfinite',
    'fit,grad_norm,second,8,15,,3',
    "fit,grad_norm,'=first,0,7,1,0",
    "fit,grad_norm,'=first,8,15,2,0",
    '',
  ]);
});

test('a run as Markdown has its verdict, cause, fix and windows; names of the log are only text', () => {
  const text = runMarkdown(RUN, 'http://host/#stability&x=(1)');
  expect(text).toContain('### fit: unstable\n\nfit is unstable\n\n- **Why:** the evidence');
  expect(text).toContain('**BatchNormalization in inference mode** (certain), from step 1,200 in bn\\_1.');
  expect(text).toContain('- against: the run was a fit');
  expect(text).toContain('```python\nx = ""\ny = 2\n```');
  expect(text).toContain('| Loss spike | =HYPERLINK("http://x")\\|&lt;b&gt;&#64;me | from step 10 on |');
  expect(text).toContain('Not checked: BatchNormalization drift (no layer)');
  expect(text.endsWith('[In TensorBoard](<http://host/#stability&x=(1)>)\n')).toBe(true);
  expect(runMarkdown(reportOf('calm', 'healthy'), null)).not.toMatch(/TensorBoard|\|/);
});

test('a comparison as Markdown has its sentences and a column for each', () => {
  const runs = [RUN, reportOf('calm', 'healthy')];
  const compared = comparedOf({version: 1, logdir: '', runs, groups: [], summary: SUMMARY}, ['fit', 'calm']);
  const text = comparisonMarkdown(compared, ['Both differ.'], null);
  expect(text).toMatch(
    /^### fit and calm\n\n- Both differ\.\n\n\| {2}\| fit \| calm \|\n\| --- \| --- \| --- \|/
  );
  expect(text).toContain('| Verdict | Unstable | Healthy |');
});

test('what became of a window, in words', () => {
  expect(outcomeText(windowOf({outcome: null, end_step: null}))).toBe('');
  expect(outcomeText({outcome: 'of_tomorrow'})).toBe('');
  expect(outcomeText({outcome: 'constructor'})).toBe('');
  expect(outcomeText(windowOf())).toBe('recovered');
});

test('series have the tags under which TensorBoard shows them, too', () => {
  expect(scalarTag(RUN, 'loss')).toBe('stability/loss');
  expect(scalarTag(RUN, 'grad_norm/dense/kernel')).toBeNull();
  const source = {...RUN.source, recorded: false, tags: {loss: 'epoch_loss'}};
  expect(scalarTags({source})).toEqual([{series: 'loss', tag: 'epoch_loss'}]);
  expect(scalarTag({source}, 'constructor')).toBeNull();
});
