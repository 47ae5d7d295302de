/** The layers that can be looked at one by one. */
import type {Layer, Layout, SymptomWindow} from '../types';

/** Those of the heatmap, then those that have nothing but an activation. */
export function layersToSelect({layers, activations}: Layout): {measured: Layer[]; activationOnly: Layer[]} {
  const names = new Set(layers.map(({name}) => name));
  const activationOnly = activations
    .filter(({layer}) => !names.has(layer))
    .map(({layer}) => ({name: layer, variables: [], normalization: null}));
  return {measured: layers, activationOnly};
}

/** The layer that is shown: the chosen one, else that of the selected window, else that of the first window with one, else the first; null without layers. */
export function shownLayer(
  chosen: string | null,
  selected: SymptomWindow | null,
  windows: readonly SymptomWindow[],
  layout: Layout
): Layer | null {
  const {measured, activationOnly} = layersToSelect(layout);
  const layers = new Map([...measured, ...activationOnly].map((layer) => [layer.name, layer]));
  const names = [chosen, selected?.layer ?? null, ...windows.map(({layer}) => layer)];
  const name = names.find((candidate) => candidate !== null && layers.has(candidate));
  return layers.get(name ?? '') ?? measured[0] ?? null;
}

/** The measure of the heatmap: the chosen one where the run has it, else the first; null where it has none. */
export function shownMeasure(chosen: string | null, {heatmap_measures: measures}: Layout): string | null {
  return measures.find((measure) => measure === chosen) ?? measures[0] ?? null;
}

/** `kernel 64×32 · bias 32 · relu of 32 units`. */
export function layerSentence({name, variables, normalization}: Layer, {activations}: Layout): string {
  const parts = variables.map(({role, shape}) => `${role} ${shape.length > 0 ? shape.join('×') : 'scalar'}`);
  if (normalization) {
    const {kind, channels, trainable} = normalization;
    parts.push(channels > 0 ? `${kind} of ${channels} channels` : kind);
    if (!trainable) parts.push('not trainable');
  }
  const activation = activations.find(({layer}) => layer === name);
  if (activation) parts.push(`${activation.function} of ${activation.units} units`);
  return parts.join(' · ');
}
