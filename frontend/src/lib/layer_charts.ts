/** The charts of a layer: what they show, in which unit, and what that is. */
import type {Measure} from './measures';

export interface LayerChart extends Measure {
  /** A line for each, with its label; an empty one stands for the name of the variable. */
  measures: Record<string, string>;
  /** Measures whose windows belong here. */
  watched: string[];
  /** Whether it is compared with 1e-3, and with what is usual in this run. */
  isRatio?: boolean;
}

/** In their order; charts of series that a layer lacks are left out. */
export const LAYER_CHARTS: LayerChart[] = [
  {
    title: 'Update / weight',
    unit: 'ratio',
    explanation:
      'L2 norm of an update / L2 norm of the weights that it changes. Around 1e-3 is usual; the healthy band goes from the 5 to the 95 % quantile of the first line, over the steps of this run outside of windows.',
    measures: {update_ratio: ''},
    watched: ['update_ratio', 'update_norm'],
    isRatio: true,
  },
  {
    title: 'Gradient norm',
    unit: 'loss / weight',
    explanation: 'L2 norm of the gradient of each variable, as given to the optimizer, before clipping.',
    measures: {grad_norm: ''},
    watched: ['grad_norm', 'grad_max'],
  },
  {
    title: 'Weight norm',
    unit: 'weight',
    explanation: 'L2 norm of each variable.',
    measures: {weight_norm: ''},
    watched: ['weight_norm'],
  },
  {
    title: 'Gamma, beta drift',
    unit: 'L2 from start',
    explanation: 'L2 norm over the channels of how far gamma and beta are from where they started.',
    measures: {gamma_distance: 'gamma', beta_distance: 'beta'},
    watched: ['gamma_norm', 'gamma_distance', 'beta_norm', 'beta_distance'],
  },
  {
    title: 'Gamma, beta',
    unit: 'factor, shift',
    explanation:
      'Smallest and largest over the channels. Gamma starts at 1 and multiplies, beta starts at 0 and is added.',
    measures: {gamma_max: 'γ max', gamma_min: 'γ min', beta_max: 'β max', beta_min: 'β min'},
    watched: [],
  },
  {
    title: 'Moving statistics drift',
    unit: 'L2 from start',
    explanation:
      'L2 norm over the channels of how far the moving mean and the moving variance are from where they started.',
    measures: {moving_mean_distance: 'mean', moving_variance_distance: 'variance'},
    watched: ['moving_mean_change', 'moving_variance_change'],
  },
  {
    title: 'Moving mean',
    unit: 'input',
    explanation: "Smallest and largest over the channels, in the unit of the layer's input.",
    measures: {moving_mean_max: 'max', moving_mean_min: 'min'},
    watched: [],
  },
  {
    title: 'Moving variance',
    unit: 'input²',
    explanation: "Smallest and largest over the channels, in the square of the unit of the layer's input.",
    measures: {moving_variance_max: 'max', moving_variance_min: 'min'},
    watched: [],
  },
];

export const HISTOGRAM_TEXT: Measure = {
  title: 'Gradients',
  unit: 'loss / weight',
  explanation:
    'How the entries of a gradient are spread: a colour is the share of the entries in an octave of size, from dark (1 in 10,000) to pale (all); positive above, negative below; zero, NaN and Inf have bars of their own.',
};

export const ACTIVATION_TEXT: Measure = {
  title: 'Dead, saturated',
  unit: 'share',
  explanation:
    'Dead: units that are 0 for every example of the batch. Saturated: outputs within 1 % of an end of the range of the function.',
};
