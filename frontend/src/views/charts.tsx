/** Loss, learning rate and gradient norm of the selected run; folded in, what is seldom asked for. */
import {useEffect, useMemo, useState} from 'preact/hooks';
import type {Api} from '../api';
import type {Frame} from '../lib/frame';
import {scalarText} from '../lib/measures';
import {columnsOf, seriesOf} from '../lib/series';
import type {State} from '../state';
import type {Layout} from '../types';
import {LineChart} from './line_chart';
import type {Line} from './line_plot';
import {ErrorNotice, Notice, Skeleton} from './notices';
import {useExtract} from './use_extract';
import {useResource} from './use_resource';

interface ScalarChart {
  /** The scalar that gives the chart its name. */
  name: string;
  /** A line for each that the run has, with its label. */
  lines: Record<string, string>;
  height: number;
}

/** In their order; charts of series that the run lacks are left out. */
const CHARTS: ScalarChart[] = [
  {name: 'loss', lines: {loss: 'loss'}, height: 150},
  {name: 'learning_rate', lines: {learning_rate: 'learning rate'}, height: 84},
  {
    name: 'grad_norm',
    lines: {grad_norm: 'raw', clipped_grad_norm: 'clipped'},
    height: 130,
  },
];
const MORE_CHARTS: ScalarChart[] = [
  {name: 'step_seconds', lines: {step_seconds: 'step time'}, height: 84},
  {name: 'loss_scale', lines: {loss_scale: 'loss scale'}, height: 84},
];
const ALL_HEIGHT = CHARTS.reduce((sum, {height}) => sum + height, 0);

export function Charts({
  state,
  api,
  run,
  layout,
}: {
  state: State;
  api: Api;
  run: string;
  layout: Layout | null;
}) {
  const {extract, key} = useExtract(state);
  const {value: frame, error, retry} = useResource(state, run, key, () => api.steps(run, extract));
  const columns = useMemo(() => frame && columnsOf(frame), [frame]);
  const charts = useMemo(() => chartsOf(CHARTS, frame), [frame]);
  const more = useMemo(() => chartsOf(MORE_CHARTS, frame), [frame]);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    state.columns.value = columns;
    return () => {
      state.columns.value = null;
    };
  }, [state, columns]);
  // A run without layers has no gradient norm either; `Plots` says so in its place.
  const missing = CHARTS.filter(
    ({name}) => layout && !layout.scalars.includes(name) && (layout.layers.length > 0 || name !== 'grad_norm')
  );
  const draw = ({name, lines, height}: {name: string; lines: Line[]; height: number}) =>
    columns && (
      <LineChart
        key={name}
        {...{state, height, lines, columns}}
        {...scalarText(name)}
        id={name}
        measures={[name]}
      />
    );

  return (
    <section class="charts" aria-label="Charts">
      {error !== null && <ErrorNotice what="The charts" error={error} retry={retry} />}
      {!frame && error === null && <Skeleton height={ALL_HEIGHT} label="charts" />}
      {charts.map(draw)}
      {more.length > 0 && (
        <details
          class="more-charts"
          onToggle={(event) => {
            setOpen(event.currentTarget.open);
          }}
        >
          <summary>More: {more.map(({name}) => scalarText(name).title.toLowerCase()).join(', ')}</summary>
          {open && more.map(draw)}
        </details>
      )}
      {frame && missing.length > 0 && (
        <Notice>
          Not in this run: {missing.map(({name}) => scalarText(name).title.toLowerCase()).join(', ')}.
        </Notice>
      )}
    </section>
  );
}

/** The charts whose first series the frame has, with the lines that it has. */
function chartsOf(charts: ScalarChart[], frame: Frame | null) {
  return charts.flatMap(({name, lines, height}) => {
    const found = Object.entries(lines).flatMap(([scalar, label]) => {
      const series = frame && seriesOf(frame, scalar);
      return series ? [{label, series}] : [];
    });
    return frame?.arrays.has(`${name}/mean`) ? [{name, height, lines: found}] : [];
  });
}
