/** One chart: a title with its readout and log/linear switch, beside lines over steps. */
import {useMemo, useRef} from 'preact/hooks';
import {formatNumber} from '../lib/format';
import {isLoggable, visibleColumns} from '../lib/lines';
import {axisInterval, extent, type Interval} from '../lib/scale';
import {columnAt, measuredAt, valueAt, type Columns} from '../lib/series';
import {endsInView} from '../lib/value_axis';
import {isOfMeasure} from '../lib/windows';
import type {AxisScale} from '../plot_choices';
import type {State} from '../state';
import type {SymptomWindow} from '../types';
import {LinePlot, type Guide, type Line} from './line_plot';
import {PlotSurface} from './plot_surface';
import {Readout} from './readout';
import {ScaleSwitch} from './scale_switch';
import {useSeenView} from './use_seen_view';

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
  /** What is usual for the first line in this run. */
  usualBand?: Interval | null;
}

const NO_GUIDES: Guide[] = [];
/** Lines with a readout; the others are drawn all the same. */
const MAX_READOUTS = 5;

export function LineChart(props: LineChartProps) {
  const {state, id, title, unit, explanation, usual, measures, layer} = props;
  const {lines, columns, height, guides = NO_GUIDES, usualBand = null} = props;
  const place = useRef<HTMLElement>(null);
  const view = useSeenView(state, place);
  const report = state.report.value;
  const selected = state.windowKey.value;
  const width = state.plotWidth.value;
  const loggable = useMemo(() => isLoggable(lines.map(({series}) => series)), [lines]);
  const scale = state.plots.scales.value.get(id) ?? usual ?? (loggable ? 'log' : 'linear');
  const log = scale === 'log';
  const clip = state.plots.clip.value;

  const axis = useMemo(() => {
    const plotted = lines.map(({series}) => ({series, columns}));
    const ends = endsInView(plotted, view ?? {from: 0, to: 0}, {log, clip});
    return axisInterval(
      extent([...ends, guides.map(({value}) => value), usualBand ? [usualBand.min, usualBand.max] : []], log),
      log
    );
  }, [lines, columns, view, log, clip, guides, usualBand]);
  const bands = useMemo(() => {
    if (!report || !view) return null;
    const isOwn = (window: SymptomWindow) =>
      measures.some((measure) => isOfMeasure(window, measure)) &&
      (layer === undefined || window.layers.includes(layer));
    return {windows: report.windows, selected, isOwn, view, last: report.steps.last ?? view.to};
  }, [report, view, selected, measures, layer]);
  if (!view || !bands || width === 0) return <div style={{height: `${height}px`}} />;

  return (
    <figure ref={place} class="plot-row" aria-label={`${title}: ${description(props, view)}`}>
      <figcaption class="plot-title">
        <span class="plot-heading" title={explanation}>
          {title}
          {unit !== '' && <small> {unit}</small>}
        </span>
        <Readouts state={state} lines={lines} columns={columns} />
        <ScaleSwitch {...{state, id, title, log}} />
      </figcaption>
      <div class="plot-body" style={{height: `${height}px`}}>
        <LinePlot
          {...{lines, columns, view, axis, log, guides, usualBand, bands, width, height}}
          smoothing={state.plots.smoothing.value}
          dark={state.dark.value}
        />
        <div class="plot-over">
          <PlotSurface state={state} />
        </div>
      </div>
    </figure>
  );
}

/** The values measured last up to the shown step; without one, up to the end of the view. */
function Readouts({state, lines, columns}: {state: State; lines: Line[]; columns: Columns}) {
  const step = state.shownStep.value ?? state.view.value?.to;
  const column = step === undefined ? -1 : columnAt(columns, step);
  return (
    <span class="readouts">
      {lines.slice(0, MAX_READOUTS).map(({label, series}, index) => (
        <Readout
          key={label}
          name={lines.length > 1 ? label : null}
          place={index}
          value={valueAt(series, measuredAt(series, column))}
        />
      ))}
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
