/** Layers x steps: where in the network, and when. A click or the arrow keys select a layer. */
import {useMemo, useState} from 'preact/hooks';
import type {Api} from '../api';
import {colorScale} from '../lib/colormap';
import {formatStep} from '../lib/format';
import {floats, integers, type Frame} from '../lib/frame';
import {holdCells, layerAt, rowLayout} from '../lib/heatmap';
import {measureText} from '../lib/measures';
import {columnsOf} from '../lib/series';
import type {State} from '../state';
import type {Layout} from '../types';
import {HeatmapCanvas, type HeatmapData} from './heatmap_canvas';
import {HeatmapLegend} from './heatmap_legend';
import {HeatmapTip} from './heatmap_tip';
import {LayerNames} from './layer_names';
import {ErrorNotice, Skeleton} from './notices';
import {PlotSurface} from './plot_surface';
import {useExtract} from './use_extract';
import {useResource} from './use_resource';

interface HeatmapProps {
  state: State;
  api: Api;
  run: string;
  layout: Layout;
  /** The layer that is shown below, or null. */
  layer: string | null;
}

export function Heatmap({state, api, run, layout, layer}: HeatmapProps) {
  const chosen = state.measure.value;
  const measure =
    chosen !== null && layout.heatmap_measures.includes(chosen) ? chosen : (layout.heatmap_measures[0] ?? '');
  const {extract, key} = useExtract(state);
  const subject = `${run}\n${measure}`;
  const view = state.view.value;
  const part = useResource(state, subject, key, () => api.heatmap(run, measure, extract));
  // Colours are those of the whole run, so that a zoom does not change what a colour means;
  // while they are not known, nothing is drawn.
  const whole = useResource(state, subject, key && String(extract.cols), () =>
    api.heatmap(run, measure, {range: null, cols: extract.cols})
  );
  const error = part.error ?? whole.error;
  const retry = () => {
    for (const resource of [part, whole]) if (resource.error !== null) resource.retry();
  };
  const frame = whole.value && part.value;
  const data = useMemo(() => frame && heatmapData(frame), [frame]);
  const scale = useMemo(() => whole.value && colorScale(floats(whole.value, 'max')), [whole.value]);
  const [hover, setHover] = useState<{x: number; y: number} | null>(null);
  const {rows, rowHeight} = rowLayout(layout.layers.length);
  const height = rows * rowHeight;
  const select = (index: number) => {
    const name = data?.layers[index];
    if (name !== undefined) state.layer.value = name;
  };

  return (
    <section class="heatmap" aria-label="Layers over steps">
      <div class="section-line">
        <h3>Layers</h3>
        <label>
          Measure{' '}
          <select
            value={measure}
            onChange={(event) => {
              state.measure.value = event.currentTarget.value;
            }}
          >
            {layout.heatmap_measures.map((name) => (
              <option key={name} value={name}>
                {measureText(name).title}
              </option>
            ))}
          </select>
        </label>
        <p class="hint">{measureText(measure).explanation}</p>
      </div>
      {error !== null && <ErrorNotice what="The heatmap" error={error} retry={retry} />}
      {!data && error === null && <Skeleton height={height} label="heatmap" />}
      {data && view && state.plotWidth.value > 0 && (
        <div class="plot-row" style={{height: `${height}px`}}>
          <LayerNames layers={data.layers} selected={layer} onSelect={select} />
          <div class="heatmap-plot" style={{height: `${height}px`}}>
            <HeatmapCanvas
              {...{data, scale, view, height}}
              width={state.plotWidth.value}
              dark={state.dark.value}
              selected={layer === null ? -1 : data.layers.indexOf(layer)}
              label={`${measureText(measure).title} of ${data.layers.length} layers, steps ${formatStep(view.from)} to ${formatStep(view.to)}. The values of a layer are in the charts below.`}
            />
            <PlotSurface
              state={state}
              onHover={setHover}
              onPick={(_, y) => {
                select(layerAt(y, data.layers.length));
              }}
            />
            {hover && <HeatmapTip {...{data, hover, measure, view}} width={state.plotWidth.value} />}
          </div>
        </div>
      )}
      {data && (
        <HeatmapLegend
          {...{scale, measure}}
          held={data.cells.held}
          every={state.report.value?.cost?.every ?? 1}
        />
      )}
    </section>
  );
}

function heatmapData(frame: Frame): HeatmapData {
  const names = frame.header.layers;
  const columns = columnsOf(frame);
  const layers = Array.isArray(names) ? names.map(String) : [];
  return {
    layers,
    columns,
    cells: holdCells({
      max: floats(frame, 'max'),
      nonfinite: integers(frame, 'nonfinite'),
      layers: layers.length,
      columns: columns.first.length,
    }),
  };
}
