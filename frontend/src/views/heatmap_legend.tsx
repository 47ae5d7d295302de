/** What the colours of the heatmap mean. */
import type {ColorScale} from '../lib/colormap';
import {formatTick, ordinal} from '../lib/format';
import {measureText} from '../lib/measures';
import {ColorRamp} from './color_ramp';

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
        <ColorRamp scale={scale} width={WIDTH} text={formatTick} />
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
