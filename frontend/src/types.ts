/** The wire types: the same names as in `tb_stability/plugin/http_api.md`. */

/** A float as JSON carries it, which has no NaN and no infinity. */
export type JsonFloat = number | 'NaN' | 'Infinity' | '-Infinity';

export type Status = 'healthy' | 'warning' | 'unstable' | 'diverged' | 'not_learning' | 'unknown';
export type Severity = 'info' | 'warning' | 'critical';
/** What became of a window: normal again, abnormal until the run ended, or until NaN or Inf came. */
export type Outcome = 'recovered' | 'run_ended' | 'non_finite';

/** The answer for one run, in one sentence each. */
export interface Verdict {
  status: Status;
  text: string;
  why: string;
  next: string;
}

/** A stretch of steps with one symptom on one series; both ends are inclusive. */
export interface SymptomWindow {
  kind: string;
  series: string;
  /** The first layer to go; null for a series of the whole run. */
  layer: string | null;
  layers: string[];
  start_step: number;
  alarm_step: number;
  /** Null while the window is open, also at the end of a run that ended inside of it. */
  end_step: number | null;
  peak_step: number;
  /** In thresholds: 1 is just abnormal. */
  peak_score: JsonFloat;
  severity: Severity;
  /** Null where it is open in a run that goes on, and where it is not known. */
  outcome: Outcome | null;
}

export interface Check {
  name: string;
  status: 'ran' | 'skipped';
  reason: string;
}

/** Which steps a report speaks of; the ends are null where no step was seen. */
export interface Steps {
  first: number | null;
  last: number | null;
  observed: number;
  recorded: number;
}

export interface Source {
  recorded: boolean;
  sampled: boolean;
  kept: number;
  /** Null where unknown; of a run that was replayed and sampled, an estimate. */
  of: number | null;
  /** What a step counts. */
  axis: 'step' | 'batch' | 'epoch';
  /** Of a run that was replayed: the tag of each series, such as `{loss: 'epoch_loss'}`. */
  tags: Record<string, string>;
  /** Of a run that was replayed: how many tags with histograms of weights and gradients it has. */
  histograms: number;
}

/** What recording cost the training. */
export interface Cost {
  /** Share of the step time that recording may take. */
  budget: JsonFloat;
  /** Share that it took lately, measured. */
  share: JsonFloat;
  /** Lately, gradients and weights were measured at every n-th step. */
  every: number;
  /** Steps that were measured in full. */
  full_steps: number;
  /** All that in a sentence. */
  text: string;
}

/** What one tensor of the first batch holds; the ranges are over its finite entries. */
export interface TensorRange {
  role: 'input' | 'target';
  name: string;
  shape: number[];
  dtype: string;
  min: JsonFloat;
  max: JsonFloat;
  mean: JsonFloat;
  nan: number;
  inf: number;
}

/** Something true of the model, the optimizer or the data. Information: it may harm nothing. */
export interface Finding {
  kind: string;
  layer: string | null;
  text: string;
}

export type Confidence = 'certain' | 'likely' | 'possible';

/** Something that speaks for or against a diagnosis. */
export interface Evidence {
  kind: string;
  text: string;
  for: boolean;
}

/** A cause behind the windows of a run. */
export interface Diagnosis {
  cause: string;
  /** The cause as people say it. */
  title: string;
  confidence: Confidence;
  layer: string | null;
  /** Step of the first symptom that it explains. */
  first_step: number;
  why: string;
  fix: {text: string; code: string};
  /** What speaks for it, then what speaks against it. */
  evidence: Evidence[];
}

/** How a run was set up, by name: optimizer, learning_rate, batch_size and so on. */
export type Configuration = Record<string, string | number | null>;

/** Where a run stands; each is NaN where it is not known. */
export interface FinalLevel {
  first_loss: JsonFloat;
  /** The mean of the last losses, and its standard error. */
  loss: JsonFloat;
  loss_error: JsonFloat;
  /** The median of the last ones, and the standard deviation of one. */
  val_loss: JsonFloat;
  val_loss_error: JsonFloat;
  learning_rate: JsonFloat;
  batch_size: number | null;
}

export interface RunReport {
  run: string;
  verdict: Verdict;
  steps: Steps;
  windows: SymptomWindow[];
  findings: Finding[];
  /** Surest first; empty where nothing is wrong, or no cause can be told. */
  diagnoses: Diagnosis[];
  checks: Check[];
  /** Null where it is not known, as for logs of other tools. */
  cost: Cost | null;
  /** Empty where it was not seen. */
  first_batch: TensorRange[];
  source: Source;
  state: 'running' | 'ended' | 'foreign';
  problems: string[];
  /** Null in older logs and in those of other tools. */
  final: FinalLevel | null;
  /** The step at which the callback was asked to stop the training, or null. */
  stop_step: number | null;
  /** Null where it was not recorded. */
  configuration: Configuration | null;
  /** Equal for runs of one configuration; null where that is not known. */
  fingerprint: string | null;
}

/** Repeated runs of one configuration, judged together. */
export interface RunGroup {
  name: string;
  runs: string[];
  verdict: Verdict;
  diagnoses: Diagnosis[];
}

/** `/runs` */
export interface RunsDocument {
  version: number;
  logdir: string;
  runs: RunReport[];
  groups: RunGroup[];
  /** All runs in a sentence or two, and how many have each status. */
  summary: {text: string; counts: Record<string, number>};
}

export interface Variable {
  name: string;
  role: string;
  shape: number[];
}

export interface Normalization {
  /** Its Keras class, such as `LayerNormalization`. */
  kind: string;
  vectors: string[];
  channels: number;
  trainable: boolean;
}

export interface Layer {
  name: string;
  variables: Variable[];
  normalization: Normalization | null;
}

/** A layer with an activation function that was looked at. */
export interface Activation {
  layer: string;
  /** Such as `relu`. */
  function: string;
  units: number;
}

/** `/layout` */
export interface Layout {
  run: string;
  scalars: string[];
  layers: Layer[];
  /** Their layers need not be among `layers`: a ReLU of its own has neither variables nor a normalization. */
  activations: Activation[];
  heatmap_measures: string[];
}

/** One series of a `/layer` frame. */
export interface LayerSeries {
  name: string;
  measure: string;
  of: string;
}
