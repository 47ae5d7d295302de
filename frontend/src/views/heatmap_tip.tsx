/** What is under the pointer on the heatmap: layer, step, value. */
import {formatNumber, formatSteps, plural} from '../lib/format';
import {sourceOf, type HeatmapData} from '../lib/heatmap';
import {measureText} from '../lib/measures';
import {Tip} from './tip';

interface HeatmapTipProps {
  data: HeatmapData;
  hover: {x: number; y: number};
  measure: string;
  step: number;
  column: number;
  layer: number;
  /** How many layers the row shows; `layer` is the one whose value is seen. */
  of: number;
  width: number;
  height: number;
}

export function HeatmapTip({data, hover, measure, step, column, layer, of, width, height}: HeatmapTipProps) {
  if (column < 0) return null;
  const {cells, columns, layers} = data;
  const source = sourceOf(cells, layer, column);
  const stepsOf = (index: number): [number, number] => [
    columns.first[index] ?? step,
    columns.last[index] ?? step,
  ];
  const [first, last] = stepsOf(source < 0 ? column : source);
  const at = layer * cells.columns + source;
  const value = source < 0 ? NaN : (cells.max[at] ?? NaN);
  const valueText =
    source < 0 ? 'not measured' : Number.isNaN(value) ? 'no finite value' : formatNumber(value);
  const bad = source < 0 ? 0 : (cells.nonfinite[at] ?? 0);
  return (
    <Tip {...{hover, width, height}}>
      <strong>
        <bdi>{layers[layer] ?? ''}</bdi>
      </strong>
      <span>
        layer {layer + 1} of {layers.length}
        {of > 1 && `; of the ${of} in this row the largest`}
      </span>
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
    </Tip>
  );
}
