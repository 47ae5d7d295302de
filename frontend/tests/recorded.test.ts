/**
 * The types of `types.ts` and the decoder, on answers that a real server gave: pytest
 * holds the same file against the server of today. It is made by
 * `python tests/plugin/record_answers.py`, in the folder above this one.
 */
import {describe, expect, test} from 'vitest';
import answers from '../../tests/plugin/recorded_answers.json';
import {createApi} from '../src/api';
import {floats, integers, type Frame} from '../src/lib/frame';
import type * as wire from '../src/types';

const BASE = 'http://localhost:6006/data/plugin/stability/';
const EVERYTHING = {range: null, cols: 4};

/** Answers as the server did that was recorded, whatever the columns asked for. */
const api = createApi(BASE, (address) => {
  const url = new URL(address instanceof Request ? address.url : address);
  const asked = Object.fromEntries(url.searchParams);
  const found = answers.find(
    ({route, query}) =>
      url.pathname.endsWith(`stability${route}`) &&
      Object.entries(query).every(([name, value]) => name === 'cols' || asked[name] === value)
  );
  if (!found) return Promise.reject(new TypeError('Failed to fetch'));
  const {body, status} = found;
  if (typeof body !== 'string') return Promise.resolve(Response.json(body, {status}));
  return Promise.resolve(new Response(Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))));
});

/** The names of a type, all of them: the compiler refuses a list that lacks one or has one too many. */
function members<T>(names: Record<keyof T, true>): string[] {
  return Object.keys(names).sort();
}

function namesOf(value: object | null | undefined): string[] {
  return Object.keys(value ?? {}).sort();
}

const VERDICT = members<wire.Verdict>({status: true, text: true, why: true, next: true});

describe('/runs has the members of its types', async () => {
  const document = await api.runs();
  const run = document.runs.find((found) => found.run === 'fit');

  test.each<[string, object | null | undefined, string[]]>([
    [
      'document',
      document,
      members<wire.RunsDocument>({version: true, logdir: true, runs: true, groups: true, summary: true}),
    ],
    [
      'run',
      run,
      members<wire.RunReport>({
        run: true,
        verdict: true,
        steps: true,
        windows: true,
        findings: true,
        diagnoses: true,
        checks: true,
        cost: true,
        first_batch: true,
        source: true,
        state: true,
        problems: true,
        final: true,
        stop_step: true,
        configuration: true,
        fingerprint: true,
      }),
    ],
    ['verdict', run?.verdict, VERDICT],
    ['steps', run?.steps, members<wire.Steps>({first: true, last: true, observed: true, recorded: true})],
    [
      'window',
      run?.windows[0],
      members<wire.SymptomWindow>({
        kind: true,
        series: true,
        layer: true,
        layers: true,
        start_step: true,
        alarm_step: true,
        end_step: true,
        peak_step: true,
        peak_score: true,
        severity: true,
        outcome: true,
      }),
    ],
    [
      'diagnosis',
      run?.diagnoses[0],
      members<wire.Diagnosis>({
        cause: true,
        title: true,
        confidence: true,
        layer: true,
        first_step: true,
        why: true,
        fix: true,
        evidence: true,
      }),
    ],
    ['evidence', run?.diagnoses[0]?.evidence[0], members<wire.Evidence>({kind: true, text: true, for: true})],
    ['check', run?.checks[0], members<wire.Check>({name: true, status: true, reason: true})],
    [
      'cost',
      run?.cost,
      members<wire.Cost>({budget: true, share: true, every: true, full_steps: true, text: true}),
    ],
    [
      'first batch',
      run?.first_batch[0],
      members<wire.TensorRange>({
        role: true,
        name: true,
        shape: true,
        dtype: true,
        min: true,
        max: true,
        mean: true,
        nan: true,
        inf: true,
      }),
    ],
    [
      'source',
      run?.source,
      members<wire.Source>({
        recorded: true,
        sampled: true,
        kept: true,
        of: true,
        axis: true,
        tags: true,
        histograms: true,
      }),
    ],
    [
      'final',
      run?.final,
      members<wire.FinalLevel>({
        first_loss: true,
        loss: true,
        loss_error: true,
        val_loss: true,
        val_loss_error: true,
        learning_rate: true,
        batch_size: true,
      }),
    ],
    [
      'group',
      document.groups[0],
      members<wire.RunGroup>({name: true, runs: true, verdict: true, diagnoses: true}),
    ],
    ['verdict of a group', document.groups[0]?.verdict, VERDICT],
  ])('%s', (_, value, names) => {
    expect(namesOf(value)).toEqual(names);
  });

  test('a run of another tool has the same members', () => {
    const other = document.runs.find((found) => found.run === 'other');
    expect(other?.state).toBe('foreign');
    expect(namesOf(other)).toEqual(namesOf(run));
  });
});

