/** Layers x steps: where in the network, and when. A click or the arrow keys select a layer. */
import {useMemo} from 'preact/hooks';
import type {Api} from '../api';
import {formatChange, changeRank} from '../lib/changes';
import {colorScale} from '../lib/colormap';
import {floats} from '../lib/frame';
import {cellsOf, layersOf, rowLayout, shadeCells, type HeatmapData} from '../lib/heatmap';
import {filterOf, layerRows} from '../lib/layer_rows';
import {shownMeasure} from '../lib/layers';
import {columnsOf} from '../lib/series';
import type {State} from '../state';
import type {Layout} from '../types';
import {HeatmapLegend} from './heatmap_legend';
import {HeatmapRows} from './heatmap_rows';
import {HeatmapTools} from './heatmap_tools';
import {ErrorNotice, Notice, Skeleton} from './notices';
import {useChanges} from './use_changes';
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
  const measure = shownMeasure(state.measure.value, layout) ?? '';
  const {extract, key} = useExtract(state);
  const subject = `${run}\n${measure}`;
  const view = state.view.value;
  const part = useResource(state, subject, key, () => api.heatmap(run, measure, extract));
  // Colours are those of the whole run, so that a zoom does not change what a colour means;
  // while they are not known, nothing is drawn.
  const whole = useResource(state, subject, key && String(extract.cols), () =>
    api.heatmap(run, measure, {range: null, cols: extract.cols})
  );
  const changes = useChanges(state, api, run, measure);
  const error = part.error ?? whole.error ?? changes.error;
  const retry = () => {
    for (const resource of [part, whole, changes]) if (resource.error !== null) resource.retry();
  };
  const scale = useMemo(() => whole.value && colorScale(floats(whole.value, 'max')), [whole.value]);
  const data = useMemo((): HeatmapData | null => {
    if (!whole.value || !part.value) return null;
    const cells = cellsOf(part.value);
    const layers = layersOf(part.value);
    return {layers, cells, columns: columnsOf(part.value), shaded: shadeCells(cells, scale)};
  }, [part.value, whole.value, scale]);

  const {filter, pins, order} = state.plots;
  const names = data?.layers;
  const factors = order.value === 'change' ? changes.factors : null;
  const rows = useMemo(
    () => layerRows(names ?? [], filterOf(filter.value), pins.value, factors?.map(changeRank) ?? null),
    [names, filter.value, pins.value, factors]
  );
  const notes = useMemo(
    () => new Map(Array.from(factors ?? [], (factor, index) => [index, formatChange(factor)])),
    [factors]
  );
  const window = state.window.value;
  const marks = useMemo(() => {
    const places = new Map(window?.layers.map((name, index) => [name, index + 1]));
    return new Map(
      (names ?? [])
        .flatMap((name, index) => [[index, places.get(name) ?? 0] as const])
        .filter(([, mark]) => mark > 0)
    );
  }, [names, window]);

  const expected = rowLayout(layout.layers.length);
  return (
    <section class="heatmap" aria-label="Layers over steps">
      <HeatmapTools
        {...{state, layout, measure, layer}}
        compared={changes.text}
        matching={rows.others.length}
      />
      {error !== null && <ErrorNotice what="The heatmap" error={error} retry={retry} />}
      {!data && error === null && <Skeleton height={expected.rows * expected.rowHeight} label="heatmap" />}
      {data && view && state.plotWidth.value > 0 && (
        <>
          {rows.pinned.length > 0 && (
            <div class="pinned-rows">
              <HeatmapRows
                {...{state, data, measure, view, notes, marks}}
                order={rows.pinned}
                name="Pinned layers"
                selected={layer}
              />
            </div>
          )}
          <HeatmapRows
            {...{state, data, measure, view, notes, marks}}
            order={rows.others}
            name="Layers"
            selected={layer}
          />
          {rows.others.length === 0 && names && names.length > rows.pinned.length && (
            <Notice>No layer has a name that matches the filter.</Notice>
          )}
          <HeatmapLegend
            {...{scale, measure}}
            held={data.shaded.held}
            every={state.report.value?.cost?.every ?? 1}
          />
        </>
      )}
    </section>
  );
}
