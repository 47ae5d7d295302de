/** How the entries of a layer's gradients are spread, over steps. */
import {useMemo, useState} from 'preact/hooks';
import type {Api} from '../api';
import {formatNumber, plural} from '../lib/format';
import {histogramFacts, histogramOf, SHARES, type GradientHistogram} from '../lib/histogram';
import {HISTOGRAM_TEXT} from '../lib/layer_charts';
import {columnAt} from '../lib/series';
import type {State} from '../state';
import type {Layer} from '../types';
import {ColorRamp} from './color_ramp';
import {HistogramCanvas, HISTOGRAM_HEIGHT} from './histogram_canvas';
import {formatShare, HistogramTip} from './histogram_tip';
import {ErrorNotice, Skeleton} from './notices';
import {PlotSurface} from './plot_surface';
import {useResource} from './use_resource';

interface HistogramChartProps {
  state: State;
  api: Api;
  run: string;
  layer: Layer;
}

export function HistogramChart({state, api, run, layer}: HistogramChartProps) {
  const subject = `${run}\n${layer.name}`;
  const {
    value: frame,
    error,
    retry,
  } = useResource(state, subject, subject, () => api.histograms(run, layer.name));
  const [chosen, setChosen] = useState('');
  const [hover, setHover] = useState<{x: number; y: number} | null>(null);
  const variable = layer.variables.find(({name}) => name === chosen) ?? layer.variables[0];
  const histogram = useMemo(
    () => (frame && variable ? histogramOf(frame, variable.name) : null),
    [frame, variable]
  );
  const view = state.view.value;
  const width = state.plotWidth.value;
  if (error !== null) return <ErrorNotice what="The histogram" error={error} retry={retry} />;
  if (!frame) return <Skeleton height={HISTOGRAM_HEIGHT} label="histogram" />;
  if (!histogram || !variable || !view || width === 0) return null;
  const {title, unit, explanation} = HISTOGRAM_TEXT;
  const facts = factsAt(histogram, state.shownStep.value ?? view.to);
  return (
    <figure
      class="plot-row"
      aria-label={`${title} of ${variable.role}: ${facts.map((fact) => fact.join(' ')).join(', ')}`}
    >
      <figcaption class="plot-title">
        <span class="plot-heading" title={explanation}>
          {title} <small>{unit}</small>
        </span>
        {layer.variables.length > 1 && (
          <select
            aria-label="Variable of the histogram"
            value={variable.name}
            onChange={(event) => {
              setChosen(event.currentTarget.value);
            }}
          >
            {layer.variables.map(({name, role}) => (
              <option key={name} value={name}>
                {role}
              </option>
            ))}
          </select>
        )}
        <span class="readouts">
          {facts.map(([name, value, isLoud]) => (
            <span key={name} class="readout">
              {name} <output class={isLoud ? 'nonfinite' : ''}>{value}</output>
            </span>
          ))}
        </span>
      </figcaption>
      <div class="plot-body" style={{height: `${HISTOGRAM_HEIGHT}px`}}>
        <HistogramCanvas {...{histogram, view, width}} dark={state.dark.value} />
        <div class="plot-over">
          <PlotSurface state={state} onHover={setHover} />
          {hover && <HistogramTip {...{histogram, hover, view, width}} />}
        </div>
      </div>
      <HistogramLegend histogram={histogram} />
    </figure>
  );
}

const RAMP_WIDTH = 170;

function HistogramLegend({histogram: {columns}}: {histogram: GradientHistogram}) {
  return (
    <div class="heatmap-legend histogram-legend">
      <ColorRamp scale={SHARES} width={RAMP_WIDTH} text={formatShare} />
      <span>of the entries have this size</span>
      <span>
        <i class="swatch swatch-nonfinite" /> NaN or Inf
      </span>
      <span>sampled at {plural(columns.first.length, 'step')}; a colour holds until the next</span>
    </div>
  );
}

/** Name, value, and whether it is to be seen at once. */
function factsAt(histogram: GradientHistogram, step: number): [string, string, boolean][] {
  const {median, zero, nan, inf} = histogramFacts(histogram, columnAt(histogram.columns, step));
  return [
    ['median', Number.isNaN(median) ? '–' : formatNumber(Number(median.toPrecision(2))), false],
    ['zero', formatShare(zero), false],
    ['NaN', formatShare(nan), nan > 0],
    ['Inf', formatShare(inf), inf > 0],
  ];
}
