/** Loss, learning rate and gradient norm of the selected run. */
import {useMemo} from 'preact/hooks';
import type {Api} from '../api';
import {columnsOf, seriesOf} from '../lib/series';
import type {State} from '../state';
import type {Layout} from '../types';
import {LineChart} from './line_chart';
import {ErrorNotice, Notice, Skeleton} from './notices';
import {useExtract} from './use_extract';
import {useResource} from './use_resource';

/** In their order; charts of series that the run lacks are left out. */
const CHARTS = [
  {name: 'loss', measures: ['loss'], title: 'Loss', height: 150},
  {name: 'learning_rate', measures: ['learning_rate'], title: 'Learning rate', height: 84},
  {name: 'grad_norm', measures: ['grad_norm'], title: 'Gradient norm', height: 130},
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
  const charts = useMemo(
    () =>
      CHARTS.flatMap((chart) => {
        const series = frame && seriesOf(frame, chart.name);
        return series ? [{...chart, lines: [{label: chart.title, series}]}] : [];
      }),
    [frame]
  );
  // A run without layers has no gradient norm either; `Plots` says so in its place.
  const missing = CHARTS.filter(
    ({name}) => layout && !layout.scalars.includes(name) && (layout.layers.length > 0 || name !== 'grad_norm')
  );

  return (
    <section class="charts" aria-label="Charts">
      {error !== null && <ErrorNotice what="The charts" error={error} retry={retry} />}
      {!frame && error === null && <Skeleton height={ALL_HEIGHT} label="charts" />}
      {columns &&
        charts.map(({name, measures, title, height, lines}) => (
          <LineChart
            key={name}
            {...{state, title, height, lines, columns}}
            id={name}
            measures={measures}
            unit=""
          />
        ))}
      {frame && missing.length > 0 && (
        <Notice>Not in this run: {missing.map(({title}) => title.toLowerCase()).join(', ')}.</Notice>
      )}
    </section>
  );
}
