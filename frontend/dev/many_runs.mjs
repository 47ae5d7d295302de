// A sweep: 200 runs, five seeds of each configuration, which makes 40 groups of repeated runs.
import {decay, noise} from './curves.mjs';
import {MLP, run, window} from './example_run.mjs';

const RATES = [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3];
const BATCHES = [16, 32, 64, 128, 256];
const SEEDS = 5;

export function many() {
  return RATES.flatMap((rate) =>
    BATCHES.flatMap((batch) => Array.from({length: SEEDS}, (_, seed) => sweepRun(rate, batch, seed)))
  );
}

function sweepRun(rate, batch, seed) {
  const name = `sweep/lr_${rate}/batch_${batch}/seed_${seed}`;
  const diverges = rate >= 1 && batch <= 64;
  const spikes = rate >= 0.1 && (seed + batch) % 3 === 0;
  const at = 40 + 7 * seed;
  const windows = [
    ...(diverges ? [window('loss_divergence', 'loss', [], at, null)] : []),
    ...(spikes ? [window('loss_spike', 'loss', [], at - 20, at - 12, 'warning', 2)] : []),
  ];
  const verdict = diverges
    ? [
        'diverged',
        `The loss diverged from step ${at} on`,
        'The loss rose.',
        `Lower the learning rate (${rate}).`,
      ]
    : spikes
      ? ['warning', `One loss spike at step ${at - 20}`, 'The loss jumped.', 'Look at that batch.']
      : ['healthy', 'Nothing abnormal in 120 steps', 'The loss fell.', 'Nothing to do.'];
  return run(name, {
    steps: 120,
    layers: MLP,
    verdict,
    windows,
    configuration: {
      optimizer: 'SGD',
      learning_rate: rate,
      batch_size: batch,
      seed,
      layers: 3,
      precision: 'float32',
    },
    fingerprint: `${rate}/${batch}`,
    curves: {
      learning_rate: () => rate,
      batch_size: () => batch,
      loss: (step) =>
        (decay(step, 2.3, 0.2, 30 / (1 + rate)) * noise(0.5, name, step) +
          (spikes && step > at - 20 && step < at - 12 ? 3 : 0)) *
        (diverges && step > at ? 1.2 ** (step - at) : 1),
    },
  });
}

/** The groups among these reports: runs with the same fingerprint. */
export function groupsOf(reports) {
  const groups = new Map();
  for (const report of reports) {
    if (report.fingerprint === null) continue;
    groups.set(report.fingerprint, [...(groups.get(report.fingerprint) ?? []), report]);
  }
  return [...groups.values()]
    .filter((runs) => runs.length > 1)
    .map((runs) => {
      const bad = runs.filter(({windows}) => windows.length > 0).length;
      const some = bad > 0 && bad < runs.length;
      return {
        name: runs[0].run.replace(/\/[^/]*$/, ''),
        runs: runs.map(({run: name}) => name),
        verdict: {
          status: some ? 'warning' : runs[0].verdict.status,
          text: some ? `${bad} of ${runs.length} repeated runs have windows` : runs[0].verdict.text,
          why: 'The runs have the same configuration.',
          next: some ? 'Fix the seed and compare two of them.' : 'Nothing to do.',
        },
        diagnoses: some ? [variance(bad, runs)] : [],
      };
    });
}

function variance(bad, runs) {
  return {
    cause: 'run_to_run_variance',
    title: 'Repeated runs that differ',
    confidence: 'likely',
    layer: null,
    first_step: Math.min(...runs.flatMap(({windows}) => windows.map(({start_step}) => start_step))),
    why: 'Runs that differ in nothing but the seed end differently.',
    fix: {text: 'Fix the seed.', code: 'keras.utils.set_random_seed(1)'},
    evidence: [{kind: 'runs', text: `${bad} of ${runs.length} runs have windows`, for: true}],
  };
}
