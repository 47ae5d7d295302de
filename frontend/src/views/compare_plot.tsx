/** One series of several runs: a title with a readout and a log/linear switch for all, beside their lines. */
import {useLayoutEffect, useMemo, useRef} from 'preact/hooks';
import {commonFolder, formatNumber} from '../lib/format';
import {isLoggable} from '../lib/lines';
import {axisInterval, extent} from '../lib/scale';
import {columnAt, measuredAt, valueAt} from '../lib/series';
import {endsInView, valuesInView} from '../lib/value_axis';
import type {State} from '../state';
import {drawComparison, type ComparedLine} from './compare_draw';
import {VALUE_AXIS_WIDTH} from './line_marks';
import {PlotSurface} from './plot_surface';
import {Readout} from './readout';
import {ScaleSwitch} from './scale_switch';

interface ComparePlotProps {
  state: State;
  /** Names the chart in the URL. */
  id: string;
  title: string;
  explanation: string;
  lines: ComparedLine[];
  height: number;
}

export function ComparePlot({state, id, title, explanation, lines, height}: ComparePlotProps) {
  const view = state.view.value;
  const width = state.plotWidth.value;
  const dark = state.dark.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  const loggable = useMemo(() => isLoggable(lines.map(({series}) => series)), [lines]);
  const log = (state.plots.scales.value.get(id) ?? (loggable ? 'log' : 'linear')) === 'log';
  const clip = state.plots.clip.value;
  const smoothing = state.plots.smoothing.value;
  const axis = useMemo(
    () => axisInterval(view && extent(endsInView(lines, view, {log, clip}), log), log),
    [lines, view, log, clip]
  );

  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context || !view || width === 0) return;
    const ratio = window.devicePixelRatio;
    canvas.current.width = Math.round((width + VALUE_AXIS_WIDTH) * ratio);
    canvas.current.height = Math.round(height * ratio);
    context.scale(ratio, ratio);
    drawComparison(context, {lines, view, axis, log, smoothing, width, height});
  }, [lines, view, axis, log, smoothing, width, height, dark]);

  if (!view || width === 0) return <div style={{height: `${height}px`}} />;
  return (
    <figure class="plot-row" aria-label={`${title}: ${description(lines, view)}`}>
      <figcaption class="plot-title">
        <span class="plot-heading" title={explanation}>
          {title}
        </span>
        <Readouts state={state} lines={lines} />
        <ScaleSwitch {...{state, id, title, log}} />
      </figcaption>
      <div class="plot-body" style={{height: `${height}px`}}>
        <canvas
          ref={canvas}
          aria-hidden="true"
          style={{width: `${width + VALUE_AXIS_WIDTH}px`, height: `${height}px`}}
        />
        <div class="plot-over">
          <PlotSurface state={state} />
        </div>
      </div>
    </figure>
  );
}

/** The values measured last up to the cursor; without one, up to the end of the view. */
function Readouts({state, lines}: {state: State; lines: ComparedLine[]}) {
  const step = state.shownStep.value ?? state.view.value?.to;
  const folder = commonFolder(lines.map(({name}) => name));
  return (
    <span class="readouts">
      {lines.map(({name, place, series, columns}) => {
        const measured = step === undefined ? -1 : measuredAt(series, columnAt(columns, step));
        return (
          <Readout
            key={name}
            name={name.slice(folder.length)}
            place={place}
            value={valueAt(series, measured)}
          />
        );
      })}
    </span>
  );
}

/** The chart in words, for those who do not see it. */
function description(lines: ComparedLine[], view: {from: number; to: number}): string {
  const parts = lines.map((line) => {
    const values = extent(valuesInView(line, view), false);
    return `${line.name} ${values ? `${formatNumber(values.min)} to ${formatNumber(values.max)}` : 'no finite value'}`;
  });
  return `steps ${view.from} to ${view.to}. ${parts.join('. ')}`;
}
