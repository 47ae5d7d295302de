/** What is usual for the updates of a layer in this run, to compare with. */
import {useMemo} from 'preact/hooks';
import type {Api} from '../api';
import {healthyBand} from '../lib/healthy_band';
import type {Interval} from '../lib/quantiles';
import {columnsOf, seriesOf} from '../lib/series';
import type {State} from '../state';
import type {Layer} from '../types';
import {useResource} from './use_resource';

/** Of the first variable, such as a kernel, over the whole run; null while it is not known. */
export function useHealthyBand(
  state: State,
  api: Api,
  run: string,
  layer: Layer,
  cols: number,
  /** Null while nothing is to be asked for. */
  key: string | null
): Interval | null {
  const variable = layer.variables[0]?.name;
  const {value: frame} = useResource(
    state,
    `${run}\n${layer.name}`,
    variable === undefined || key === null ? null : `${layer.name}\n${cols}`,
    () => api.layer(run, layer.name, {range: null, cols})
  );
  const report = state.report.value;
  const last = state.whole.value?.to;
  return useMemo(() => {
    const series = frame && seriesOf(frame, `update_ratio/${variable ?? ''}`);
    return series && report && last !== undefined
      ? healthyBand(series, columnsOf(frame), report.windows, last)
      : null;
  }, [frame, variable, report, last]);
}
