/** What the heatmap shows: the measure, which layers, in what order. */
import {filterOf} from '../lib/layer_rows';
import {measureText} from '../lib/measures';
import {togglePin, type LayerOrder} from '../plot_choices';
import type {State} from '../state';
import type {Layout} from '../types';

interface HeatmapToolsProps {
  state: State;
  layout: Layout;
  measure: string;
  /** The selected layer, or null. */
  layer: string | null;
  /** What is compared where layers are sorted by change. */
  compared: string;
  /** How many layers match the filter. */
  matching: number;
}

const ORDERS: Record<LayerOrder, string> = {
  network: 'in the network',
  change: 'changed most first',
};

export function HeatmapTools({state, layout, measure, layer, compared, matching}: HeatmapToolsProps) {
  const {filter, pins, order} = state.plots;
  const {title, explanation} = measureText(measure);
  const pinnable = layer !== null && layout.layers.some(({name}) => name === layer);
  const broken = filterOf(filter.value) === null;
  return (
    <>
      <div class="section-line">
        <h3>Layers</h3>
        <label>
          Measure{' '}
          <select
            value={measure}
            onChange={(event) => {
              state.measure.value = event.currentTarget.value;
            }}
          >
            {layout.heatmap_measures.map((name) => (
              <option key={name} value={name}>
                {measureText(name).title}
              </option>
            ))}
          </select>
        </label>
        <label>
          Order{' '}
          <select
            value={order.value}
            onChange={(event) => {
              order.value = event.currentTarget.value === 'change' ? 'change' : 'network';
            }}
          >
            {Object.entries(ORDERS).map(([name, text]) => (
              <option key={name} value={name}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          Filter{' '}
          <input
            type="search"
            class="layer-filter"
            placeholder="regular expression"
            aria-label="Filter layers by name, a regular expression"
            aria-invalid={broken}
            value={filter.value}
            onInput={(event) => {
              filter.value = event.currentTarget.value;
            }}
          />
        </label>
        {pinnable && (
          <button
            type="button"
            aria-pressed={pins.value.has(layer)}
            title="A pinned layer stays on top"
            onClick={() => {
              togglePin(state.plots, layer);
            }}
          >
            {pins.value.has(layer) ? 'Unpin' : 'Pin'} <bdi>{layer}</bdi>
          </button>
        )}
      </div>
      <p class="hint heatmap-hint" aria-live="polite">
        {title}: {explanation}.{order.value === 'change' && ` ${compared}`}
        {broken && ' The filter is not a regular expression, so all layers are shown.'}
        {!broken && filter.value !== '' && ` ${matching} of ${layout.layers.length} layers match.`}
      </p>
    </>
  );
}
