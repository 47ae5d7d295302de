// Example runs: what the demo shows, and what is hard to show.
import {decay, noise} from './curves.mjs';
import {
  batchNormalization,
  BN,
  DEEP,
  dense,
  layerNormalization,
  MLP,
  run,
  unitNormalization,
  window,
} from './example_run.mjs';
import {many} from './many_runs.mjs';

function demo() {
  const blowUp = (step) => (step < 46 ? 1 : 1.9 ** (step - 46));
  const broken = (value, step, at = 92) => (step < at ? value : step % 7 === 0 ? Infinity : NaN);
  return [
    run('custom_loop', {
      steps: 300,
      layers: BN,
      verdict: [
        'unstable',
        'BatchNormalization statistics never moved from step 0 on, first in bn',
        'The moving statistics of bn and bn_1 did not change in 300 of 300 steps while gamma and beta were trained; the loss diverged from step 120 on.',
        'Call the model with training=True in the training step: model(x, training=True).',
      ],
      windows: [
        window('bn_statistics_frozen', 'moving_mean_change/bn', ['bn', 'bn_1'], 0, null, 'warning', 1),
        window('loss_spike', 'loss', [], 84, 90, 'warning', 1.8),
        window(
          'exploding_gradient',
          'grad_norm/dense/kernel',
          ['dense', 'dense_1', 'classifier'],
          112,
          214,
          'critical',
          6.2
        ),
        window('loss_divergence', 'loss', [], 120, null, 'critical', 4.4),
        window('update_ratio_high', 'update_ratio/dense/kernel', ['dense'], 130, 150, 'info', 1.1),
      ],
      curves: {
        loss: (step) =>
          (decay(step, 2.3, 0.6, 40) +
            (step > 118 ? 0.08 * (step - 118) : 0) +
            (step > 84 && step < 90 ? 3 : 0)) *
          noise(0.3, 'c', step),
        grad_norm: (step, layer) =>
          (1 + (step > 110 && step < 215 ? 30 : 0)) * 0.8 ** (layer ?? 0) * noise(0.8, 'cg', layer, step),
        bn_drift: (step, layer) => (0.02 + step / (layer === 1 ? 120 : 300)) * noise(0.1, 'd', layer, step),
      },
    }),
    run('fit', {
      steps: 300,
      layers: BN,
      verdict: [
        'healthy',
        'Nothing abnormal in 300 steps',
        'The loss fell from 2.31 to 0.10; update ratios are within 5e-4 to 5e-3.',
        'Nothing to change.',
      ],
    }),
    run('healthy', {
      steps: 300,
      layers: MLP,
      activations: [
        {layer: 'dense', function: 'relu', units: 64},
        {layer: 'dense_1', function: 'tanh', units: 32},
      ],
      moreScalars: ['clipped_grad_norm', 'loss_scale'],
      verdict: [
        'healthy',
        'Nothing abnormal in 300 steps',
        'The loss fell from 2.31 to 0.12; update ratios are within 5e-4 to 5e-3.',
        'Nothing to change.',
      ],
      windows: [window('update_ratio_high', 'update_ratio/dense_2/bias', ['dense_2'], 3, 11, 'info', 1.2)],
    }),
    run('lr_too_high', {
      steps: 140,
      layers: MLP,
      verdict: [
        'diverged',
        'The loss became NaN at step 92, 46 steps after the gradients exploded in dense',
        'The gradient norm of dense rose from 1.4 to 2.1e12 within 46 steps; the update-to-weight ratio was 0.31 (usual: around 1e-3).',
        'Lower the learning rate: try 1e-3 in place of 1.0, or clip gradients with clipnorm=1.0.',
      ],
      windows: [
        window('update_ratio_high', 'update_ratio/dense/kernel', ['dense', 'dense_1'], 2, 91, 'warning', 31),
        window(
          'exploding_gradient',
          'grad_norm/dense/kernel',
          ['dense', 'dense_1', 'dense_2'],
          46,
          91,
          'critical',
          2.1e11
        ),
        window('loss_divergence', 'loss', [], 48, 91, 'critical', 900),
        window('non_finite', 'loss', [], 92, null, 'critical', 'Infinity'),
      ],
      curves: {
        loss: (step) => broken(2.3 * blowUp(step) * noise(0.4, 'l', step), step),
        learning_rate: () => 1,
        grad_norm: (step, layer) =>
          broken(
            1.4 * blowUp(step) * 0.8 ** (layer ?? 0) * noise(0.5, 'lg', layer, step),
            step,
            91 + (2 - (layer ?? 2))
          ),
        update_ratio: (step, layer) =>
          broken(0.02 * Math.min(1e3, blowUp(step)) * noise(0.5, 'lu', layer, step), step),
        weight_norm: (step) => broken(6 * blowUp(step), step),
        nonfinite: (step) => (step < 92 ? 0 : 1),
      },
    }),
    run('vanishing', {
      steps: 300,
      layers: DEEP,
      verdict: [
        'not_learning',
        'Hardly any gradient reaches dense to dense_8 from step 0 on',
        'The gradient norm falls by a factor of 12 a layer: 3e-2 at dense_11, 1e-14 at dense.',
        'Use ReLU with He initialization, or BatchNormalization between the layers.',
      ],
      windows: [
        window(
          'vanishing_gradient',
          'grad_norm/dense/kernel',
          DEEP.slice(0, 9).map(({name}) => name),
          0,
          null,
          'critical',
          12
        ),
        window(
          'update_ratio_low',
          'update_ratio/dense/kernel',
          DEEP.slice(0, 7).map(({name}) => name),
          6,
          null,
          'warning',
          4
        ),
      ],
      curves: {
        loss: (step) => 2.303 * noise(0.01, 'v', step),
        grad_norm: (step, layer) => 3e-2 * 12 ** ((layer ?? 11) - 11) * noise(0.4, 'vg', layer, step),
        update_ratio: (step, layer) => 1e-3 * 5 ** ((layer ?? 11) - 11) * noise(0.4, 'vu', layer, step),
      },
    }),
  ];
}

