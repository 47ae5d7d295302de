/** Windows and series as CSV (RFC 4180: CRLF, quotes doubled) for a spreadsheet. */
import type {RunReport} from '../types';
import type {Cells} from './heatmap';
import {visibleColumns} from './lines';
import {outcomeText} from './outcomes';
import type {StepRange} from './range';
import {isMeasured, type Columns, type PooledSeries} from './series';
import {symptom} from './symptoms';

/** What a spreadsheet may take for a formula; names of runs and layers come from logs of others. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;

/** A cell. A text that would be a formula gets an apostrophe in front; numbers stay numbers. */
export function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  // In some countries a semicolon parts cells, and what is behind it would begin one.
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** All windows of these runs; the columns have the names of the HTTP API. */
export function windowsCsv(runs: readonly RunReport[]): string {
  const rows = runs.flatMap(({run, windows}) =>
    windows.map((window) => [
      run,
      window.kind,
      symptom(window.kind).name,
      window.series,
      window.layer,
      window.layers.join(' '),
      window.start_step,
      window.alarm_step,
      window.peak_step,
      window.end_step,
      window.peak_score,
      window.severity,
      outcomeText(window),
    ])
  );
  return csv([
    [
      ...['run', 'kind', 'name', 'series', 'layer', 'layers', 'start_step', 'alarm_step', 'peak_step'],
      ...['end_step', 'peak_score', 'severity', 'outcome'],
    ],
    ...rows,
  ]);
}

export interface NamedSeries {
  run: string;
  name: string;
  columns: Columns;
  series: PooledSeries;
}

/**
 * A row for every series and column in view in which something was measured.
 *
 * `mean`, `min` and `max` are over the finite values, empty where there are none;
 * `nan` and `inf` count the others.
 */
export function seriesCsv(all: readonly NamedSeries[], view: StepRange): string {
  const rows: (string | number | null)[][] = [];
  for (const {run, name, columns, series} of all) {
    for (let i = 0; i < columns.first.length; i++) {
      const first = columns.first[i] ?? 0;
      const last = columns.last[i] ?? first;
      if (last < view.from || first > view.to || !isMeasured(series, i)) continue;
      const [mean, min, max] = [series.mean, series.min, series.max].map((part) => finite(part[i] ?? NaN));
      rows.push([
        run,
        name,
        first,
        last,
        mean ?? null,
        min ?? null,
        max ?? null,
        series.nan[i] ?? 0,
        series.inf[i] ?? 0,
      ]);
    }
  }
  return csv([['run', 'series', 'first_step', 'last_step', 'mean', 'min', 'max', 'nan', 'inf'], ...rows]);
}

/**
 * A row for every layer and column in view in which something was measured.
 *
 * `max` is the largest finite value, empty where there is none; `nonfinite` counts the rows of the log
 * in which a value was NaN or infinite.
 *
 * Args: `order` has the layers that are shown, from top to bottom.
 */
export function cellsCsv(
  {run, measure}: {run: string; measure: string},
  {layers, columns, cells}: {layers: readonly string[]; columns: Columns; cells: Cells},
  order: readonly number[],
  view: StepRange
): string {
  const rows: (string | number | null)[][] = [];
  const {start, stop} = visibleColumns(columns, view);
  for (const layer of order) {
    for (let i = start; i < stop; i++) {
      const at = layer * cells.columns + i;
      const max = finite(cells.max[at] ?? NaN);
      const nonfinite = cells.nonfinite[at] ?? 0;
      if (max === null && nonfinite === 0) continue;
      const first = columns.first[i] ?? 0;
      rows.push([run, measure, layers[layer] ?? '', first, columns.last[i] ?? first, max, nonfinite]);
    }
  }
  return csv([['run', 'measure', 'layer', 'first_step', 'last_step', 'max', 'nonfinite'], ...rows]);
}

/** Seven digits are what a float32 has. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
}

function csv(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}
