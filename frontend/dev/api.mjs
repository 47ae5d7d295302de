// Answers the plugin's HTTP API from example runs.
import {columnsOf, encodeFrame, pool} from './frame.mjs';
import {groupsOf} from './many_runs.mjs';

const VARIABLE_MEASURES = ['grad_norm', 'update_ratio', 'weight_norm'];
const EXPONENTS = [-32, 15];
const OCTAVES = EXPONENTS[1] - EXPONENTS[0] + 1;
/** Every so many steps activations and histograms are sampled. */
const SAMPLED_EVERY = 25;
const HEATMAP_MEASURES = ['grad_norm', 'update_ratio', 'weight_norm', 'nonfinite'];

/** The answer to a route: an object (JSON), a Buffer (frame), or an `Answer` with another status. */
export function answer(logdir, runs, route, query) {
  if (route === 'runs') {
    return {
      version: 1,
      logdir: `/logs/${logdir}`,
      runs: runs.map(({report}) => report),
      groups: groupsOf(runs.map(({report}) => report)),
      summary: summaryOf(runs.map(({report}) => report)),
    };
  }
  const run = runs.find(({report}) => report.run === query.get('run'));
  if (!run) return new Answer(404, {error: `there is no run ${query.get('run')}`});
  if (route === 'layout') return layout(run);
  if (run.report.run === 'api_error') return new Answer(500, 'Internal Server Error');
  const {first, last} = run.report.steps;
  const columns = columnsOf(
    Math.max(first, Number(query.get('from') ?? first)),
    Math.min(last, Number(query.get('to') ?? last)),
    Number(query.get('cols') ?? 1200),
    run.rowSteps
  );
  if (route === 'steps') return steps(run, columns);
  if (route === 'heatmap') return heatmap(run, query.get('measure'), columns);
  if (route === 'layer') return layer(run, query.get('layer'), columns);
  if (route === 'activations') return activations(run);
  if (route === 'histograms') return histograms(run, query.get('layer'));
  return new Answer(404, {error: `there is no route ${route}`});
}

function summaryOf(reports) {
  const counts = {};
  for (const {verdict} of reports) counts[verdict.status] = (counts[verdict.status] ?? 0) + 1;
  const words = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  return {text: `Of ${reports.length} runs: ${words.join(', ')}.`, counts};
}

export class Answer {
  constructor(status, body) {
    this.status = status;
    this.body = body;
  }
}

function layout({report, layers, activations: found, moreScalars}) {
  const normalized = layers.some(({normalization}) => normalization?.vectors.length > 0);
  const scalars = ['loss', 'learning_rate', 'batch_size', 'grad_norm', 'step_seconds', ...moreScalars];
  return {
    run: report.run,
    scalars: layers.length > 0 ? scalars : ['loss'],
    layers,
    activations: found,
    heatmap_measures: layers.length > 0 ? [...HEATMAP_MEASURES, ...(normalized ? ['bn_drift'] : [])] : [],
  };
}

function stepArrays({first, last}) {
  return [
    ['first_step', first, [first.length]],
    ['last_step', last, [last.length]],
  ];
}

function seriesArrays(name, valueAt, columns) {
  return Object.entries(pool(valueAt, columns)).map(([part, array]) => [
    `${name}/${part}`,
    array,
    [array.length],
  ]);
}

function steps(run, columns) {
  const series = layout(run).scalars.flatMap((name) =>
    seriesArrays(name, (step) => run.curves[name](step), columns)
  );
  return encodeFrame(run.report.run, [...stepArrays(columns), ...series]);
}

/** A curve of a layer, which has values at measured steps only. */
function measured({report, curves}, measure, index) {
  const every = report.cost?.every ?? 1;
  return (step) => (step % every === 0 ? curves[measure](step, index) : undefined);
}

