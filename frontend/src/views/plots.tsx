/** Everything on the step axis of the selected run: charts, heatmap, selected layer. */
import type {Api} from '../api';
import {formatSteps} from '../lib/format';
import {shownLayer} from '../lib/layers';
import {stepsAt} from '../lib/series';
import type {State} from '../state';
import {Charts} from './charts';
import {Heatmap} from './heatmap';
import {LayerPanel} from './layer_panel';
import {ErrorNotice, Notice} from './notices';
import {StepAxis} from './step_axis';
import {useResource} from './use_resource';

export function Plots({state, api, run}: {state: State; api: Api; run: string}) {
  const {value: layout, error, retry} = useResource(state, run, run, () => api.layout(run));
  const view = state.view.value;
  const layer =
    layout && shownLayer(state.layer.value, state.window.value, state.report.value?.windows ?? [], layout);
  return (
    <div class="plots">
      {state.comparison.value.length > 0 && (
        <h3 class="plots-run">
          <bdi>{run}</bdi> alone
        </h3>
      )}
      <div class="plots-axis">
        <ViewLabel state={state} />
        {view && state.plotWidth.value > 0 && <StepAxis range={view} width={state.plotWidth.value} />}
      </div>
      <Charts {...{state, api, run, layout}} />
      {error !== null && <ErrorNotice what="The layers" error={error} retry={retry} />}
      {layout && layout.heatmap_measures.length > 0 && layout.layers.length > 0 && (
        <Heatmap {...{state, api, run, layout, layer: layer?.name ?? null}} />
      )}
      {layout && layer && <LayerPanel {...{state, api, run, layout, layer}} />}
      {layout?.layers.length === 0 && (
        <Notice>
          This run has no recorded gradients, so there is nothing to show by layer.{' '}
          <code>StabilityCallback</code> or <code>StabilityMonitor</code> records them.
        </Notice>
      )}
    </div>
  );
}

/** The step whose values are shown, with those that its column stands for. */
function ViewLabel({state}: {state: State}) {
  const {value: view} = state.view;
  const {value: step} = state.shownStep;
  const {value: columns} = state.columns;
  if (!view) return null;
  return (
    <div class="view-label">
      {step === null ? (
        <span title="Without a step under the pointer, the numbers are those at the end of the view">
          up to {formatSteps(...stepsAt(columns, view.to))}
        </span>
      ) : (
        <strong>{formatSteps(...stepsAt(columns, step))}</strong>
      )}
    </div>
  );
}
