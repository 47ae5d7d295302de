/** Value axes: the interval to show and the ticks on it, linear and logarithmic. */
import {middle, type Interval} from './quantiles';

export type {Interval};

/** Room above and below the data, as a share of the axis. */
const LINEAR_MARGIN = 0.08;
/** As a factor, on a logarithmic axis. */
const LOG_MARGIN = 1.25;
/** A logarithmic axis shows at least one decade, so that noise does not look like a jump. */
const LOG_MIN_RATIO = 10;

/**
 * The smallest and the largest finite value (positive ones only for `log`) of
 * several arrays; null where there is none.
 */
export function extent(arrays: Iterable<ArrayLike<number>>, log: boolean): Interval | null {
  let min = Infinity;
  let max = -Infinity;
  for (const array of arrays) {
    for (let i = 0; i < array.length; i++) {
      const value = array[i] ?? NaN;
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return min <= max ? {min, max} : null;
}

/** Share of the steps whose values a clipped axis shows; as many are left out at either end. */
const CLIPPED_SHARE = 0.99;

/**
 * As `extent`, without the outermost percent: one spike does not flatten all else.
 *
 * Args: `weights` says for how many steps each value of an array stands.
 */
export function clippedExtent(
  arrays: readonly ArrayLike<number>[],
  weights: ArrayLike<number>,
  log: boolean
): Interval | null {
  const found = arrays.flatMap((array) =>
    Array.from(array, (value, i) => ({value, weight: weights[i] ?? 1})).filter(({value}) => !log || value > 0)
  );
  return middle(found, CLIPPED_SHARE);
}

/** The interval that an axis shows for data between `min` and `max`. */
export function axisInterval(data: Interval | null, log: boolean): Interval {
  if (data === null) return log ? {min: 0.1, max: 10} : {min: 0, max: 1};
  if (log) {
    const widen = Math.sqrt(Math.max(1, LOG_MIN_RATIO / (data.max / data.min)));
    return {min: data.min / widen / LOG_MARGIN, max: data.max * widen * LOG_MARGIN};
  }
  // A level well above zero is shown from zero: an axis that hugs the data turns noise into drama.
  const fromZero = data.min >= 0 && (data.min < 0.5 * data.max || data.min === data.max);
  const min = fromZero ? 0 : data.min;
  const height = data.max - min || Math.abs(data.max) || 1;
  // Zero itself is a little above the lower edge, where its line can be seen.
  const below = fromZero ? LINEAR_MARGIN / 2 : LINEAR_MARGIN;
  return {min: min - below * height, max: min + (1 + LINEAR_MARGIN) * height};
}

/** About `count` round numbers inside of the interval. */
export function linearTicks({min, max}: Interval, count: number): number[] {
  const step = roundStep((max - min) / Math.max(1, count));
  if (!(step > 0) || !Number.isFinite(step)) return [min];
  const ticks: number[] = [];
  for (let i = Math.ceil(min / step); i * step <= max; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** At most about `count` powers of ten; where fewer than two fit, also 2 and 5 times those; else round numbers. */
export function logTicks({min, max}: Interval, count: number): number[] {
  const low = Math.floor(Math.log10(min));
  const high = Math.ceil(Math.log10(max));
  const every = Math.max(1, Math.ceil((Math.log10(max) - Math.log10(min)) / Math.max(1, count)));
  const multiples = (factors: number[]) => {
    const ticks: number[] = [];
    for (let power = Math.floor(low / every) * every; power <= high; power += every) {
      // From its text, so that 1e-3 is exactly 0.001.
      ticks.push(...factors.map((factor) => Number(`${factor}e${power}`)));
    }
    return ticks.filter((tick) => tick >= min && tick <= max);
  };
  const powers = multiples([1]);
  if (powers.length >= 2) return powers;
  const finer = multiples([1, 2, 5]);
  return finer.length >= 2 ? finer : linearTicks({min, max}, count);
}

/** Whole steps to label on an axis of steps. */
export function stepTicks(from: number, to: number, count: number): number[] {
  return [...new Set(linearTicks({min: from, max: to}, count).filter(Number.isInteger))];
}

function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = raw / power;
  return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}
