/** Of the selected layer's activation: the share of units that are dead, and of outputs that are saturated. */
import {useMemo} from 'preact/hooks';
import type {Api} from '../api';
import {floats, integers, type Frame} from '../lib/frame';
import {ACTIVATION_TEXT} from '../lib/layer_charts';
import type {State} from '../state';
import type {Activation} from '../types';
import {LineChart} from './line_chart';
import type {Line} from './line_plot';
import {ErrorNotice, Skeleton} from './notices';
import {useResource} from './use_resource';

const MEASURES = {
  dead_share: {label: 'dead', alone: 'Dead units'},
  saturated_share: {label: 'saturated', alone: 'Saturated outputs'},
};
const WATCHED = Object.keys(MEASURES);
interface ActivationChartProps {
  state: State;
  api: Api;
  run: string;
  layer: string;
  height: number;
}

export function ActivationChart({state, api, run, layer, height}: ActivationChartProps) {
  const {value: frame, error, retry} = useResource(state, run, run, () => api.activations(run));
  const lines = useMemo(() => (frame ? linesOf(frame, layer) : []), [frame, layer]);
  const columns = useMemo(() => {
    const step = frame ? integers(frame, 'step') : [];
    return {first: step, last: step};
  }, [frame]);
  if (error !== null) return <ErrorNotice what="The activation" error={error} retry={retry} />;
  if (!frame) return <Skeleton height={height} label="activation" />;
  if (lines.length === 0) return null;
  return (
    <LineChart
      {...{state, lines, columns, layer, height}}
      id="layer_activation"
      title={lines.length > 1 ? 'Activation' : (lines[0]?.alone ?? '')}
      unit="share"
      explanation={ACTIVATION_TEXT.explanation}
      usual="linear"
      measures={WATCHED}
    />
  );
}

/** The measures that the layer's function has, which are those with a value. */
function linesOf(frame: Frame, layer: string): (Line & {alone: string})[] {
  const row = (frame.header.activations as Activation[]).findIndex((found) => found.layer === layer);
  const count = integers(frame, 'step').length;
  const none = new Uint32Array(count);
  return Object.entries(MEASURES).flatMap(([measure, texts]) => {
    const values = floats(frame, measure).subarray(row * count, (row + 1) * count);
    if (row < 0 || !values.some(Number.isFinite)) return [];
    return [{...texts, series: {min: values, max: values, mean: values, nan: none, inf: none}}];
  });
}