test('/layout has the members of its types', async () => {
  const layout = await api.layout('fit');
  expect(namesOf(layout)).toEqual(
    members<wire.Layout>({run: true, scalars: true, layers: true, activations: true, heatmap_measures: true})
  );
  const layer = layout.layers.find((found) => found.normalization);
  expect(namesOf(layer)).toEqual(members<wire.Layer>({name: true, variables: true, normalization: true}));
  expect(namesOf(layer?.variables[0])).toEqual(members<wire.Variable>({name: true, role: true, shape: true}));
  expect(namesOf(layer?.normalization)).toEqual(
    members<wire.Normalization>({kind: true, vectors: true, channels: true, trainable: true})
  );
  expect(namesOf(layout.activations[0])).toEqual(
    members<wire.Activation>({layer: true, function: true, units: true})
  );
});

describe('a frame is decoded', () => {
  const size = (frame: Frame) => integers(frame, 'first_step').length;

  test('steps: the loss of a run that diverges', async () => {
    const frame = await api.steps('fit', EVERYTHING);
    const loss = floats(frame, 'loss/max');
    expect(loss).toHaveLength(size(frame));
    expect(size(frame)).toBe(4);
    expect(integers(frame, 'last_step').at(-1)).toBe(39);
    expect(Math.max(...loss.filter(Number.isFinite))).toBeGreaterThan(1e3);
  });

  test('heatmap: a row for each layer', async () => {
    const range = {from: 8, to: 15};
    const frame = await api.heatmap('fit', 'update_ratio', {range, cols: 4});
    const layers = frame.header.layers as string[];
    expect(layers).toEqual((await api.layout('fit')).layers.map((layer) => layer.name));
    expect(floats(frame, 'max')).toHaveLength(layers.length * size(frame));
    expect(integers(frame, 'nonfinite')).toHaveLength(layers.length * size(frame));
  });

  test('layer: arrays for each of its series', async () => {
    const frame = await api.layer('fit', 'bn', EVERYTHING);
    const series = frame.header.series as wire.LayerSeries[];
    expect(namesOf(series[0])).toEqual(members<wire.LayerSeries>({name: true, measure: true, of: true}));
    for (const {name} of series) {
      for (const part of ['min', 'max', 'mean']) {
        expect(floats(frame, `${name}/${part}`)).toHaveLength(size(frame));
      }
      for (const part of ['nan', 'inf']) {
        expect(integers(frame, `${name}/${part}`)).toHaveLength(size(frame));
      }
    }
  });

  test('activations and histograms: samples', async () => {
    const activations = await api.activations('fit');
    const samples = integers(activations, 'step').length;
    expect(samples).toBeGreaterThan(0);
    expect(floats(activations, 'dead_share')).toHaveLength(samples);
    const histograms = await api.histograms('fit', 'out');
    const bins = 2 * 48 + (histograms.header.bins as {order: string[]}).order.length - 2;
    expect(integers(histograms, 'out/kernel')).toHaveLength(integers(histograms, 'step').length * bins);
  });
});

test('an error is its sentence', async () => {
  await expect(api.layout('nope')).rejects.toThrow(/there is no run 'nope'/);
  await expect(api.heatmap('fit', 'colour', EVERYTHING)).rejects.toThrow(/'measure' must be one of/);
});
