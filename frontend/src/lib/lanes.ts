/** Packs the bars of a swim lane into rows so that none covers another. */

/** Of a bar in pixels; `right` is exclusive. */
export interface Bar<T> {
  left: number;
  right: number;
  item: T;
}

export interface PackedBar<T> extends Bar<T> {
  row: number;
}

export interface Packing<T> {
  bars: PackedBar<T>[];
  rows: number;
  /** Bars that found no place in the last allowed row. */
  hidden: number;
}

/**
 * Puts each bar, in order of its left end, into the first row that is free.
 *
 * A bar is at least `minWidth` wide, so that its letter can be read, and never
 * leaves the lane (`width`): one at the right edge grows to the left.
 */
export function packBars<T>(
  bars: readonly Bar<T>[],
  {width, minWidth, maxRows}: {width: number; minWidth: number; maxRows: number}
): Packing<T> {
  const sized = bars
    .map(({left, right, item}) => {
      const wide = Math.min(width, Math.max(minWidth, right - left));
      const start = Math.max(0, Math.min(left, width - wide));
      return {left: start, right: start + wide, item};
    })
    .sort((a, b) => a.left - b.left);
  const ends: number[] = [];
  const packed: PackedBar<T>[] = [];
  for (const bar of sized) {
    const free = ends.findIndex((end) => end <= bar.left);
    const row = free < 0 ? ends.length : free;
    if (row >= maxRows) continue;
    ends[row] = bar.right + 1;
    packed.push({...bar, row});
  }
  return {bars: packed, rows: ends.length, hidden: sized.length - packed.length};
}