/** 300 layers over 20,000 steps, and 40 windows, some on top of each other. */
function large() {
  const layers = Array.from({length: 300}, (_, i) =>
    i % 3 === 2
      ? batchNormalization(`backbone/stage_${Math.floor(i / 60)}/residual_block_${i}/batch_normalization`, 64)
      : dense(
          `backbone/stage_${Math.floor(i / 60)}/residual_block_${i}/projection_${i % 2 ? 'expand' : 'reduce'}`,
          64,
          64
        )
  );
  const windows = Array.from({length: 40}, (_, i) => {
    const start = 480 * i + (i % 5) * 40;
    const kinds = ['loss_spike', 'exploding_gradient', 'update_ratio_high', 'bn_drift', 'saturated_units'];
    const severity = ['info', 'warning', 'critical'][i % 3];
    const layer = layers[(7 * i) % 300].name;
    return window(
      kinds[i % 5],
      i % 5 === 0 ? 'loss' : `grad_norm/${layer}/kernel`,
      i % 5 === 0 ? [] : [layer],
      start,
      start + 30 + 190 * (i % 7),
      severity
    );
  });
  return run('large/resnet_300_layers', {
    steps: 20000,
    layers,
    windows,
    state: 'running',
    verdict: [
      'warning',
      'Forty windows in 20,000 steps, most of them short',
      'Loss spikes come back every 2,400 steps.',
      'Look at the data order.',
    ],
    curves: {
      loss: (step) => (decay(step, 7, 1.8, 4000) + (step % 2400 < 30 ? 4 : 0)) * noise(0.1, 'L', step),
      learning_rate: (step) =>
        3e-4 * Math.min(1, step / 1000) * (0.5 + 0.5 * Math.cos((Math.PI * step) / 20000)),
      grad_norm: (step, layer) =>
        (layer === 200 && step === 9000 ? NaN : 0.2 * 10 ** Math.sin((layer ?? 0) / 30)) *
        (step % 2400 < 30 ? 20 : 1) *
        (1 + 0.3 * Math.sin(step * 0.37 + (layer ?? 0))),
      update_ratio: (step, layer) =>
        1e-3 * 10 ** Math.sin((layer ?? 0) / 20) * (1 + 0.3 * Math.sin(step * 0.31)),
    },
  });
}

