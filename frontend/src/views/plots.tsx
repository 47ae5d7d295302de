/** Everything on the step axis of the selected run: charts, heatmap, selected layer. */
import {useSignalEffect} from '@preact/signals';
import {useRef} from 'preact/hooks';
import type {Api} from '../api';
import {formatSteps} from '../lib/format';
import {layersToSelect} from '../lib/layers';
import {stepToX} from '../lib/range';
import {stepsAt} from '../lib/series';
import {showRange, type State} from '../state';
import type {Layer, Layout} from '../types';
import {Charts} from './charts';
import {Heatmap} from './heatmap';
import {LayerPanel} from './layer_panel';
import {ErrorNotice, Notice} from './notices';
import {StepAxis} from './step_axis';
import {useResource} from './use_resource';

export function Plots({state, api, run}: {state: State; api: Api; run: string}) {
  const {value: layout, error, retry} = useResource(state, run, run, () => api.layout(run));
  const place = usePointerLines(state);
  const view = state.view.value;
  const name = layout && shownLayer(state, layout);
  const layer = layout && allLayers(layout).find((candidate) => candidate.name === name);
  return (
    <div class="plots" ref={place}>
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

/** The step under the pointer, with those that its column stands for; without a pointer the steps in view with a way back to all. */
function ViewLabel({state}: {state: State}) {
  const {value: view} = state.view;
  const {value: cursor} = state.cursor;
  const {value: columns} = state.columns;
  if (!view) return null;
  return (
    <div class="view-label">
      {cursor !== null ? (
        <strong>{formatSteps(...stepsAt(columns, cursor))}</strong>
      ) : state.range.value ? (
        <button
          type="button"
          title="Show the whole run (Esc)"
          onClick={() => {
            showRange(state, null);
          }}
        >
          Whole run
        </button>
      ) : (
        <span>step</span>
      )}
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

/** Moves the cursor line and the selection of all plots: CSS variables, so that nothing is drawn anew. */
function usePointerLines(state: State) {
  const place = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const {cursor, selection, view, plotWidth} = state;
    const style = place.current?.style;
    const {value: range} = view;
    if (!style || !range) return;
    const x = (step: number) => stepToX(step, range, plotWidth.value);
    style.setProperty('--cursor-x', cursor.value === null ? '-10px' : `${x(cursor.value)}px`);
    const marked = selection.value;
    style.setProperty('--selection-x', marked ? `${x(marked.from - 0.5)}px` : '-10px');
    style.setProperty('--selection-width', marked ? `${x(marked.to + 0.5) - x(marked.from - 0.5)}px` : '0px');
  });
  return place;
}
