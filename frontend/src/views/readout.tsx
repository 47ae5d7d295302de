/** The value of a line at the shown step, with its name where there are several lines. */
import {formatNumber} from '../lib/format';
import {LineSample} from './line_sample';

interface ReadoutProps {
  /** Null where the chart has no other line. */
  name: string | null;
  /** Which line of the chart it is. */
  place: number;
  /** Null where nothing was measured. */
  value: number | null;
}

export function Readout({name, place, value}: ReadoutProps) {
  return (
    <span class="readout">
      {name !== null && (
        <>
          <LineSample place={place} />
          <bdi class="clip">{name}</bdi>
        </>
      )}
      <output class={value !== null && !Number.isFinite(value) ? 'nonfinite' : ''}>
        {value === null ? '–' : formatNumber(value)}
      </output>
    </span>
  );
}
