/** Loss, learning rate and gradient norm of everything that is compared, on the same axes. */
import {useMemo} from 'preact/hooks';
import type {Api} from '../api';
import {scalarText} from '../lib/measures';
import type {State} from '../state';
import {ComparePlot} from './compare_plot';
import {ErrorNotice, Notice, Skeleton} from './notices';
import {StepAxis} from './step_axis';
import {comparedSeries, useFrames} from './use_comparison';
import {useExtract} from './use_extract';

/** In their order, with their heights; those that none of the runs has are left out. */
const CHARTS = [
  {scalar: 'loss', height: 170},
  {scalar: 'learning_rate', height: 100},
  {scalar: 'grad_norm', height: 150},
];
/** Title, switch, and the readout of one line. */
const TITLE_HEIGHT = 62;
const READOUT_HEIGHT = 19;

function heightFor(height: number, lines: number): number {
  return Math.max(height, TITLE_HEIGHT + READOUT_HEIGHT * lines);
}

export function CompareCharts({state, api}: {state: State; api: Api}) {
  const compared = state.comparison.value;
  const {extract, key} = useExtract(state);
  const {value: frames, error, retry} = useFrames(state, api, compared, key, extract);
  const view = state.view.value;
  const charts = useMemo(
    () =>
      CHARTS.map(({scalar, height}) => ({
        scalar,
        height: heightFor(height, compared.length),
        lines: compared.flatMap((one, index) => {
          const found = frames && comparedSeries(frames, one, scalar);
          return found ? [{...found, name: one.name, place: index}] : [];
        }),
      })).filter(({lines}) => lines.length > 0),
    [frames, compared]
  );
  const allHeight = CHARTS.reduce((sum, {height}) => sum + heightFor(height, compared.length), 0);
  const axes = new Set(compared.flatMap(({runs}) => runs.map(({source}) => source.axis)));
  return (
    <section class="plots" aria-label="Comparison charts">
      <div class="plots-axis">
        <strong class="view-label">Compared</strong>
        {view && state.plotWidth.value > 0 && <StepAxis range={view} width={state.plotWidth.value} />}
      </div>
      {axes.size > 1 && (
        <Notice>These runs count different things ({[...axes].join(', ')}): their steps do not match.</Notice>
      )}
      {error !== null && <ErrorNotice what="The comparison" error={error} retry={retry} />}
      {!frames && error === null && <Skeleton height={allHeight} label="comparison" />}
      {charts.map(({scalar, height, lines}) => {
        const {title, explanation} = scalarText(scalar);
        return (
          <ComparePlot
            key={scalar}
            {...{state, title, explanation, lines, height}}
            id={`compare_${scalar}`}
          />
        );
      })}
    </section>
  );
}
