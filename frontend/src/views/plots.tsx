/** Everything on the step axis of the selected run: charts, heatmap, selected layer. */
import type {Api} from '../api';
import {formatSteps} from '../lib/format';
import {layersToSelect} from '../lib/layers';
import {stepsAt} from '../lib/series';
import type {State} from '../state';
import type {Layer, Layout} from '../types';
import {Charts} from './charts';
import {Heatmap} from './heatmap';
import {LayerPanel} from './layer_panel';
import {ErrorNotice, Notice} from './notices';
import {PlotTools} from './plot_tools';
import {StepAxis} from './step_axis';
import {useResource} from './use_resource';

export function Plots({state, api, run}: {state: State; api: Api; run: string}) {
  const {value: layout, error, retry} = useResource(state, run, run, () => api.layout(run));
  const view = state.view.value;
  const name = layout && shownLayer(state, layout);
  const layer = layout && allLayers(layout).find((candidate) => candidate.name === name);
  return (
    <div class="plots">
      <PlotTools state={state} />
      <div class="plots-axis">
        <ViewLabel state={state} />
        {view && state.plotWidth.value > 0 && <StepAxis range={view} width={state.plotWidth.value} />}
      </div>
      <Charts {...{state, api, run, layout}} />
      {error !== null && <ErrorNotice what="The layers" error={error} retry={retry} />}
      {layout && layout.heatmap_measures.length > 0 && layout.layers.length > 0 && (
        <Heatmap {...{state, api, run, layout, layer: name}} />
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
      {step === null ? <span>step</span> : <strong>{formatSteps(...stepsAt(columns, step))}</strong>}
    </div>
  );
}

/** The chosen layer, else that of the first window with one, else the first. */
function shownLayer(state: State, layout: Layout): string | null {
  const names = new Set(allLayers(layout).map(({name}) => name));
  const candidates = [state.layer.value, ...(state.report.value?.windows ?? []).map(({layer}) => layer)];
  return candidates.find((name) => name !== null && names.has(name)) ?? layout.layers[0]?.name ?? null;
}

function allLayers(layout: Layout): Layer[] {
  const {measured, activationOnly} = layersToSelect(layout);
  return [...measured, ...activationOnly];
}
