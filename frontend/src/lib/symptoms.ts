/** The kinds of window: a name, the letter on its bar, and one sentence on what it means. */

export interface Symptom {
  letter: string;
  name: string;
  meaning: string;
}

const SYMPTOMS: Record<string, Symptom> = {
  non_finite: {
    letter: 'N',
    name: 'Not finite',
    meaning: 'A value became NaN or infinite: from here on the weights that it touched are lost.',
  },
  loss_spike: {
    letter: 'S',
    name: 'Loss spike',
    meaning: 'The loss jumped far above its recent level and came back.',
  },
  loss_divergence: {
    letter: 'D',
    name: 'Loss divergence',
    meaning: 'The loss rose and stayed up, instead of going down.',
  },
  loss_oscillation: {
    letter: 'O',
    name: 'Loss oscillation',
    meaning: 'The loss swings up and down around a level and gets nowhere, as when the steps are too long.',
  },
  loss_plateau: {
    letter: 'P',
    name: 'Loss plateau',
    meaning: 'The loss stands still although hardly anything has been learned yet.',
  },
  exploding_gradient: {
    letter: 'E',
    name: 'Exploding gradient',
    meaning: 'The gradient grew far beyond its usual size, so the next update throws the weights away.',
  },
  vanishing_gradient: {
    letter: 'V',
    name: 'Vanishing gradient',
    meaning: 'Hardly any gradient reaches this layer, so it does not learn.',
  },
  update_ratio_high: {
    letter: 'H',
    name: 'Updates too large',
    meaning: 'An update changes the weights by a large part of their own size; around 1e-3 is usual.',
  },
  update_ratio_low: {
    letter: 'L',
    name: 'Updates too small',
    meaning: 'The updates are tiny against the weights, so the layer stands still; around 1e-3 is usual.',
  },
  dead_units: {
    letter: 'X',
    name: 'Dead units',
    meaning: 'Most units of the layer give zero for every example, batch after batch, so they do not learn.',
  },
  saturated_units: {
    letter: 'T',
    name: 'Saturated units',
    meaning: 'Most outputs of the layer sit at the flat ends of its function, where no gradient passes.',
  },
  bn_drift: {
    letter: 'B',
    name: 'BatchNormalization drift',
    meaning:
      'Gamma, beta or the moving statistics move ten times as fast as before, as when the inputs change.',
  },
  bn_statistics_frozen: {
    letter: 'F',
    name: 'BatchNormalization statistics frozen',
    meaning:
      'Gamma and beta are trained, but the moving statistics do not move: the layer runs in inference mode.',
  },
  generalization_gap: {
    letter: 'G',
    name: 'Generalization gap',
    meaning: 'The validation loss rises far above its best while the training loss goes on falling.',
  },
};

/** A kind of a newer version is shown by its own name. */
export function symptom(kind: string): Symptom {
  const known = Object.hasOwn(SYMPTOMS, kind) ? SYMPTOMS[kind] : undefined;
  return known ?? {letter: '?', name: kind.replaceAll('_', ' '), meaning: ''};
}

/** The CSS variable with the colour of a kind. */
export function kindColor(kind: string): string {
  return Object.hasOwn(SYMPTOMS, kind) ? `--kind-${kind}` : '--kind-unknown';
}
