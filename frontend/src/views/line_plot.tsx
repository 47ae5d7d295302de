/** Lines over steps on a canvas (uPlot), with bands, marks and guides. Knows nothing of the API. */
import {useLayoutEffect, useMemo, useRef} from 'preact/hooks';
import uPlot from 'uplot';
import {formatTick} from '../lib/format';
import {dots, hasSpread, linePoints, lineValues, marks, type LinePoints} from '../lib/lines';
import type {StepRange} from '../lib/range';
import {linearTicks, logTicks, stepTicks, type Interval} from '../lib/scale';
import type {Columns, PooledSeries} from '../lib/series';
import {smoothed} from '../lib/smoothing';
import {
  drawBands,
  drawGuide,
  drawLetter,
  drawMarks,
  drawUsualBand,
  marksHeight,
  MEASURED_ALPHA,
  PIXELS_PER_STEP_TICK,
  PIXELS_PER_TICK,
  VALUE_AXIS_WIDTH,
  type Bands,
  type Box,
} from './line_marks';
import {lineStyle, themeColor} from './theme';

export interface Line {
  label: string;
  series: PooledSeries;
}

export interface Guide {
  value: number;
  label: string;
}

export interface LinePlotProps {
  lines: Line[];
  columns: Columns;
  view: StepRange;
  axis: Interval;
  log: boolean;
  /** Weight of what came before in the smoothed lines; 0 for none. */
  smoothing: number;
  guides: Guide[];
  usualBand: Interval | null;
  bands: Bands;
  width: number;
  height: number;
  dark: boolean;
}

/** What is drawn: the props, and where their columns have points. */
interface Drawn extends LinePlotProps {
  points: LinePoints;
}

export function LinePlot(props: LinePlotProps) {
  const {columns, view, width} = props;
  const points = useMemo(() => linePoints(columns, view, width), [columns, view, width]);
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  // uPlot's callbacks outlive a render: they read what was shown last.
  const latest = useRef<Drawn>({...props, points});
  latest.current = {...props, points};
  const spread = props.lines.map(({series}) => hasSpread(series));
  const structure = `${String(props.log)}:${String(props.smoothing > 0)}:${spread.join()}`;

  useLayoutEffect(() => {
    if (!place.current) return;
    const created = new uPlot(options(latest, spread), dataOf(latest.current), place.current);
    plot.current = created;
    return () => {
      created.destroy();
      plot.current = null;
    };
  }, [structure]);

  useLayoutEffect(() => {
    plot.current?.setSize({width: props.width + VALUE_AXIS_WIDTH, height: props.height});
  }, [props.width, props.height]);

  useLayoutEffect(() => {
    plot.current?.setData(dataOf(latest.current));
    place.current?.setAttribute('data-painted', '');
  }, [
    props.lines,
    points,
    props.view,
    props.axis,
    props.smoothing,
    props.bands,
    props.guides,
    props.usualBand,
    props.dark,
  ]);

  return <div class="line-plot" ref={place} aria-hidden="true" />;
}

/** Three rows of values for each line: mean, smallest, largest; then the smoothed lines. */
function dataOf({lines, columns, points, axis, log, smoothing}: Drawn): uPlot.AlignedData {
  const rows = lines.flatMap(({series}) =>
    (['mean', 'min', 'max'] as const).map((part) => lineValues(series, part, points, axis, log))
  );
  const smoothRows =
    smoothing > 0
      ? lines.map(({series}) =>
          lineValues(smoothed(series, columns, smoothing, log), 'mean', points, axis, log)
        )
      : [];
  return [points.steps, ...rows, ...smoothRows];
}

function options(latest: {current: Drawn}, spread: boolean[]): uPlot.Options {
  const {width, height, log, lines} = latest.current;
  const grid = {stroke: () => themeColor('--grid'), width: 1};
  return {
    width: width + VALUE_AXIS_WIDTH,
    height,
    padding: [() => marksHeight(latest.current.lines), 0, 4, 0],
    legend: {show: false},
    cursor: {show: false},
    scales: {
      x: {time: false, range: () => [latest.current.view.from - 0.5, latest.current.view.to + 0.5]},
      y: {
        // uPlot declares this as an ambient enum, which has no value to import.
        // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
        distr: log ? 3 : 1,
        range: () => [latest.current.axis.min, latest.current.axis.max],
      },
    },
    axes: [
      {
        size: 0,
        splits: () => {
          const {view, width: pixels} = latest.current;
          return stepTicks(view.from, view.to, Math.floor(pixels / PIXELS_PER_STEP_TICK));
        },
        values: () => [],
        ticks: {show: false},
        grid,
      },
      {
        size: VALUE_AXIS_WIDTH,
        font: '11px Roboto, system-ui, sans-serif',
        stroke: () => themeColor('--muted'),
        splits: () => {
          const ticks = latest.current.log ? logTicks : linearTicks;
          return ticks(latest.current.axis, Math.floor(latest.current.height / PIXELS_PER_TICK));
        },
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map(formatTick),
        ticks: {show: false},
        gap: 6,
        grid,
      },
    ],
    series: [
      {},
      ...lines.flatMap((_, index) => lineSeries(index, latest)),
      ...(latest.current.smoothing > 0 ? lines.map((_, index) => smoothSeries(index)) : []),
    ],
    bands: spread.flatMap((wide, index) => (wide ? [envelope(index)] : [])),
    hooks: {
      drawClear: [
        (plot) => {
          const {bands, usualBand: usual} = latest.current;
          drawBands(plot.ctx, boxOf(plot), bands);
          if (usual)
            drawUsualBand(
              plot.ctx,
              boxOf(plot),
              plot.valToPos(usual.max, 'y', true),
              plot.valToPos(usual.min, 'y', true)
            );
        },
      ],
      draw: [
        (plot) => {
          const {lines: drawn, columns, view, width: pixels} = latest.current;
          const found = drawn.flatMap(({series}) => marks(series, columns, view, pixels));
          drawMarks(plot.ctx, boxOf(plot), found);
          drawLetter(plot.ctx, boxOf(plot), latest.current.bands);
          for (const {value, label} of latest.current.guides) {
            drawGuide(plot.ctx, boxOf(plot), plot.valToPos(value, 'y', true), label);
          }
        },
      ],
    },
  };
}

function lineSeries(index: number, latest: {current: Drawn}): uPlot.Series[] {
  const {variable, dash} = lineStyle(index);
  const color = () => themeColor(variable);
  const hidden: uPlot.Series = {width: 0, points: {show: false}};
  const filter = (plot: uPlot, series: number) =>
    dots(
      Array.from(plot.data[series] ?? []),
      latest.current.points,
      latest.current.view,
      latest.current.width
    );
  const points: uPlot.Series.Points = {show: true, size: 5, stroke: color, fill: color, filter};
  const faint = latest.current.smoothing > 0;
  return [
    {stroke: color, width: faint ? 1 : 1.5, alpha: faint ? MEASURED_ALPHA : 1, dash, points},
    hidden,
    hidden,
  ];
}

function smoothSeries(index: number): uPlot.Series {
  const {variable, dash} = lineStyle(index);
  return {stroke: () => themeColor(variable), width: 2, dash, points: {show: false}};
}

function envelope(index: number): uPlot.Band {
  return {
    series: [3 * index + 3, 3 * index + 2],
    fill: () => `color-mix(in srgb, ${themeColor(lineStyle(index).variable)} 28%, transparent)`,
  };
}

function boxOf(plot: uPlot): Box {
  return {...plot.bbox, ratio: uPlot.pxRatio};
}
