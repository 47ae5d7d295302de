/** Which layers the heatmap shows, and in what order. */

/** A filter as the reader typed it; null where it is no regular expression. Capitals do not matter. */
export function filterOf(text: string): RegExp | null {
  try {
    return new RegExp(text, 'iu');
  } catch {
    return null;
  }
}

export interface LayerRows {
  /** Layers that stay on top, in network order. */
  pinned: number[];
  /** All others that match. */
  others: number[];
}

/**
 * Sorts layers into rows. A pinned layer is there whether it matches or not.
 *
 * Args: `filter` null matches all; `ranks` sorts the others, largest first and
 * equal ones in network order; null leaves them in network order.
 */
export function layerRows(
  names: readonly string[],
  filter: RegExp | null,
  pins: ReadonlySet<string>,
  ranks: ArrayLike<number> | null
): LayerRows {
  const pinned: number[] = [];
  const others: number[] = [];
  names.forEach((name, layer) => {
    if (pins.has(name)) pinned.push(layer);
    else if (filter === null || filter.test(name)) others.push(layer);
  });
  const rank = (layer: number) => {
    const value = ranks?.[layer] ?? NaN;
    return Number.isNaN(value) ? -Infinity : value;
  };
  // Not a difference: two infinite ranks have none.
  if (ranks) others.sort((a, b) => Number(rank(b) > rank(a)) - Number(rank(b) < rank(a)) || a - b);
  return {pinned, others};
}
