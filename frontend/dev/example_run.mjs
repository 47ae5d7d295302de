// What example runs are made of: layers, windows, and a run around them.
import {decay, noise} from './curves.mjs';

const CHECKED = [
  'non_finite',
  'loss_spike',
  'loss_divergence',
  'exploding_gradient',
  'vanishing_gradient',
  'update_ratio_high',
  'update_ratio_low',
];

export function dense(name, inputs, units) {
  return {
    name,
    variables: [
      {name: `${name}/kernel`, role: 'kernel', shape: [inputs, units]},
      {name: `${name}/bias`, role: 'bias', shape: [units]},
    ],
    normalization: null,
  };
}

export function batchNormalization(name, channels) {
  return {
    name,
    variables: ['gamma', 'beta'].map((role) => ({name: `${name}/${role}`, role, shape: [channels]})),
    normalization: {
      kind: 'BatchNormalization',
      vectors: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
      channels,
      trainable: true,
    },
  };
}

export function layerNormalization(name, channels) {
  return {
    name,
    variables: ['gamma', 'beta'].map((role) => ({name: `${name}/${role}`, role, shape: [channels]})),
    normalization: {kind: 'LayerNormalization', vectors: ['gamma', 'beta'], channels, trainable: true},
  };
}

/** Has neither vectors nor variables. */
export function unitNormalization(name) {
  return {
    name,
    variables: [],
    normalization: {kind: 'UnitNormalization', vectors: [], channels: 0, trainable: true},
  };
}

function costOf(every, steps) {
  const observed = every === 1 ? 'every step observed' : `layers observed at every ${every}th step`;
  return {
    budget: 0.03,
    share: 0.018,
    every,
    full_steps: Math.ceil(steps / every),
    text: `Stability cost 1.8 % of step time, ${observed}.`,
  };
}

function tensorRange(role, shape, dtype, min, max, mean) {
  return {role, name: '', shape, dtype, min, max, mean, nan: 0, inf: 0};
}

export function window(kind, series, layers, start_step, end_step, severity = 'critical', peak_score = 3.4) {
  const alarm_step = start_step + 4;
  const peak_step = Math.min(end_step ?? Infinity, alarm_step + 3);
  return {
    kind,
    series,
    layer: layers[0] ?? null,
    layers,
    start_step,
    alarm_step,
    end_step,
    peak_step,
    peak_score,
    severity,
    outcome: end_step === null ? 'run_ended' : 'recovered',
  };
}

export function run(name, options) {
  const {steps, verdict, windows = [], layers = [], activations = [], curves, ...rest} = options;
  const {moreScalars = [], rowSteps = 1, every = 1, ...more} = rest;
  const skipped = layers.some(({normalization}) => normalization)
    ? []
    : [
        {
          name: 'bn_statistics_frozen',
          status: 'skipped',
          reason: 'the model has no BatchNormalization layer',
        },
      ];
  const [status, text, why, next] = verdict;
  return {
    report: {
      run: name,
      verdict: {status, text, why, next},
      steps: {
        first: steps > 0 ? 0 : null,
        last: steps > 0 ? steps - 1 : null,
        observed: steps,
        recorded: steps,
      },
      windows: windows.sort((a, b) => a.start_step - b.start_step),
      findings: [],
      diagnoses: [],
      checks: [
        ...CHECKED.map((check) => ({name: check, status: 'ran', reason: ''})),
        ...(skipped.length > 0 ? skipped : [{name: 'bn_statistics_frozen', status: 'ran', reason: ''}]),
        {name: 'dead_units', status: 'skipped', reason: 'no detector looks for it in this version'},
      ],
      cost: layers.length > 0 ? costOf(every, steps) : null,
      first_batch:
        layers.length > 0
          ? [
              tensorRange('input', [64, 64], 'float32', -3.1, 3.2, 0.01),
              tensorRange('target', [64], 'int64', 0, 9, 4.6),
            ]
          : [],
      source: {
        recorded: true,
        sampled: false,
        kept: steps,
        of: steps,
        axis: 'step',
        tags: {},
        histograms: 0,
      },
      state: 'ended',
      problems: [],
      final: null,
      stop_step: null,
      configuration: null,
      fingerprint: null,
      ...more,
    },
    layers,
    activations,
    moreScalars,
    rowSteps,
    // By series: step (and layer index) to value.
    curves: {
      loss: (step) => decay(step, 2.3, 0.1, steps / 5) * noise(0.3, name, step),
      learning_rate: () => 1e-3,
      batch_size: () => 64,
      grad_norm: (step, layer) =>
        decay(step, 1.5, 0.2, steps / 4) * 0.85 ** (layer ?? 0) * noise(0.5, name, 'g', layer, step),
      update_ratio: (step, layer) => decay(step, 4e-3, 6e-4, steps / 4) * noise(0.6, name, 'u', layer, step),
      weight_norm: (step, layer) => 6 + (layer ?? 0) / 3 + step / steps,
      bn_drift: (step) => 0.1 * Math.sqrt(step / steps),
      nonfinite: () => 0,
      step_seconds: (step) => 0.02 * noise(0.2, name, 't', step),
      clipped_grad_norm: (step) => Math.min(0.5, decay(step, 1.5, 0.2, steps / 4)),
      loss_scale: (step) => 32768 * 2 ** Math.floor(step / 100),
      dead_share: (step, row) => 0.1 + (0.3 + 0.1 * row) * (1 - Math.exp(-step / 100)),
      saturated_share: (step) => 0.6 * (step / steps),
      ...curves,
    },
  };
}

export const MLP = [dense('dense', 64, 64), dense('dense_1', 64, 32), dense('dense_2', 32, 10)];
export const BN = [
  dense('dense', 64, 64),
  batchNormalization('bn', 64),
  dense('dense_1', 64, 32),
  batchNormalization('bn_1', 32),
  dense('classifier', 32, 10),
];
export const DEEP = Array.from({length: 12}, (_, i) => dense(i === 0 ? 'dense' : `dense_${i}`, 32, 32));
