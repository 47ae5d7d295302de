/** The measures of the heatmap and of a layer: their names and units. */

export interface Measure {
  title: string;
  /** Empty for a ratio or a number without a unit of its own. */
  unit: string;
  explanation: string;
}

const MEASURES: Record<string, Measure> = {
  grad_norm: {
    title: 'Gradient norm',
    unit: 'loss / weight',
    explanation: 'L2 norm over the gradients of the layer, as given to the optimizer',
  },
  update_ratio: {
    title: 'Update-to-weight ratio',
    unit: 'ratio',
    explanation: 'L2 norm of the update / L2 norm of the weights; around 1e-3 is usual',
  },
  weight_norm: {title: 'Weight norm', unit: 'weight', explanation: 'L2 norm over the weights of the layer'},
  nonfinite: {
    title: 'Non-finite share',
    unit: 'share',
    explanation: "share of the entries of the layer's gradients that are NaN or Inf",
  },
  bn_drift: {
    title: 'BatchNormalization drift',
    unit: 'from start',
    explanation: 'root mean square over the channels of how far gamma or beta is from its start',
  },
};

/** A measure of a newer version is shown by its own name. */
export function measureText(measure: string): Measure {
  const known = Object.hasOwn(MEASURES, measure) ? MEASURES[measure] : undefined;
  return known ?? {title: measure.replaceAll('_', ' '), unit: '', explanation: ''};
}
