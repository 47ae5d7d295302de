/** Some layers of the heatmap, one below the other: their names, their depth, their cells. */
import {useState} from 'preact/hooks';
import {formatStep} from '../lib/format';
import {loudestLayer, placesAt, rowLayout, type HeatmapData} from '../lib/heatmap';
import {measureText} from '../lib/measures';
import {xToStep, type StepRange} from '../lib/range';
import {columnAt} from '../lib/series';
import type {State} from '../state';
import {DepthStrip} from './depth_strip';
import {HeatmapCanvas} from './heatmap_canvas';
import {HeatmapTip} from './heatmap_tip';
import {LayerNames} from './layer_names';
import {PlotSurface} from './plot_surface';

interface HeatmapRowsProps {
  state: State;
  data: HeatmapData;
  measure: string;
  view: StepRange;
  /** The layers in the order of their rows. */
  order: readonly number[];
  /** Names the block for those who do not see it. */
  name: string;
  selected: string | null;
  /** What stands beside the name of a layer, and its place among those that went bad: 1 for the first. */
  notes: ReadonlyMap<number, string>;
  marks: ReadonlyMap<number, number>;
}

export function HeatmapRows({
  state,
  data,
  measure,
  view,
  order,
  name,
  selected,
  notes,
  marks,
}: HeatmapRowsProps) {
  const [hover, setHover] = useState<{x: number; y: number} | null>(null);
  const width = state.plotWidth.value;
  const {rows, rowHeight} = rowLayout(order.length);
  const height = rows * rowHeight;
  const title = measureText(measure).title;
  const select = (layer: number) => {
    const chosen = data.layers[layer];
    if (chosen !== undefined) state.layer.value = chosen;
  };
  /** Of the layers of a row, the one whose value is seen. */
  const under = ({x, y}: {x: number; y: number}) => {
    const {start, stop} = placesAt(y, order.length);
    const candidates = order.slice(start, stop);
    const column = columnAt(data.columns, xToStep(x, view, width));
    return {layer: loudestLayer(data.shaded, data.cells, candidates, column), column, of: candidates.length};
  };

  return (
    <div class="plot-row" style={{height: `${height}px`}}>
      <div class="heatmap-side">
        <LayerNames {...{order, selected, notes, marks}} layers={data.layers} onSelect={select} />
        <DepthStrip {...{order, height}} layers={data.layers.length} dark={state.dark.value} />
      </div>
      <div class="heatmap-plot" style={{height: `${height}px`}}>
        <HeatmapCanvas
          {...{order, view, width}}
          shaded={data.shaded}
          columns={data.columns}
          dark={state.dark.value}
          selected={order.findIndex((layer) => data.layers[layer] === selected)}
          label={`${name}: ${title} of ${order.length} layers, steps ${formatStep(view.from)} to ${formatStep(view.to)}. The values of a layer are in the charts below.`}
        />
        <PlotSurface
          state={state}
          onHover={setHover}
          onPick={(x, y) => {
            select(under({x, y}).layer);
          }}
        />
        {hover && (
          <HeatmapTip
            {...{data, hover, measure, width, height}}
            step={xToStep(hover.x, view, width)}
            {...under(hover)}
          />
        )}
      </div>
    </div>
  );
}
