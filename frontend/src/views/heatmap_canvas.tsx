/** The pixels of the heatmap: one image row a layer, scaled up without smoothing. */
import {useLayoutEffect, useRef} from 'preact/hooks';
import {colorTable, type ColorScale} from '../lib/colormap';
import {paintCells, rowLayout, rowOf, type HeldCells} from '../lib/heatmap';
import {columnsOfPixels} from '../lib/pool';
import type {StepRange} from '../lib/range';
import type {Columns} from '../lib/series';
import {themeColor} from './theme';

export interface HeatmapData {
  layers: string[];
  columns: Columns;
  cells: HeldCells;
}

interface HeatmapCanvasProps {
  data: HeatmapData;
  scale: ColorScale | null;
  view: StepRange;
  width: number;
  height: number;
  dark: boolean;
  /** Index of the layer with a frame; -1 for none. */
  selected: number;
  label: string;
}

const TABLE = colorTable();

export function HeatmapCanvas({data, scale, view, width, height, dark, selected, label}: HeatmapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = window.devicePixelRatio || 1;
  const {rowHeight} = rowLayout(data.layers.length);

  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context) return;
    const pixels = columnsOfPixels(data.columns, view, canvas.current.width);
    const {rows} = rowLayout(data.layers.length);
    const image = paintCells(data.cells, pixels, scale, TABLE, rgba(themeColor('--nonfinite')));
    const {width: across, height: down} = canvas.current;
    context.clearRect(0, 0, across, down);
    if (rows > 0) drawRows(context, new ImageData(image, across, rows), down);
    canvas.current.setAttribute('data-painted', '');
  }, [data, scale, view, width, height, dark, ratio]);

  return (
    <>
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        width={Math.round(width * ratio)}
        height={Math.round(height * ratio)}
        style={{width: `${width}px`, height: `${height}px`}}
      />
      {selected >= 0 && (
        <i
          class="heatmap-selected"
          style={{top: `${rowOf(selected, data.layers.length) * rowHeight}px`, height: `${rowHeight}px`}}
        />
      )}
    </>
  );
}

/** Only the height is scaled: a pixel column is never averaged away. */
function drawRows(context: CanvasRenderingContext2D, image: ImageData, height: number): void {
  const source = document.createElement('canvas');
  source.width = image.width;
  source.height = image.height;
  source.getContext('2d')?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(source, 0, 0, image.width, image.height, 0, 0, image.width, height);
}

/** The bytes of a colour such as `#d0006f`. */
function rgba(hex: string): Uint8ClampedArray<ArrayBuffer> {
  const value = Number.parseInt(hex.slice(1), 16);
  return Uint8ClampedArray.of(value >> 16, (value >> 8) & 255, value & 255, 255);
}
