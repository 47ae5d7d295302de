/**
 * Colours of the heatmap: 256 steps of even perceived lightness, dark blue to
 * pale yellow, which people with any kind of colour blindness can order.
 *
 * Computed in OKLCH (B. Ottosson, "A perceptual color space for image
 * processing", 2020): lightness rises linearly, hue turns from blue through
 * green to yellow. Red and magenta stay free for what is not finite.
 */

export const COLORS = 256;

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

/** The scale for these values; zero, negative and non-finite ones have no say. Null where none is left. */
export function colorScale(values: ArrayLike<number>): ColorScale | null {
  const logs = Float64Array.from(
    Array.from(values)
      .filter((value) => value > 0 && Number.isFinite(value))
      .map(Math.log10)
  ).sort();
  const at = (share: number) => logs[Math.round(share * (logs.length - 1))] ?? 0;
  if (logs.length === 0) return null;
  const low = Math.max(at(0), at(TAIL) - TAIL_DECADES);
  const high = Math.min(at(1), at(1 - TAIL) + TAIL_DECADES);
  const widen = Math.max(0, MIN_DECADES - (high - low)) / 2;
  return {min: 10 ** (low - widen), max: 10 ** (high + widen)};
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
