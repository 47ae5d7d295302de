/** Reports for tests, with only what a test is about spelled out. */
import type {RunReport, Status, SymptomWindow} from '../src/types';

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
    ...some,
  };
}
