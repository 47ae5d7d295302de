/** Beside the rows of the heatmap: how deep in the network each layer is, light at the inputs, dark at the outputs. */
import {useLayoutEffect, useRef} from 'preact/hooks';
import {rowLayout} from '../lib/heatmap';
import {layersOfRow} from '../lib/pool';
import {themeColor} from './theme';

const WIDTH = 6;

interface DepthStripProps {
  order: readonly number[];
  /** Of the whole network. */
  layers: number;
  height: number;
  dark: boolean;
}

export function DepthStrip({order, layers, height, dark}: DepthStripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const {rows, rowHeight} = rowLayout(order.length);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, WIDTH, height);
    context.fillStyle = themeColor('--text');
    for (let row = 0; row < rows; row++) {
      const layer = order[layersOfRow(row, rows, order.length).start] ?? 0;
      context.globalAlpha = 0.08 + (0.84 * layer) / Math.max(1, layers - 1);
      context.fillRect(0, row * rowHeight, WIDTH, rowHeight);
    }
  }, [order, layers, height, dark]);
  return <canvas ref={canvas} class="depth-strip" aria-hidden="true" width={WIDTH} height={height} />;
}
