/**
 * Colours of the heatmap: 254 steps of even perceived lightness, dark blue to
 * pale yellow, which people with any kind of colour blindness can order.
 *
 * Computed in OKLCH (B. Ottosson, "A perceptual color space for image
 * processing", 2020): lightness rises linearly, hue turns from blue through
 * green to yellow. Red and violet stay free for what is not finite.
 */

/** Two bytes are left: for no value, and for what is not finite. */
export const COLORS = 254;

const LIGHTNESS = {from: 0.25, to: 0.95};
const HUE_DEGREES = {from: 280, to: 100};
const CHROMA = {ends: 0.07, middle: 0.13};

/** RGBA bytes, `4 * COLORS` of them. */
export function colorTable(): Uint8ClampedArray<ArrayBuffer> {
  const table = new Uint8ClampedArray(4 * COLORS);
  for (let i = 0; i < COLORS; i++) {
    const t = i / (COLORS - 1);
    const mix = (ends: {from: number; to: number}) => ends.from + t * (ends.to - ends.from);
    const chroma = CHROMA.ends + (CHROMA.middle - CHROMA.ends) * Math.sin(Math.PI * t);
    const hue = (mix(HUE_DEGREES) * Math.PI) / 180;
    table.set(oklabToRgb(mix(LIGHTNESS), chroma * Math.cos(hue), chroma * Math.sin(hue)), 4 * i);
    table[4 * i + 3] = 255;
  }
  return table;
}

/** A logarithmic colour scale; values outside of it take the colour of its end. */
export interface ColorScale {
  min: number;
  max: number;
}

/** Share of the values at either end that do not decide alone where the scale ends. */
const TAIL = 0.01;
/** They stretch it by this much at most, so that one value before the NaN does not flatten the rest. */
const TAIL_DECADES = 2;
const MIN_DECADES = 1;

/** Of a positive float, the upper 16 bits: sorted as the numbers are, and 0.8 % or less wide. */
const KEYS = 0x7f80;

/** The scale for these values; zero, negative and non-finite ones have no say. Null where none is left. */
export function colorScale(values: Float32Array): ColorScale | null {
  // Counted by their upper bits and not sorted: there are millions of them.
  const counts = new Uint32Array(KEYS);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let total = 0;
  let smallest = Infinity;
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (!(value > 0) || value === Infinity) continue;
    const key = (bits[i] ?? 0) >> 16;
    counts[key] = (counts[key] ?? 0) + 1;
    total++;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  if (total === 0) return null;
  const at = (share: number) => {
    let left = share * (total - 1);
    const key = counts.findIndex((count) => (left -= count) < 0);
    return Math.log10(Math.min(Math.max(valueOfKey(key), smallest), largest));
  };
  const low = Math.max(Math.log10(smallest), at(TAIL) - TAIL_DECADES);
  const high = Math.min(Math.log10(largest), at(1 - TAIL) + TAIL_DECADES);
  const widen = Math.max(0, MIN_DECADES - (high - low)) / 2;
  return {min: 10 ** (low - widen), max: 10 ** (high + widen)};
}

function valueOfKey(key: number): number {
  return new Float32Array(Int32Array.of(key << 16).buffer)[0] ?? 0;
}

/** The byte of a cell without a value, and of one that is not finite; in between 1 and its colour's index. */
export const NO_VALUE = 0;
export const NON_FINITE = 255;

/** `colorIndex` + 1 for every float, by its upper 16 bits; without a scale all are the smallest. */
export function byteTable(scale: ColorScale | null): Uint8Array {
  const table = new Uint8Array(KEYS).fill(1);
  if (scale) for (let key = 0; key < KEYS; key++) table[key] = 1 + colorIndex(valueOfKey(key), scale);
  return table;
}

/** Index into the table. A value of zero or less has the colour of the smallest. */
export function colorIndex(value: number, scale: ColorScale): number {
  if (value <= scale.min) return 0;
  if (value >= scale.max) return COLORS - 1;
  return Math.round(((COLORS - 1) * Math.log(value / scale.min)) / Math.log(scale.max / scale.min));
}

function oklabToRgb(lightness: number, a: number, b: number): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Linear light in [0, 1] to an sRGB byte. */
function gamma(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
}
