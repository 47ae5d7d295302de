/** Reports for tests, with only what a test is about spelled out. */
import type {Diagnosis, RunGroup, RunReport, Status, SymptomWindow} from '../src/types';

export function windowOf(some: Partial<SymptomWindow> = {}): SymptomWindow {
  return {
    kind: 'loss_spike',
    series: 'loss',
    layer: null,
    layers: [],
    start_step: 10,
    alarm_step: 12,
    end_step: 20,
    peak_step: 15,
    peak_score: 2.5,
    severity: 'warning',
    outcome: 'recovered',
    ...some,
  };
}

export function reportOf(run: string, status: Status, some: Partial<RunReport> = {}): RunReport {
  return {
    run,
    verdict: {status, text: `${run} is ${status}`, why: 'the evidence', next: 'the next step'},
    steps: {first: 0, last: 99, observed: 100, recorded: 100},
    windows: [],
    findings: [],
    diagnoses: [],
    checks: [],
    cost: null,
    first_batch: [],
    source: {recorded: true, sampled: false, kept: 100, of: 100, axis: 'step', tags: {}, histograms: 0},
    state: 'ended',
    problems: [],
    final: null,
    stop_step: null,
    configuration: null,
    fingerprint: null,
    ...some,
  };
}

/** A cause with everything that one can have. */
export const FROZEN: Diagnosis = {
  cause: 'bn_inference_mode',
  title: 'BatchNormalization in inference mode',
  confidence: 'certain',
  layer: 'bn_1',
  first_step: 1200,
  why: 'The training step calls the model without training=True.',
  fix: {text: 'Call it with training=True.', code: 'logits = model(x, training=True)'},
  evidence: [
    {kind: 'bn_statistics_frozen', text: 'the moving statistics stood still', for: true},
    {kind: 'trainable', text: 'the layer is trainable', for: true},
    {kind: 'fit', text: 'the run was a fit', for: false},
  ],
};

export function groupOf(name: string, runs: string[], verdict = reportOf(name, 'warning').verdict): RunGroup {
  return {name, runs, verdict, diagnoses: []};
}

/** What the server says of all runs, for tests that are not about it. */
export const SUMMARY = {text: 'All runs in a sentence.', counts: {}};
