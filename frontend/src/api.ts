/** Asks the plugin's HTTP API (`tb_stability/plugin/http_api.md`). */
import {decodeFrame, type Frame} from './lib/frame';
import type {StepRange} from './lib/range';
import type {Layout, RunsDocument} from './types';

/** Which steps of a frame to send, and into how many columns to pool them; null means the whole run. */
export interface Extract {
  range: StepRange | null;
  cols: number;
}

/** Answers are kept until `forget`, so that going back and forth asks once. Every error is a sentence. */
export interface Api {
  runs(): Promise<RunsDocument>;
  layout(run: string): Promise<Layout>;
  steps(run: string, extract: Extract): Promise<Frame>;
  heatmap(run: string, measure: string, extract: Extract): Promise<Frame>;
  layer(run: string, layer: string, extract: Extract): Promise<Frame>;
  /** All of the run: they are few. */
  activations(run: string): Promise<Frame>;
  /** Likewise: of the gradients of a layer. */
  histograms(run: string, layer: string): Promise<Frame>;
  /** These runs as a page of its own. */
  report(runs: readonly string[]): Promise<Blob>;
  /** Drops all answers: TensorBoard has read new data. */
  forget(): void;
}

const RUNS_VERSION = 1;
/** Frames are up to a few MB each. */
const KEPT_ANSWERS = 24;

/** `base` is the folder of the routes; TensorBoard's page has it as its base address. */
export function createApi(base: string, send: typeof fetch = fetch): Api {
  const kept = new Map<string, Promise<unknown>>();

  function ask<T>(
    route: string,
    query: Record<string, string>,
    read: (response: Response) => Promise<T>
  ): Promise<T> {
    const url = new URL(`${route}?${new URLSearchParams(query)}`.replace(/\?$/, ''), base).href;
    const known = kept.get(url) as Promise<T> | undefined;
    if (known) return known;
    const answer = request(url, send).then(read);
    kept.set(url, answer);
    answer.catch(() => {
      if (kept.get(url) === answer) kept.delete(url);
    });
    const [oldest] = kept.keys();
    if (kept.size > KEPT_ANSWERS && oldest !== undefined) kept.delete(oldest);
    return answer;
  }

  return {
    runs: () => ask('runs', {}, readRuns),
    layout: (run) => ask('layout', {run}, (response) => response.json() as Promise<Layout>),
    steps: (run, extract) => ask('steps', {run, ...queryOf(extract)}, readFrame),
    heatmap: (run, measure, extract) => ask('heatmap', {run, measure, ...queryOf(extract)}, readFrame),
    layer: (run, layer, extract) => ask('layer', {run, layer, ...queryOf(extract)}, readFrame),
    activations: (run) => ask('activations', {run}, readFrame),
    histograms: (run, layer) => ask('histograms', {run, layer}, readFrame),
    report: async (runs) => {
      const query = new URLSearchParams(runs.map((run) => ['run', run]));
      return (await request(new URL(`report?${query}`, base).href, send)).blob();
    },
    forget: () => {
      kept.clear();
    },
  };
}

async function request(url: string, send: typeof fetch): Promise<Response> {
  let response: Response;
  try {
    response = await send(url);
  } catch {
    throw new Error('TensorBoard does not answer. Is it still running?');
  }
  if (!response.ok) throw new Error(await errorSentence(response));
  return response;
}

/** The API's own sentence; for a bare HTTP error, what there is to say. */
async function errorSentence(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  } catch {
    // Not JSON: TensorBoard's own error page.
  }
  return `TensorBoard answered with HTTP ${response.status}; its log says why.`;
}

async function readRuns(response: Response): Promise<RunsDocument> {
  const document = (await response.json()) as RunsDocument;
  if (document.version !== RUNS_VERSION) {
    throw new Error(`The reports have version ${document.version}; this tab reads version ${RUNS_VERSION}.`);
  }
  return document;
}

async function readFrame(response: Response): Promise<Frame> {
  return decodeFrame(await response.arrayBuffer());
}

function queryOf({range, cols}: Extract): Record<string, string> {
  const query: Record<string, string> = {cols: String(cols)};
  if (range) {
    query.from = String(range.from);
    query.to = String(range.to);
  }
  return query;
}
