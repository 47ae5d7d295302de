/** What the colours of the heatmap mean. */
import {colorTable, COLORS, type ColorScale} from '../lib/colormap';
import {formatTick, ordinal} from '../lib/format';
import {measureText} from '../lib/measures';
import {logTicks} from '../lib/scale';

const STOPS = 16;
const WIDTH = 220;

interface HeatmapLegendProps {
  scale: ColorScale | null;
  measure: string;
  /** Whether some cells show a value that was measured earlier. */
  held: boolean;
  /** Lately, layers were measured at every n-th step. */
  every: number;
}

export function HeatmapLegend({scale, measure, held, every}: HeatmapLegendProps) {
  return (
    <div class="heatmap-legend">
      {scale ? (
        <div class="color-scale" style={{width: `${WIDTH}px`}}>
          <i style={{background: GRADIENT}} />
          {logTicks(scale, 4).map((tick) => (
            <span key={tick} style={{left: `${position(tick, scale) * WIDTH}px`}}>
              {formatTick(tick)}
            </span>
          ))}
        </div>
      ) : (
        <span>No value above zero.</span>
      )}
      <span>{measureText(measure).unit}, log scale</span>
      <span>
        <i class="swatch swatch-nonfinite" /> NaN or Inf
      </span>
      <span>
        <i class="swatch swatch-none" /> no value
      </span>
      <span>
        <i class="swatch swatch-depth" /> depth: inputs light, outputs dark
      </span>
      {held && (
        <span>
          {every > 1 ? `Lately measured at every ${ordinal(every)} step` : 'Not measured at every step'}; a
          colour holds until the next
        </span>
      )}
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
