/** What is under the pointer on a gradient histogram: which entries, how many, sampled when. */
import {formatNumber, formatStep, formatSteps} from '../lib/format';
import {binText, entriesIn, type GradientHistogram} from '../lib/histogram';
import {xToStep, type StepRange} from '../lib/range';
import {columnAt} from '../lib/series';
import {binAt, HISTOGRAM_HEIGHT} from './histogram_canvas';
import {Tip} from './tip';

interface HistogramTipProps {
  histogram: GradientHistogram;
  hover: {x: number; y: number};
  view: StepRange;
  width: number;
}

export function HistogramTip({histogram, hover, view, width}: HistogramTipProps) {
  const bin = binAt(histogram, hover.y);
  const step = xToStep(hover.x, view, width);
  const column = columnAt(histogram.columns, step);
  if (bin === null || column < 0) return null;
  const [first, last] = [histogram.columns.first[column] ?? 0, histogram.columns.last[column] ?? 0];
  const {count, of} = entriesIn(histogram, column, bin);
  const isHeld = step >= first && step <= last;
  return (
    <Tip {...{hover, width}} height={HISTOGRAM_HEIGHT}>
      <strong>{binText(histogram, bin)}</strong>
      {isHeld ? (
        <>
          <span>
            {formatStep(count)} of {formatStep(of)} entries, {formatShare(count / of)}
          </span>
          <span>
            step {formatStep(step)}, sampled at {formatSteps(first, first)}
          </span>
        </>
      ) : (
        <span>step {formatStep(step)}: not sampled</span>
      )}
    </Tip>
  );
}

/** `12 %`, `0.034 %`: two digits, no exponents where none are needed. */
export function formatShare(share: number): string {
  return `${formatNumber(Number((100 * share).toPrecision(2)))} %`;
}
