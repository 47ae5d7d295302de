/** What is shown, as tables: the series of the charts, and the cells of the heatmap. */
import type {Api, Extract} from '../api';
import {cellsCsv, seriesCsv, type NamedSeries} from '../lib/export_csv';
import type {Frame} from '../lib/frame';
import {cellsOf, layersOf} from '../lib/heatmap';
import {filterOf, layerRows} from '../lib/layer_rows';
import {shownLayer, shownMeasure} from '../lib/layers';
import {columnsOf, seriesOf} from '../lib/series';
import type {State} from '../state';
import type {RunReport} from '../types';

/** The scalars of these runs and the series of the selected layer; null where there are no steps. */
export async function shownSeriesCsv(
  state: State,
  api: Api,
  report: RunReport,
  runs: readonly string[]
): Promise<string | null> {
  const view = state.view.value;
  if (!view) return null;
  const extract = shownExtract(state);
  const layout = await api.layout(report.run);
  const layer = shownLayer(state.layer.value, state.window.value, report.windows, layout);
  const isMeasured = layer && (layer.variables.length > 0 || layer.normalization !== null);
  const parts = await Promise.all([
    ...runs.map(async (run) => seriesIn(run, await api.steps(run, extract))),
    ...(isMeasured
      ? [api.layer(report.run, layer.name, extract).then((frame) => seriesIn(report.run, frame))]
      : []),
  ]);
  return seriesCsv(parts.flat(), view);
}

/** The heatmap of this run, in the order of the network, pinned layers first; null where it has none. */
export async function shownCellsCsv(state: State, api: Api, {run}: RunReport): Promise<string | null> {
  const view = state.view.value;
  const layout = await api.layout(run);
  const measure = shownMeasure(state.measure.value, layout);
  if (!view || measure === null || layout.layers.length === 0) return null;
  const frame = await api.heatmap(run, measure, shownExtract(state));
  const layers = layersOf(frame);
  const {filter, pins} = state.plots;
  const {pinned, others} = layerRows(layers, filterOf(filter.value), pins.value, null);
  const data = {layers, columns: columnsOf(frame), cells: cellsOf(frame)};
  return cellsCsv({run, measure}, data, [...pinned, ...others], view);
}

/** As many columns as the plots have pixels. */
function shownExtract(state: State): Extract {
  return {range: state.range.value, cols: Math.max(1, Math.round(state.plotWidth.value))};
}

function seriesIn(run: string, frame: Frame): NamedSeries[] {
  const columns = columnsOf(frame);
  const names = [...frame.arrays.keys()].filter((name) => name.endsWith('/mean'));
  return names.flatMap((array) => {
    const name = array.slice(0, -'/mean'.length);
    const series = seriesOf(frame, name);
    return series ? [{run, name, columns, series}] : [];
  });
}
