import {expect, test} from 'vitest';
import {layerSentence, layersToSelect, shownLayer, shownMeasure} from '../src/lib/layers';
import type {Layer, Normalization} from '../src/types';
import {windowOf} from './reports';

function layer(name: string, normalization: Normalization | null = null): Layer {
  return {name, variables: [{name: `${name}/kernel`, role: 'kernel', shape: [4, 3]}], normalization};
}
const ACTIVATIONS = [
  {layer: 'dense', function: 'tanh', units: 3},
  {layer: 're_lu', function: 'relu', units: 8},
];
const LAYOUT = {
  run: 'fit',
  scalars: [],
  layers: [layer('dense'), layer('ln')],
  activations: ACTIVATIONS,
  heatmap_measures: [],
};

test('a layer that is nothing but an activation can be selected, after those of the heatmap and once', () => {
  const {measured, activationOnly} = layersToSelect(LAYOUT);
  expect(measured.map(({name}) => name)).toEqual(['dense', 'ln']);
  expect(activationOnly).toEqual([{name: 're_lu', variables: [], normalization: null}]);
});

test('a layer is described by its variables, its normalization of whatever kind, and its activation', () => {
  const normalization = {kind: 'LayerNormalization', vectors: ['gamma'], channels: 64, trainable: false};
  expect(layerSentence(layer('dense'), LAYOUT)).toBe('kernel 4×3 · tanh of 3 units');
  expect(layerSentence(layer('ln', normalization), LAYOUT)).toBe(
    'kernel 4×3 · LayerNormalization of 64 channels · not trainable'
  );
  const unit = {kind: 'UnitNormalization', vectors: [], channels: 0, trainable: true};
  expect(layerSentence({name: 'unit', variables: [], normalization: unit}, LAYOUT)).toBe('UnitNormalization');
});

test('the chosen layer is shown, else that of the selected window, of the first window that has one here, else the first', () => {
  const windows = [windowOf(), windowOf({layer: 'gone'}), windowOf({layer: 'ln'})];
  const name = (chosen: string | null, some = windows) => shownLayer(chosen, null, some, LAYOUT)?.name;
  expect(name('re_lu')).toBe('re_lu');
  expect(name(null)).toBe('ln');
  expect(name('gone')).toBe('ln');
  expect(name(null, [])).toBe('dense');
  const selected = windowOf({layer: 'dense'});
  expect(shownLayer(null, selected, windows, LAYOUT)?.name).toBe('dense');
  expect(shownLayer('re_lu', selected, windows, LAYOUT)?.name).toBe('re_lu');
  expect(shownLayer(null, null, windows, {...LAYOUT, layers: [], activations: []})).toBeNull();
});

test('the chosen measure is shown where the run has it', () => {
  const layout = {...LAYOUT, heatmap_measures: ['grad_norm', 'bn_drift']};
  expect(shownMeasure('bn_drift', layout)).toBe('bn_drift');
  expect(shownMeasure('nonfinite', layout)).toBe('grad_norm');
  expect(shownMeasure(null, LAYOUT)).toBeNull();
});
