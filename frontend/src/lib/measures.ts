/** The measures: their names, units and what they are in one line. */

export interface Measure {
  title: string;
  /** Empty for a ratio or a number without a unit of its own. */
  unit: string;
  explanation: string;
}

const SCALARS: Record<string, Measure> = {
  loss: {title: 'Loss', unit: '', explanation: "loss of each step's own batch"},
  learning_rate: {
    title: 'Learning rate',
    unit: '',
    explanation: 'learning rate that the optimizer used for the update',
  },
  grad_norm: {
    title: 'Gradient norm',
    unit: 'loss / weight',
    explanation: 'L2 norm over the gradients of all variables, before and after clipping',
  },
  loss_scale: {
    title: 'Loss scale',
    unit: 'factor',
    explanation: 'factor that the loss was multiplied by, so that float16 gradients do not vanish',
  },
  update_ratio_max: {
    title: 'Largest update ratio',
    unit: 'ratio',
    explanation: 'largest update norm / weight norm over the variables of the step',
  },
  step_seconds: {
    title: 'Step time',
    unit: 'seconds',
    explanation: 'wall time from the start of a step to the start of the next',
  },
};

const LAYER_MEASURES: Record<string, Measure> = {
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
    title: 'Normalization drift',
    unit: 'from start',
    explanation: 'root mean square over the channels of how far gamma or beta is from its start',
  },
};

/** A scalar of the whole run. */
export function scalarText(name: string): Measure {
  return textOf(SCALARS, name);
}

/** A measure of a whole layer, as in the heatmap. */
export function measureText(measure: string): Measure {
  return textOf(LAYER_MEASURES, measure);
}

/** What a newer version measures is shown by its own name. */
function textOf(texts: Record<string, Measure>, name: string): Measure {
  const known = Object.hasOwn(texts, name) ? texts[name] : undefined;
  return known ?? {title: name.replaceAll('_', ' '), unit: '', explanation: ''};
}
