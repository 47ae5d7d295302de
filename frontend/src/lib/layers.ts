/** The layers that can be looked at one by one. */
import type {Layer, Layout} from '../types';

/** Those of the heatmap, then those that have nothing but an activation. */
export function layersToSelect({layers, activations}: Layout): {measured: Layer[]; activationOnly: Layer[]} {
  const names = new Set(layers.map(({name}) => name));
  const activationOnly = activations
    .filter(({layer}) => !names.has(layer))
    .map(({layer}) => ({name: layer, variables: [], normalization: null}));
  return {measured: layers, activationOnly};
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