function heatmap(run, measure, columns) {
  const {report, layers} = run;
  const width = columns.first.length;
  const max = new Float32Array(layers.length * width);
  const nonfinite = new Uint32Array(max.length);
  layers.forEach((layer, index) => {
    const vectors = layer.normalization?.vectors ?? [];
    const absent = measure === 'bn_drift' ? vectors.length === 0 : layer.variables.length === 0;
    const pooled = pool(measured(run, measure, index), columns);
    max.set(absent ? new Float32Array(width).fill(NaN) : pooled.max, index * width);
    if (!absent)
      nonfinite.set(
        pooled.nan.map((count, i) => count + pooled.inf[i]),
        index * width
      );
  });
  const shape = [layers.length, width];
  return encodeFrame(
    report.run,
    [...stepArrays(columns), ['max', max, shape], ['nonfinite', nonfinite, shape]],
    {layers: layers.map(({name}) => name), measure}
  );
}

function layer(run, name, columns) {
  const {report, layers} = run;
  const index = layers.findIndex((candidate) => candidate.name === name);
  if (index < 0) return new Answer(404, {error: `the run has no layer ${name}`});
  const {variables, normalization} = layers[index];
  const series = VARIABLE_MEASURES.flatMap((measure) =>
    variables.map((variable, i) => ({
      entry: {name: `${measure}/${variable.name}`, measure, of: variable.name},
      valueAt: scaled(measured(run, measure, index), 0.6 ** i),
    }))
  );
  (normalization?.vectors ?? []).forEach((vector, i) => {
    const frozen = report.run === 'custom_loop' && vector.startsWith('moving');
    series.push({
      entry: {name: `${vector}_distance/${name}`, measure: `${vector}_distance`, of: name},
      valueAt: scaled(measured(run, 'bn_drift', index), frozen ? 0 : 1 + i),
    });
  });
  if (normalization?.kind === 'BatchNormalization')
    series.push({
      entry: {name: `batch_statistics/${name}`, measure: 'batch_statistics', of: name},
      valueAt: () => (report.run === 'custom_loop' ? 0 : 1),
    });
  const arrays = series.flatMap(({entry, valueAt}) => seriesArrays(entry.name, valueAt, columns));
  return encodeFrame(report.run, [...stepArrays(columns), ...arrays], {
    layer: name,
    series: series.map(({entry}) => entry),
  });
}

function scaled(valueAt, factor) {
  return (step) => {
    const value = valueAt(step);
    return value === undefined ? undefined : value * factor;
  };
}

function sampledSteps({report}) {
  const {first, last} = report.steps;
  return Int32Array.from(
    {length: Math.floor((last - first) / SAMPLED_EVERY) + 1},
    (_, i) => first + i * SAMPLED_EVERY
  );
}

function activations(run) {
  const steps = sampledSteps(run);
  const share = (curve) =>
    Float32Array.from(
      run.activations.flatMap((activation, row) => Array.from(steps, (step) => curve(activation, step, row)))
    );
  const shape = [run.activations.length, steps.length];
  const dead = share((activation, step, row) =>
    activation.function === 'relu' ? run.curves.dead_share(step, row) : NaN
  );
  const saturated = share(({function: name}, step, row) =>
    name === 'tanh' ? run.curves.saturated_share(step, row) : NaN
  );
  const arrays = [
    ['step', steps, [steps.length]],
    ['dead_share', dead, shape],
    ['saturated_share', saturated, shape],
  ];
  return encodeFrame(run.report.run, arrays, {activations: run.activations});
}

/** Every gradient spreads over eight octaves below its norm. */
function histograms(run, name) {
  const steps = sampledSteps(run);
  const index = run.layers.findIndex((candidate) => candidate.name === name);
  if (index < 0) return new Answer(404, {error: `the run has no layer ${name}`});
  const bins = 2 * OCTAVES + 4;
  const counts = new Uint32Array(steps.length * bins);
  steps.forEach((step, i) => {
    const top = Math.floor(Math.log2(run.curves.grad_norm(step, index))) - 3;
    for (let e = Math.max(EXPONENTS[0], top - 7); e <= Math.min(EXPONENTS[1], top); e++) {
      const octave = e - EXPONENTS[0];
      counts[i * bins + OCTAVES - 1 - octave] = counts[i * bins + OCTAVES + 1 + octave] = 250;
    }
  });
  const arrays = run.layers[index].variables.map((variable) => [variable.name, counts, [steps.length, bins]]);
  return encodeFrame(run.report.run, [['step', steps, [steps.length]], ...arrays], {
    layer: name,
    bins: {exponents: EXPONENTS, order: ['negative', 'zero', 'positive', 'nan', '-inf', 'inf']},
  });
}
