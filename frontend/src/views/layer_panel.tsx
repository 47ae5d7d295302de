/** The selected layer: how fast it changes, its gradients, where a normalization went, what its activation does. */
import {useMemo} from 'preact/hooks';
import type {Api} from '../api';
import type {Frame} from '../lib/frame';
import {ACTIVATION_TEXT, HISTOGRAM_TEXT, LAYER_CHARTS, type LayerChart} from '../lib/layer_charts';
import {layerSentence, layersToSelect} from '../lib/layers';
import {columnsOf, seriesOf} from '../lib/series';
import type {State} from '../state';
import type {Layer, LayerSeries, Layout} from '../types';
import {ActivationChart} from './activation_chart';
import {HistogramChart} from './histogram_chart';
import {LineChart} from './line_chart';
import type {Guide, Line} from './line_plot';
import {MeaningList} from './meaning_list';
import {ErrorNotice, Skeleton} from './notices';
import {useExtract} from './use_extract';
import {useHealthyBand} from './use_healthy_band';
import {useResource} from './use_resource';

/** A common rule of thumb for the size of an update (A. Karpathy, CS231n notes, "Ratio of weights:updates"). */
const USUAL_UPDATE: Guide[] = [{value: 1e-3, label: '1e-3, the usual size'}];
const NO_GUIDES: Guide[] = [];
const HEIGHT = 112;
/** Before the layer is there: charts of a normalization, and of any other layer. */
const EXPECTED = {normalization: 8, plain: 3};

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
  const band = useHealthyBand(state, api, run, layer, extract.cols, key);
  const charts = useMemo(() => (frame ? chartsOf(frame, layer) : []), [frame, layer]);
  const statistics = useMemo(() => (frame ? statisticsSentence(frame, layer) : ''), [frame, layer]);
  const expected = layer.normalization ? EXPECTED.normalization : EXPECTED.plain;
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
        <MeaningList texts={[...charts.map(({chart}) => chart), HISTOGRAM_TEXT, ACTIVATION_TEXT]} />
      </div>
      {error !== null && <ErrorNotice what="The layer" error={error} retry={retry} />}
      {isMeasured && !frame && error === null && <Skeleton height={expected * HEIGHT} label="layer" />}
      {columns &&
        charts.map(({chart, lines}) => (
          <LineChart
            key={chart.title}
            {...{state, lines, columns}}
            title={chart.title}
            unit={chart.unit}
            explanation={chart.explanation}
            guides={chart.isRatio ? USUAL_UPDATE : NO_GUIDES}
            usualBand={chart.isRatio ? band : null}
            id={`layer_${Object.keys(chart.measures)[0] ?? ''}`}
            measures={chart.watched}
            layer={layer.name}
            height={HEIGHT}
          />
        ))}
      {layer.variables.length > 0 && <HistogramChart {...{state, api, run, layer}} />}
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
function chartsOf(frame: Frame, layer: Layer): {chart: LayerChart; lines: Line[]}[] {
  const listed = frame.header.series as LayerSeries[];
  return LAYER_CHARTS.flatMap((chart) => {
    const lines = Object.entries(chart.measures).flatMap(([measure, label]) =>
      listed
        .filter((entry) => entry.measure === measure)
        .flatMap((entry) => {
          const series = seriesOf(frame, entry.name);
          return series ? [{label: label || roleOf(entry, layer), series}] : [];
        })
    );
    return lines.length > 0 ? [{chart, lines}] : [];
  });
}

/** `kernel`; the whole name where the layout does not know the variable. */
function roleOf({of, name}: LayerSeries, layer: Layer): string {
  return layer.variables.find((candidate) => candidate.name === of)?.role ?? name;
}
