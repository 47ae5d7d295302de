/** One chart: a title with its readout and log/linear switch, beside lines over steps. */
import {useMemo} from 'preact/hooks';
import {formatNumber} from '../lib/format';
import {isLoggable, lineColumns, visibleColumns} from '../lib/lines';
import {axisInterval, extent} from '../lib/scale';
import {columnAt, measuredAt, valueAt, type Columns} from '../lib/series';
import {isOfMeasure} from '../lib/windows';
import {setScale, type AxisScale, type State} from '../state';
import type {SymptomWindow} from '../types';
import {LinePlot, type Guide, type Line} from './line_plot';
import {PlotSurface} from './plot_surface';
import {lineStyle} from './theme';

interface LineChartProps {
  state: State;
  /** Names the chart in the URL. */
  id: string;
  title: string;
  unit: string;
  /** One line for the reader who points at the title. */
  explanation?: string;
  /** The axis until the reader chooses one; by default logarithmic where the values allow it. */
  usual?: AxisScale;
  /** Measures whose windows stand out here. */
  measures: readonly string[];
  /** Only windows of this layer stand out; without one, of any. */
  layer?: string;
  lines: Line[];
  columns: Columns;
  height: number;
  guides?: Guide[];
}

const NO_GUIDES: Guide[] = [];
/** Lines with a readout; the others are drawn all the same. */
const MAX_READOUTS = 5;

export function LineChart(props: LineChartProps) {
  const {state, id, title, unit, explanation, usual, measures, layer} = props;
  const {lines, columns, height, guides = NO_GUIDES} = props;
  const view = state.view.value;
  const report = state.report.value;
  const selected = state.windowKey.value;
  const width = state.plotWidth.value;
  const loggable = useMemo(() => isLoggable(lines.map(({series}) => series)), [lines]);
  const scale = state.scales.value.get(id) ?? usual ?? (loggable ? 'log' : 'linear');
  const log = scale === 'log';

  const axis = useMemo(() => {
    const visible = visibleColumns(columns, view ?? {from: 0, to: 0});
    const values = lines.flatMap(({series}) => {
      const {start, stop} = lineColumns(series, visible);
      return [series.min.subarray(start, stop), series.max.subarray(start, stop)];
    });
    return axisInterval(extent([...values, guides.map(({value}) => value)], log), log);
  }, [lines, columns, view, log, guides]);
  const bands = useMemo(() => {
    if (!report || !view) return null;
    const isOwn = (window: SymptomWindow) =>
      measures.some((measure) => isOfMeasure(window, measure)) &&
      (layer === undefined || window.layers.includes(layer));
    return {windows: report.windows, selected, isOwn, view, last: state.whole.value?.to ?? view.to};
  }, [report, view, selected, measures, layer]);
  if (!view || !bands || width === 0) return <div style={{height: `${height}px`}} />;

  return (
    <figure class="plot-row" aria-label={`${title}: ${description(props, view)}`}>
      <figcaption class="plot-title">
        <span class="plot-heading" title={explanation}>
          {title}
          {unit !== '' && <small> {unit}</small>}
        </span>
        <Readouts state={state} lines={lines} columns={columns} />
        <button
          type="button"
          class="scale-switch"
          aria-label={`${title}: ${log ? 'logarithmic' : 'linear'} axis, switch to ${log ? 'linear' : 'logarithmic'}`}
          onClick={() => {
            setScale(state, id, log ? 'linear' : 'log');
          }}
        >
          <span class={log ? 'on' : ''}>log</span>
          <span class={log ? '' : 'on'}>lin</span>
        </button>
      </figcaption>
      <div class="plot-body" style={{height: `${height}px`}}>
        <LinePlot
          {...{lines, columns, view, axis, log, guides, bands, width, height}}
          dark={state.dark.value}
        />
        <div class="plot-over">
          <PlotSurface state={state} />
        </div>
      </div>
    </figure>
  );
}

/** The values measured last up to the cursor; without one, up to the end of the view. */
function Readouts({state, lines, columns}: {state: State; lines: Line[]; columns: Columns}) {
  const step = state.cursor.value ?? state.view.value?.to;
  const column = step === undefined ? -1 : columnAt(columns, step);
  return (
    <span class="readouts">
      {lines.slice(0, MAX_READOUTS).map(({label, series}, index) => {
        const measured = measuredAt(series, column);
        const value = measured < 0 ? null : valueAt(series, measured);
        const {variable, dash} = lineStyle(index);
        return (
          <span key={label} class="readout">
            {lines.length > 1 && (
              <>
                <svg width="16" height="8" aria-hidden="true">
                  <line
                    x1="0"
                    y1="4"
                    x2="16"
                    y2="4"
                    stroke={`var(${variable})`}
                    stroke-width="2"
                    stroke-dasharray={dash.join(' ')}
                  />
                </svg>
                <bdi class="clip">{label}</bdi>
              </>
            )}
            <output class={value !== null && !Number.isFinite(value) ? 'nonfinite' : ''}>
              {value === null ? '–' : formatNumber(value)}
            </output>
          </span>
        );
      })}
      {lines.length > MAX_READOUTS && <span class="readout">and {lines.length - MAX_READOUTS} more</span>}
    </span>
  );
}

/** The chart in words, for those who do not see it. */
function description({lines, columns}: LineChartProps, view: {from: number; to: number}): string {
  const {start, stop} = visibleColumns(columns, view);
  const parts = lines.map(({label, series}) => {
    const values = extent([series.min.subarray(start, stop), series.max.subarray(start, stop)], false);
    const sum = (counts: ArrayLike<number>) =>
      Array.from(counts)
        .slice(start, stop)
        .reduce((all, count) => all + count, 0);
    const finite = values ? `${formatNumber(values.min)} to ${formatNumber(values.max)}` : 'no finite value';
    return `${label} ${finite}, ${sum(series.nan)} NaN, ${sum(series.inf)} infinite`;
  });
  return `steps ${view.from} to ${view.to}. ${parts.join('. ')}`;
}
