/** Paints rows of bytes on a canvas that is as high as it has rows; the style sheet scales it up without smoothing. */
import {colorTable} from '../lib/colormap';
import {palette} from '../lib/heatmap';
import {columnsOfPixels, paintRows} from '../lib/pool';
import type {StepRange} from '../lib/range';
import type {Columns} from '../lib/series';
import {themeColor} from './theme';

const TABLE = colorTable();
/** The pixels of each canvas, so that moving the view makes no garbage of the size of the screen. */
const IMAGES = new WeakMap<HTMLCanvasElement, ImageData>();

/** Args: `bytes` is `[rows, columns]`; the canvas has so many rows. */
export function paintCanvas(
  canvas: HTMLCanvasElement | null,
  bytes: Uint8Array,
  columns: Columns,
  view: StepRange
): void {
  const context = canvas?.getContext('2d');
  if (!canvas || !context || canvas.width === 0 || canvas.height === 0) return;
  const {width, height} = canvas;
  let image = IMAGES.get(canvas);
  if (image?.width !== width || image.height !== height) {
    image = new ImageData(width, height);
    IMAGES.set(canvas, image);
  }
  const pixels = columnsOfPixels(columns, view, width);
  const colors = palette(TABLE, rgba(themeColor('--nonfinite')));
  paintRows(bytes, columns.first.length, pixels, colors, new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  canvas.setAttribute('data-painted', '');
}

/** The bytes of a colour such as `#b400ff`. */
function rgba(hex: string): Uint8ClampedArray<ArrayBuffer> {
  const value = Number.parseInt(hex.slice(1), 16);
  return Uint8ClampedArray.of(value >> 16, (value >> 8) & 255, value & 255, 255);
}
