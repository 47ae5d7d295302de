/** What is under the pointer on the heatmap: layer, step, value. */
import {formatNumber, formatSteps, plural} from '../lib/format';
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
  const at = layer * data.cells.columns + column;
  const source = data.cells.source[at] ?? -1;
  const stepsOf = (index: number): [number, number] => [
    data.columns.first[index] ?? step,
    data.columns.last[index] ?? step,
  ];
  const [first, last] = stepsOf(source < 0 ? column : source);
  const value = data.cells.max[at] ?? NaN;
  const valueText =
    source < 0 ? 'not measured' : Number.isNaN(value) ? 'no finite value' : formatNumber(value);
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
        {formatSteps(...stepsOf(column))}
        {source >= 0 && source !== column && `, measured at ${formatSteps(first, last)}`}
      </span>
      <span>
        {measureText(measure).title}: {valueText}
        {first !== last && !Number.isNaN(value) && ' (largest)'}
      </span>
      {bad > 0 && (
        <span class="nonfinite">NaN or Inf{first !== last && ` at ${plural(bad, 'step')} or more`}</span>
      )}
    </div>
  );
}
