/** A box of words beside the pointer, on the side with more room. */
import type {ComponentChildren} from 'preact';

const OFFSET = 14;

interface TipProps {
  /** Where the pointer is, in pixels from the top left corner of the plot. */
  hover: {x: number; y: number};
  /** Of the plot. */
  width: number;
  height: number;
  children: ComponentChildren;
}

export function Tip({hover: {x, y}, width, height, children}: TipProps) {
  const side = x < width / 2 ? {left: `${x + OFFSET}px`} : {right: `${width - x + OFFSET}px`};
  const vertical = y > height / 2 ? {bottom: `${height - y + OFFSET}px`} : {top: `${y + OFFSET}px`};
  return (
    <div class="tip" style={{...side, ...vertical}}>
      {children}
    </div>
  );
}
