/**
 * The state of the tab in TensorBoard's address, below `p.stability.`.
 *
 * The only file that knows addresses. TensorBoard keeps these keys when the
 * reader changes tabs; a page that may not look at its parent (a notebook on
 * another host) works without them.
 */
import type {StepRange} from './lib/range';

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
  /** Charts whose axis is not the default, as `loss:log`. */
  scales: string[];
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
    scales: list('scales'),
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
    scales: list(state.scales),
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
