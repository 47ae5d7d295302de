/** The pixels of a gradient histogram over steps: a block of octaves for each sign, and bars of their own for what has no size. */
import {useLayoutEffect, useMemo, useRef} from 'preact/hooks';
import {formatTick} from '../lib/format';
import {histogramRows, shadeBins, type GradientHistogram} from '../lib/histogram';
import type {StepRange} from '../lib/range';
import {logTicks} from '../lib/scale';
import type {Columns} from '../lib/series';
import {paintCanvas} from './paint_canvas';

interface HistogramCanvasProps {
  histogram: GradientHistogram;
  view: StepRange;
  width: number;
  dark: boolean;
}

/** Heights in CSS pixels. */
const MARGIN = 5;
const BAR = 10;
const GAP = 3;
const OCTAVES = 66;
const TICKS = 3;
/** From top to bottom: NaN, Inf, positive, zero, negative, -Inf. */
const TOPS = (() => {
  const positive = MARGIN + 2 * BAR + GAP;
  const negative = positive + OCTAVES + BAR;
  return {
    nan: MARGIN,
    inf: MARGIN + BAR,
    positive,
    zero: positive + OCTAVES,
    negative,
    negativeInf: negative + OCTAVES + GAP,
  };
})();
export const HISTOGRAM_HEIGHT = TOPS.negativeInf + BAR + MARGIN;
const BLOCKS = ['nan', 'inf', 'positive', 'zero', 'negative', 'negativeInf'] as const;

/** The bin at a height in CSS pixels; null between the blocks. */
export function binAt(histogram: GradientHistogram, y: number): number | null {
  const rows = histogramRows(histogram);
  for (const name of BLOCKS) {
    const share = (y - TOPS[name]) / heightOf(name);
    if (share >= 0 && share < 1) return rows[name][Math.floor(share * rows[name].length)] ?? null;
  }
  return null;
}

function heightOf(name: (typeof BLOCKS)[number]): number {
  return name === 'positive' || name === 'negative' ? OCTAVES : BAR - 1;
}

export function HistogramCanvas({histogram, view, width, dark}: HistogramCanvasProps) {
  const blocks = useMemo(() => {
    const rows = histogramRows(histogram);
    return BLOCKS.map((name) => ({name, bytes: shadeBins(histogram, rows[name]), rows: rows[name].length}));
  }, [histogram]);
  return (
    <>
      <div class="histogram-axis" aria-hidden="true">
        {axisLabels(histogram).map(({text, y}) => (
          <span key={text} style={{top: `${y}px`}}>
            {text}
          </span>
        ))}
      </div>
      {blocks.map(({name, bytes, rows}) => (
        <Block
          key={name}
          {...{bytes, rows, view, width, dark}}
          columns={histogram.columns}
          top={TOPS[name]}
          height={heightOf(name)}
        />
      ))}
    </>
  );
}

interface BlockProps {
  bytes: Uint8Array;
  rows: number;
  columns: Columns;
  view: StepRange;
  width: number;
  top: number;
  height: number;
  dark: boolean;
}

function Block({bytes, rows, columns, view, width, top, height, dark}: BlockProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = window.devicePixelRatio || 1;
  useLayoutEffect(() => {
    paintCanvas(canvas.current, bytes, columns, view);
  }, [bytes, columns, view, width, dark, ratio]);
  return (
    <canvas
      ref={canvas}
      class="cells histogram-block"
      aria-hidden="true"
      width={Math.round(width * ratio)}
      height={rows}
      style={{top: `${top}px`, width: `${width}px`, height: `${height}px`}}
    />
  );
}

/** Powers of ten on the octaves of either sign, and the names of the bars. */
function axisLabels({exponents: {low, high}}: GradientHistogram): {text: string; y: number}[] {
  const share = (value: number) => (Math.log2(value) - low) / (high + 1 - low);
  const ticks = logTicks({min: 2 ** low, max: 2 ** (high + 1)}, TICKS);
  return [
    {text: 'NaN', y: TOPS.nan + BAR / 2},
    {text: 'Inf', y: TOPS.inf + BAR / 2},
    ...ticks.map((tick) => ({text: formatTick(tick), y: TOPS.positive + (1 - share(tick)) * OCTAVES})),
    {text: '0', y: TOPS.zero + BAR / 2},
    ...ticks.map((tick) => ({text: `−${formatTick(tick)}`, y: TOPS.negative + share(tick) * OCTAVES})),
    {text: '−Inf', y: TOPS.negativeInf + BAR / 2},
  ].filter(({y}, index, all) => all.slice(0, index).every((other) => Math.abs(other.y - y) >= BAR));
}
