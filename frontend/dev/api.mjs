// Answers the plugin's HTTP API from example runs.
import {columnsOf, encodeFrame, pool} from './frame.mjs';

const VARIABLE_MEASURES = ['grad_norm', 'update_ratio', 'weight_norm'];
const HEATMAP_MEASURES = ['grad_norm', 'update_ratio', 'weight_norm', 'nonfinite'];

/** The answer to a route: an object (JSON), a Buffer (frame), or an `Answer` with another status. */
export function answer(logdir, runs, route, query) {
  if (route === 'runs')
    return {version: 1, logdir: `/logs/${logdir}`, runs: runs.map(({report}) => report), groups: []};
  const run = runs.find(({report}) => report.run === query.get('run'));
  if (!run) return new Answer(404, {error: `there is no run ${query.get('run')}`});
  if (route === 'layout') return layout(run);
  if (run.report.run === 'api_error') return new Answer(500, 'Internal Server Error');
  const {first, last} = run.report.steps;
  const columns = columnsOf(
    Math.max(first, Number(query.get('from') ?? first)),
    Math.min(last, Number(query.get('to') ?? last)),
    Number(query.get('cols') ?? 1200)
  );
  if (route === 'steps') return steps(run, columns);
  if (route === 'heatmap') return heatmap(run, query.get('measure'), columns);
  if (route === 'layer') return layer(run, query.get('layer'), columns);
  return new Answer(404, {error: `there is no route ${route}`});
}

export class Answer {
  constructor(status, body) {
    this.status = status;
    this.body = body;
  }
}

function layout({report, layers}) {
  const normalized = layers.some(({normalization}) => normalization);
  return {
    run: report.run,
    scalars: layers.length > 0 ? ['loss', 'learning_rate', 'batch_size', 'grad_norm'] : ['loss'],
    layers,
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

function heatmap({report, layers, curves}, measure, columns) {
  const width = columns.first.length;
  const max = new Float32Array(layers.length * width);
  const nonfinite = new Uint32Array(max.length);
  layers.forEach((layer, index) => {
    const absent = measure === 'bn_drift' && !layer.normalization;
    const pooled = pool((step) => curves[measure](step, index), columns);
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

function layer({report, layers, curves}, name, columns) {
  const index = layers.findIndex((candidate) => candidate.name === name);
  if (index < 0) return new Answer(404, {error: `the run has no layer ${name}`});
  const {variables, normalization} = layers[index];
  const series = VARIABLE_MEASURES.flatMap((measure) =>
    variables.map((variable, i) => ({
      entry: {name: `${measure}/${variable.name}`, measure, of: variable.name},
      valueAt: (step) => curves[measure](step, index) * 0.6 ** i,
    }))
  );
  (normalization?.vectors ?? []).forEach((vector, i) => {
    const frozen = report.run === 'custom_loop' && vector.startsWith('moving');
    series.push({
      entry: {name: `${vector}_distance/${name}`, measure: `${vector}_distance`, of: name},
      valueAt: (step) => (frozen ? 0 : curves.bn_drift(step, index) * (1 + i)),
    });
  });
  const arrays = series.flatMap(({entry, valueAt}) => seriesArrays(entry.name, valueAt, columns));
  return encodeFrame(report.run, [...stepArrays(columns), ...arrays], {
    layer: name,
    series: series.map(({entry}) => entry),
  });
}
