/** What is under the pointer on the heatmap: layer, step, value. */
import {formatNumber, formatStep, plural} from '../lib/format';
import {layerAt, rowLayout} from '../lib/heatmap';
import {measureText} from '../lib/measures';
import {xToStep, type StepRange} from '../lib/range';
import {columnAt} from '../lib/series';
import type {HeatmapData} from './heatmap_canvas';

interface HeatmapTipProps {
  data: HeatmapData;
  hover: {x: number; y: number};
  measure: string;
  view: StepRange;
  width: number;
}

const OFFSET = 14;

export function HeatmapTip({data, hover, measure, view, width}: HeatmapTipProps) {
  const step = xToStep(hover.x, view, width);
  const layer = layerAt(hover.y, data.layers.length);
  const column = columnAt(data.columns, step);
  if (column < 0) return null;
  const first = data.columns.first[column] ?? step;
  const last = data.columns.last[column] ?? step;
  const at = layer * data.cells.columns + column;
  const value = data.cells.max[at] ?? NaN;
  const bad = data.cells.nonfinite[at] ?? 0;
  const {rows, rowHeight} = rowLayout(data.layers.length);
  // Beside the pointer, on the side with more room.
  const side =
    hover.x < width / 2 ? {left: `${hover.x + OFFSET}px`} : {right: `${width - hover.x + OFFSET}px`};
  const low = hover.y > (rows * rowHeight) / 2;
  const vertical = low
    ? {bottom: `${rows * rowHeight - hover.y + OFFSET}px`}
    : {top: `${hover.y + OFFSET}px`};
  return (
    <div class="tip" style={{...side, ...vertical}}>
      <strong>
        <bdi>{data.layers[layer] ?? ''}</bdi>
      </strong>
      <span>
        {first === last ? `step ${formatStep(first)}` : `steps ${formatStep(first)} to ${formatStep(last)}`}
      </span>
      <span>
        {measureText(measure).title}: {Number.isNaN(value) ? 'no finite value' : formatNumber(value)}
        {first !== last && !Number.isNaN(value) && ' (largest)'}
      </span>
      {bad > 0 && <span class="nonfinite">{plural(bad, 'step')} with NaN or Inf</span>}
    </div>
  );
}
