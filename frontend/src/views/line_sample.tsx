/** A piece of a line, as a legend shows it. */
import {lineStyle} from './theme';

export function LineSample({place}: {place: number}) {
  const {variable, dash} = lineStyle(place);
  return (
    <svg width="16" height="8" aria-hidden="true">
      <line
        x1="0"
        y1="4"
        x2="16"
        y2="4"
        stroke={`var(${variable})`}
        stroke-width="2"
        stroke-dasharray={dash.join(' ')}
      />
    </svg>
  );
}