/** Layers at every 10th step, normalizations of several kinds, activations that are layers of their own. */
function thinned() {
  return run('thinned', {
    steps: 300,
    every: 10,
    layers: [
      dense('embed', 64, 64),
      layerNormalization('ln', 64),
      unitNormalization('unit'),
      dense('out', 64, 4),
    ],
    activations: [
      {layer: 'embed', function: 'tanh', units: 64},
      {layer: 're_lu', function: 'relu', units: 64},
    ],
    verdict: ['healthy', 'Nothing abnormal in 300 steps', 'The loss fell.', 'Nothing to change.'],
    curves: {
      grad_norm: (step, layer) =>
        layer === 3 && step === 150
          ? NaN
          : decay(step, 1.5, 0.2, 75) * 0.5 ** (layer ?? 0) * noise(0.5, 'th', layer, step),
    },
  });
}

/** Each stored row stands for 32 steps. */
function longRun() {
  return run('long', {
    steps: 3200,
    rowSteps: 32,
    layers: MLP,
    verdict: [
      'warning',
      'One loss spike in 3,200 steps',
      'The loss was 9 at step 1,500.',
      'Look at that batch.',
    ],
    windows: [window('loss_spike', 'loss', [], 1500, 1502, 'warning', 2)],
    curves: {
      loss: (step) => (step === 1500 ? 9 : decay(step, 2.3, 0.1, 640) * noise(0.3, 'long', step)),
    },
  });
}

function edge() {
  const hostile = '<script>alert(1)</script>/‮txet desrever/' + 'a very long layer name '.repeat(5);
  const overlapping = Array.from({length: 5}, (_, i) =>
    window(
      ['loss_spike', 'loss_divergence', 'non_finite', 'exploding_gradient', 'a_kind_of_tomorrow'][i],
      'loss',
      [],
      20 + 3 * i,
      60 - 4 * i,
      ['info', 'warning', 'critical'][i % 3]
    )
  );
  return [
    run('one_step', {
      steps: 1,
      layers: MLP,
      verdict: ['unknown', 'One step is too few to judge', '', 'Train for longer.'],
    }),
    run('no_steps', {
      steps: 0,
      verdict: ['unknown', 'Nothing could be read', '', ''],
      problems: [
        'The log was written by a newer version of tb_stability (version 2; this one reads version 1). Update tb_stability.',
      ],
    }),
    run('plain_keras', {
      steps: 40,
      verdict: [
        'healthy',
        'Nothing abnormal in the 40 steps that were kept',
        'The loss fell.',
        'Record gradients with StabilityCallback to see layers.',
      ],
      source: {
        recorded: false,
        sampled: true,
        kept: 40,
        of: null,
        axis: 'epoch',
        tags: {loss: 'epoch_loss'},
        histograms: 0,
      },
      state: 'foreign',
      problems: ['Gradients were not recorded: this run was written by keras.callbacks.TensorBoard.'],
    }),
    run('overlapping', {
      steps: 100,
      layers: MLP,
      windows: overlapping,
      verdict: [
        'unstable',
        'Five windows on top of each other',
        'They overlap from step 32 to 44.',
        'Look at them.',
      ],
      curves: {loss: (step) => Math.sin(step / 9) * noise(0.2, 'o', step)},
    }),
    run('all_nan', {
      steps: 60,
      layers: MLP,
      verdict: ['diverged', 'Every loss was NaN from step 0 on', 'The inputs hold NaN.', 'Look at the data.'],
      windows: [window('non_finite', 'loss', [], 0, null, 'critical', 'Infinity')],
      curves: Object.fromEntries(
        ['loss', 'grad_norm', 'update_ratio', 'weight_norm'].map((name) => [name, () => NaN])
      ),
    }),
    run(hostile, {
      steps: 50,
      layers: [
        dense(hostile, 2, 2),
        dense('<img src=x onerror=alert(1)>', 2, 2),
        batchNormalization('שכבה', 4),
      ],
      verdict: ['warning', `Something about ${hostile}`, hostile, hostile],
      windows: [window('update_ratio_low', `update_ratio/${hostile}`, [hostile], 10, 20, 'warning')],
    }),
    run('api_error', {steps: 50, layers: MLP, verdict: ['healthy', 'Its charts fail to load', '', '']}),
    thinned(),
    longRun(),
    large(),
  ];
}

/** By the name of the logdir that is acted. */
export const LOGDIRS = {demo: demo(), edge: edge(), empty: [], many: many()};
