/** The labels of the step axis, over the plots. */
import {formatStep} from '../lib/format';
import {stepToX, type StepRange} from '../lib/range';
import {stepTicks} from '../lib/scale';

const LABEL_WIDTH = 90;

export function StepAxis({range, width}: {range: StepRange; width: number}) {
  const ticks = stepTicks(range.from, range.to, Math.floor(width / LABEL_WIDTH));
  return (
    <div class="step-axis" aria-hidden="true">
      {ticks.map((step) => {
        const x = stepToX(step, range, width);
        // Labels at either end stay inside of the plot.
        const side = x < 24 ? 'start' : x > width - 24 ? 'end' : 'middle';
        return (
          <span key={step} class={side} style={{left: `${side === 'start' ? Math.max(x, 7) : x}px`}}>
            {formatStep(step)}
          </span>
        );
      })}
    </div>
  );
}
