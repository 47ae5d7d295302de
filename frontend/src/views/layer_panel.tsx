/** The selected layer: how fast it changes, its gradients, where a normalization went, what its activation does. */
import {useMemo} from 'preact/hooks';
import type {Api} from '../api';
import type {Frame} from '../lib/frame';
import {layerSentence, layersToSelect} from '../lib/layers';
import {columnsOf, seriesOf} from '../lib/series';
import type {State} from '../state';
import type {Layer, LayerSeries, Layout} from '../types';
import {ActivationChart} from './activation_chart';
import {LineChart} from './line_chart';
import type {Guide, Line} from './line_plot';
import {ErrorNotice, Skeleton} from './notices';
import {useExtract} from './use_extract';
import {useResource} from './use_resource';

interface LayerChart {
  title: string;
  unit: string;
  /** A line for each. */
  measures: string[];
  /** Measures whose windows belong here. */
  watched: string[];
  guides?: Guide[];
}

/** A common rule of thumb for the size of an update (A. Karpathy, CS231n notes, "Ratio of weights:updates"). */
const USUAL_UPDATE: Guide[] = [{value: 1e-3, label: '1e-3, the usual size'}];

const CHARTS: LayerChart[] = [
  {
    title: 'Update / weight',
    unit: 'ratio',
    measures: ['update_ratio'],
    watched: ['update_ratio', 'update_norm'],
    guides: USUAL_UPDATE,
  },
  {title: 'Gradient norm', unit: '', measures: ['grad_norm'], watched: ['grad_norm', 'grad_max']},
  {
    title: 'Gamma, beta drift',
    unit: 'L2 from start',
    measures: ['gamma_distance', 'beta_distance'],
    watched: ['gamma_norm', 'gamma_distance', 'beta_norm', 'beta_distance'],
  },
  {
    title: 'Moving statistics',
    unit: 'L2 from start',
    measures: ['moving_mean_distance', 'moving_variance_distance'],
    watched: ['moving_mean_change', 'moving_variance_change'],
  },
];
const HEIGHT = 112;
const PLAIN_CHARTS = 2;

interface LayerPanelProps {
  state: State;
  api: Api;
  run: string;
  layout: Layout;
  layer: Layer;
}

export function LayerPanel({state, api, run, layout, layer}: LayerPanelProps) {
  const {extract, key} = useExtract(state);
  const isMeasured = layer.variables.length > 0 || layer.normalization !== null;
  const {
    value: frame,
    error,
    retry,
  } = useResource(state, `${run}\n${layer.name}`, isMeasured ? key && `${layer.name}\n${key}` : null, () =>
    api.layer(run, layer.name, extract)
  );
  const columns = useMemo(() => frame && columnsOf(frame), [frame]);
  const charts = useMemo(() => (frame ? chartsOf(frame, layer) : []), [frame, layer]);
  const statistics = useMemo(() => (frame ? statisticsSentence(frame, layer) : ''), [frame, layer]);
  const expected = layer.normalization ? CHARTS.length : PLAIN_CHARTS;
  const {measured, activationOnly} = useMemo(() => layersToSelect(layout), [layout]);
  return (
    <section class="layer-panel" aria-label="Selected layer">
      <div class="section-line">
        <h3>Layer</h3>
        <select
          aria-label="Selected layer"
          value={layer.name}
          onChange={(event) => {
            state.layer.value = event.currentTarget.value;
          }}
        >
          {measured.map(layerOption)}
          {activationOnly.length > 0 && (
            <optgroup label="Activations">{activationOnly.map(layerOption)}</optgroup>
          )}
        </select>
        <p class="hint">
          <bdi>{[layerSentence(layer, layout), statistics].filter(Boolean).join(' · ')}</bdi>
        </p>
      </div>
      {error !== null && <ErrorNotice what="The layer" error={error} retry={retry} />}
      {isMeasured && !frame && error === null && <Skeleton height={expected * HEIGHT} label="layer" />}
      {columns &&
        charts.map(({title, unit, measures, watched, lines, guides}) => (
          <LineChart
            key={title}
            {...{state, title, unit, lines, columns}}
            {...(guides && {guides})}
            id={`layer_${measures[0] ?? ''}`}
            measures={watched}
            layer={layer.name}
            height={HEIGHT}
          />
        ))}
      {layout.activations.some((activation) => activation.layer === layer.name) && (
        <ActivationChart {...{state, api, run}} layer={layer.name} height={HEIGHT} />
      )}
    </section>
  );
}

function layerOption({name}: Layer) {
  return (
    <option key={name} value={name}>
      {name}
    </option>
  );
}

/** What BatchNormalization normalised with in the steps in view. */
function statisticsSentence(frame: Frame, {name}: Layer): string {
  const series = seriesOf(frame, `batch_statistics/${name}`);
  if (!series?.mean.some(Number.isFinite)) return '';
  const batch = series.max.some((value) => value > 0);
  const moving = series.min.some((value) => value === 0);
  if (batch && moving) return 'normalised with the statistics of its batch at some steps';
  return batch ? 'normalised with the statistics of its batch' : 'normalised with its moving statistics';
}

/** The charts that this layer has series for. */
function chartsOf(frame: Frame, layer: Layer): (LayerChart & {lines: Line[]})[] {
  const listed = frame.header.series as LayerSeries[];
  return CHARTS.flatMap((chart) => {
    const lines = listed.flatMap((entry) => {
      const series = chart.measures.includes(entry.measure) ? seriesOf(frame, entry.name) : null;
      return series ? [{label: lineLabel(entry, layer), series}] : [];
    });
    return lines.length > 0 ? [{...chart, lines}] : [];
  });
}

/** `kernel`; `gamma`; of the moving statistics, whose chart says so, `mean`. */
function lineLabel({measure, of, name}: LayerSeries, layer: Layer): string {
  const variable = layer.variables.find((candidate) => candidate.name === of);
  if (variable) return variable.role;
  return of === layer.name ? measure.replace(/^moving_|_distance$/g, '') : name;
}
