/**
 * The state of the tab in TensorBoard's address, below `p.stability.`.
 *
 * The only file that knows addresses. TensorBoard keeps these keys when the
 * reader changes tabs; a page that may not look at its parent (a notebook on
 * another host) works without them.
 */
import type {StepRange} from './lib/range';
import {MAX_SMOOTHING, type PlotsUrl} from './plot_choices';

/** What a link restores. Null and empty mean the default. */
export interface UrlState {
  run: string | null;
  /** A `windowKey`. */
  window: string | null;
  layer: string | null;
  measure: string | null;
  range: StepRange | null;
  /** Runs without a lane. */
  hidden: string[];
  /** Runs and groups that are compared; see `lib/compare.ts`. */
  compare: string[];
  plots: PlotsUrl;
}

const PREFIX = 'p.stability.';

/** Reads a location hash such as `#stability&p.stability.run=fit`; ignores what it cannot read. */
export function parseHash(hash: string): UrlState {
  const values = new Map<string, string>();
  for (const part of hash.replace(/^#/, '').split('&')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.startsWith(PREFIX))
      values.set(part.slice(PREFIX.length, equals), decode(part.slice(equals + 1)));
  }
  const text = (key: string) => values.get(key) || null;
  const list = (key: string) => (values.get(key) ?? '').split(',').filter(Boolean).map(decode);
  const from = step(values.get('from'));
  const to = step(values.get('to'));
  return {
    run: text('run'),
    window: text('window'),
    layer: text('layer'),
    measure: text('measure'),
    range: from !== null && to !== null && from <= to ? {from, to} : null,
    hidden: list('hidden'),
    compare: list('compare'),
    plots: {
      scales: list('scales'),
      step: step(values.get('step')),
      smoothing: share(values.get('smoothing')),
      clip: values.get('clip') === '99',
      filter: text('filter') ?? '',
      pins: list('pins'),
      order: values.get('order') === 'change' ? 'change' : 'network',
    },
  };
}

/** `hash` with this state in it; everything of TensorBoard and of other plugins stays. */
export function writeHash(hash: string, state: UrlState): string {
  const others = hash
    .replace(/^#/, '')
    .split('&')
    .filter((part) => part && !part.startsWith(PREFIX));
  // An item of a list is encoded twice: once for its commas, once for the address.
  const list = (items: string[]) => items.map((item) => item.replace(/[%,]/g, encodeURIComponent)).join(',');
  const values: Record<string, string> = {
    run: state.run ?? '',
    window: state.window ?? '',
    layer: state.layer ?? '',
    measure: state.measure ?? '',
    from: state.range ? String(state.range.from) : '',
    to: state.range ? String(state.range.to) : '',
    hidden: list(state.hidden),
    scales: list(state.plots.scales),
    compare: list(state.compare),
    step: state.plots.step === null ? '' : String(state.plots.step),
    smoothing: state.plots.smoothing > 0 ? String(state.plots.smoothing) : '',
    clip: state.plots.clip ? '99' : '',
    filter: state.plots.filter,
    pins: list(state.plots.pins),
    order: state.plots.order === 'network' ? '' : state.plots.order,
  };
  const ours = Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${PREFIX}${key}=${encode(value)}`);
  return `#${[...(others.length > 0 ? others : ['stability']), ...ours].join('&')}`;
}

/** The state in the address bar; the default where it cannot be read. */
export function readAddress(): UrlState {
  try {
    return parseHash(window.parent.location.hash);
  } catch {
    return parseHash('');
  }
}

/** Puts the state into the address bar, without a new entry in the history. */
export function writeAddress(state: UrlState): void {
  try {
    const {history, location} = window.parent;
    const hash = writeHash(location.hash, state);
    if (hash !== location.hash) history.replaceState(history.state, '', hash);
  } catch {
    // A foreign parent: links are not possible there, the tab is.
  }
}

/** A link to this state; null where the address cannot be read. */
export function linkTo(state: UrlState): string | null {
  try {
    const {href, hash} = window.parent.location;
    return href.slice(0, href.length - hash.length).replace(/#$/, '') + writeHash(hash, state);
  } catch {
    return null;
  }
}

/** TensorBoard's own charts of a scalar, for these runs, in the same page. */
export function scalarsHash(tag: string, runs: readonly string[]): string {
  // A run of ours may be a part of one of TensorBoard's (`fit (epochs)`), or have several (`fit/train`).
  const folders = runs.map((run) => escape(run.replace(/ \(\w+\)$/, '')));
  const some = folders.includes('\\.') ? '' : `&regexInput=${encode(`^(${folders.join('|')})(/|$)`)}`;
  return `#scalars&tagFilter=${encode(`^${escape(tag)}$`)}${some}`;
}

/** Follows a link inside of TensorBoard; our own keys stay, for the way back. */
export function goTo(hash: string): void {
  try {
    const {location} = window.parent;
    const ours = location.hash.split('&').filter((part) => part.startsWith(PREFIX));
    location.hash = [hash, ...ours].join('&');
  } catch {
    // A foreign parent: there is no TensorBoard around us.
  }
}

/** Calls back when the reader changed the address (back, or by hand). */
export function watchAddress(onChange: (state: UrlState) => void): void {
  try {
    window.parent.addEventListener('hashchange', () => {
      onChange(readAddress());
    });
  } catch {
    // As above.
  }
}

/** As a regular expression that matches just this text. */
function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** What an address needs; `:`, `/` and `,` stay readable. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(?:3A|2F|2C)/g, decodeURIComponent);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function step(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}

function share(text: string | undefined): number {
  return text !== undefined && /^0?\.\d{1,3}$/.test(text) ? Math.min(Number(text), MAX_SMOOTHING) : 0;
}
