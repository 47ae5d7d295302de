/** The middle part of many values. */

export interface Interval {
  min: number;
  max: number;
}

/** A value, and for how many steps it stands. */
export interface Weighted {
  value: number;
  weight: number;
}

/**
 * The interval that is left when equal shares of the weight go at either end,
 * so that `share` of it stays; non-finite values do not count. Null where
 * nothing is left.
 */
export function middle(values: readonly Weighted[], share: number): Interval | null {
  const sorted = values.filter(({value}) => Number.isFinite(value)).sort((a, b) => a.value - b.value);
  const tail = ((1 - share) / 2) * sorted.reduce((sum, {weight}) => sum + weight, 0);
  const beyond = (from: readonly Weighted[]) => {
    let sum = 0;
    return from.find(({weight}) => (sum += weight) > tail)?.value;
  };
  const min = beyond(sorted);
  const max = beyond(sorted.toReversed());
  return min === undefined || max === undefined ? null : {min, max};
}
