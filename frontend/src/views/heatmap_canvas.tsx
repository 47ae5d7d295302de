/** The pixels of the heatmap: one image row for each row of layers. */
import {useLayoutEffect, useMemo, useRef} from 'preact/hooks';
import {rowBytes, rowLayout, rowOf, type ShadedCells} from '../lib/heatmap';
import type {StepRange} from '../lib/range';
import type {Columns} from '../lib/series';
import {paintCanvas} from './paint_canvas';

interface HeatmapCanvasProps {
  shaded: ShadedCells;
  columns: Columns;
  /** The layers in the order of their rows. */
  order: readonly number[];
  view: StepRange;
  width: number;
  dark: boolean;
  /** Place of the layer with a frame; -1 for none. */
  selected: number;
  label: string;
}

/** A frame would cover the cells of a lower row, in CSS pixels. */
const FRAMED_HEIGHT = 8;

export function HeatmapCanvas(props: HeatmapCanvasProps) {
  const {shaded, columns, order, view, width, dark, selected, label} = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = window.devicePixelRatio || 1;
  const {rows, rowHeight} = rowLayout(order.length);
  const bytes = useMemo(() => rowBytes(shaded, order), [shaded, order]);

  useLayoutEffect(() => {
    paintCanvas(canvas.current, bytes, columns, view);
  }, [bytes, columns, view, width, dark, ratio]);

  return (
    <>
      <canvas
        ref={canvas}
        class="cells"
        role="img"
        aria-label={label}
        width={Math.round(width * ratio)}
        height={rows}
        style={{width: `${width}px`, height: `${rows * rowHeight}px`}}
      />
      {selected >= 0 && (
        <i
          class={rowHeight < FRAMED_HEIGHT ? 'heatmap-selected thin' : 'heatmap-selected'}
          style={{top: `${rowOf(selected, order.length) * rowHeight}px`, height: `${rowHeight}px`}}
        />
      )}
    </>
  );
}
