// Noise and curves from which the example runs are made; the same at every start.

/** A number in [0, 1) that depends on its arguments alone. */
export function random(...seeds) {
  let hash = 2166136261;
  for (const seed of seeds) {
    for (const character of String(seed)) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
    hash = Math.imul(hash ^ 124, 16777619);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

/** A factor around 1. */
export function noise(size, ...seeds) {
  return Math.exp(size * (random(...seeds, 'a') + random(...seeds, 'b') - 1));
}

/** Falls from `high` to `low` over about `steps`. */
export function decay(step, high, low, steps) {
  return low + (high - low) * Math.exp(-step / steps);
}
