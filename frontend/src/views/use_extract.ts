/** Which steps, in how many columns, the plots ask the API for. */
import {span} from '../lib/range';
import type {Extract} from '../api';
import type {State} from '../state';
import {useSettled} from './use_resource';

/** While the reader drags, the plots move what they have; they ask when the range has settled. */
const SETTLE_MS = 120;
/** Widths are rounded up to this, so that a resize does not ask anew at every pixel. */
const WIDTH_STEP = 200;

export interface ExtractKey {
  extract: Extract;
  /** Equal for equal extracts; null while nothing is to be asked for: no width yet, or the range moves. */
  key: string | null;
}

export function useExtract(state: State): ExtractKey {
  const whole = state.whole.value;
  const wanted = state.range.value;
  const settled = useSettled(wanted, SETTLE_MS);
  // A range that was chosen, not dragged, is asked for at once, together with the layer that may come with it.
  const range = state.plots.scrubbing.value ? settled : wanted;
  const moves = range !== wanted;
  const cols = Math.ceil(state.plotWidth.value / WIDTH_STEP) * WIDTH_STEP;
  // A measurement more on either side, so that lines run to the edges of the view and values hold from before it.
  const more = Math.max(1, state.report.value?.cost?.every ?? 1);
  const padded = range &&
    whole && {from: Math.max(whole.from, range.from - more), to: Math.min(whole.to, range.to + more)};
  const usable = padded !== null && span(padded) > 0 ? padded : null;
  return {
    extract: {range: usable, cols},
    key: cols > 0 && whole && !moves ? `${usable ? `${usable.from}-${usable.to}` : 'whole'}/${cols}` : null,
  };
}
