/** How the reader has the plots drawn: one signal for each choice; kept in the link. */
import {computed, signal, type ReadonlySignal, type Signal} from '@preact/signals';
import type {StepRange} from './lib/range';

/** Rows of the heatmap: inputs of the network first, or what changed most first. */
export type LayerOrder = 'network' | 'change';

export type AxisScale = 'log' | 'linear';

/** What a link says of the plots. */
export interface PlotsUrl {
  /** Charts whose axis is not the default, as `loss:log`. */
  scales: string[];
  /** The step that the reader chose to read values at. */
  step: number | null;
  /** Weight of what came before in the smoothed lines: 0 (none) to `MAX_SMOOTHING`. */
  smoothing: number;
  /** Whether value axes leave out the outermost percent of the values. */
  clip: boolean;
  /** A regular expression that the names of the shown layers match; empty for all. */
  filter: string;
  /** Layers that stay on top of the heatmap. */
  pins: string[];
  order: LayerOrder;
}

export interface PlotChoices {
  /** Axes that are not the default, by chart. */
  scales: Signal<ReadonlyMap<string, AxisScale>>;
  step: Signal<number | null>;
  smoothing: Signal<number>;
  clip: Signal<boolean>;
  filter: Signal<string>;
  pins: Signal<ReadonlySet<string>>;
  order: Signal<LayerOrder>;
  /** The view is being moved: plots draw what they have, and ask for more when it rests. */
  scrubbing: Signal<boolean>;
  url: ReadonlySignal<PlotsUrl>;
}

export const MAX_SMOOTHING = 0.98;

export function createPlotChoices(initial: PlotsUrl): PlotChoices {
  const scales = signal(scalesOf(initial.scales));
  const step = signal(initial.step);
  const smoothing = signal(initial.smoothing);
  const clip = signal(initial.clip);
  const filter = signal(initial.filter);
  const pins = signal<ReadonlySet<string>>(new Set(initial.pins));
  const order = signal(initial.order);
  return {
    scales,
    step,
    smoothing,
    clip,
    filter,
    pins,
    order,
    scrubbing: signal(false),
    url: computed(() => ({
      scales: [...scales.value].map(([chart, scale]) => `${chart}:${scale}`).sort(),
      step: step.value,
      smoothing: smoothing.value,
      clip: clip.value,
      filter: filter.value,
      pins: [...pins.value].sort(),
      order: order.value,
    })),
  };
}

/** Takes over what another link says. */
export function restorePlots(choices: PlotChoices, url: PlotsUrl): void {
  choices.scales.value = scalesOf(url.scales);
  choices.step.value = url.step;
  choices.smoothing.value = url.smoothing;
  choices.clip.value = url.clip;
  choices.filter.value = url.filter;
  choices.pins.value = new Set(url.pins);
  choices.order.value = url.order;
}

export function setScale(choices: PlotChoices, chart: string, scale: AxisScale): void {
  choices.scales.value = new Map(choices.scales.value).set(chart, scale);
}

export function togglePin(choices: PlotChoices, layer: string): void {
  const pins = new Set(choices.pins.value);
  if (!pins.delete(layer)) pins.add(layer);
  choices.pins.value = pins;
}

/** The chosen step; null where it is not among the steps in view. */
export function stepInView({step}: PlotChoices, view: StepRange | null): number | null {
  const {value} = step;
  return value !== null && view && value >= view.from && value <= view.to ? value : null;
}

function scalesOf(entries: readonly string[]): ReadonlyMap<string, AxisScale> {
  const scales = new Map<string, AxisScale>();
  for (const entry of entries) {
    const [chart, scale] = entry.split(':');
    if (chart && (scale === 'log' || scale === 'linear')) scales.set(chart, scale);
  }
  return scales;
}
