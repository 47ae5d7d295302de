/** The colours of the maps from left to right, with numbers below: the scale of a legend. */
import {colorTable, COLORS, type ColorScale} from '../lib/colormap';
import {logTicks} from '../lib/scale';

const STOPS = 16;
const TICKS = 4;

interface ColorRampProps {
  scale: ColorScale;
  /** In CSS pixels. */
  width: number;
  text: (tick: number) => string;
}

export function ColorRamp({scale, width, text}: ColorRampProps) {
  return (
    <div class="color-scale" style={{width: `${width}px`}}>
      <i style={{background: GRADIENT}} />
      {logTicks(scale, TICKS).map((tick) => (
        <span key={tick} style={{left: `${position(tick, scale) * width}px`}}>
          {text(tick)}
        </span>
      ))}
    </div>
  );
}

function position(value: number, {min, max}: ColorScale): number {
  return Math.log(value / min) / Math.log(max / min);
}

const GRADIENT = (() => {
  const table = colorTable();
  const stops = Array.from({length: STOPS}, (_, i) => {
    const at = 4 * Math.round((i * (COLORS - 1)) / (STOPS - 1));
    return `rgb(${table.subarray(at, at + 3).join(' ')})`;
  });
  return `linear-gradient(to right, ${stops.join(', ')})`;
})();
