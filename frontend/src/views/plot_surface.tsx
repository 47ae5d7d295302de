/** What the pointer does on every plot: a shared cursor, click to choose a step, drag to zoom, double click for the whole run. */
import type {ComponentChildren} from 'preact';
import {useRef} from 'preact/hooks';
import {xToStep} from '../lib/range';
import {showRange, type State} from '../state';
import {PointerLines} from './pointer_lines';

/** A press that moves less than this many pixels is a click. */
const DRAG_PIXELS = 4;

interface PlotSurfaceProps {
  state: State;
  /** A click also chooses what is there; in pixels from the top left corner of the plot. */
  onPick?: (x: number, y: number) => void;
  /** The pointer moved to, or left (null). */
  onHover?: (at: {x: number; y: number} | null) => void;
  children?: ComponentChildren;
}

export function PlotSurface({state, onPick, onHover, children}: PlotSurfaceProps) {
  const pressed = useRef<number | null>(null);

  const place = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return {x: event.clientX - box.left, y: event.clientY - box.top};
  };
  const stepAt = (x: number) => {
    const view = state.view.value;
    return view && xToStep(x, view, state.plotWidth.value);
  };
  const selectionTo = (x: number) => {
    const start = pressed.current;
    if (start === null || Math.abs(x - start) < DRAG_PIXELS) return null;
    const [a, b] = [stepAt(start), stepAt(x)];
    return a === null || b === null ? null : {from: Math.min(a, b), to: Math.max(a, b)};
  };

  return (
    <div
      class="plot-surface"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        pressed.current = place(event).x;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const {x, y} = place(event);
        state.cursor.value = stepAt(x);
        state.selection.value = selectionTo(x);
        onHover?.({x, y});
      }}
      onPointerUp={(event) => {
        const {x, y} = place(event);
        const selection = selectionTo(x);
        if (selection) showRange(state, selection);
        else if (pressed.current !== null) {
          state.plots.step.value = stepAt(x);
          onPick?.(x, y);
        }
        pressed.current = null;
        state.selection.value = null;
      }}
      onPointerCancel={() => {
        pressed.current = null;
        state.selection.value = null;
      }}
      onPointerLeave={() => {
        state.cursor.value = null;
        onHover?.(null);
      }}
      onDblClick={() => {
        // The first of the two clicks chose a step.
        state.plots.step.value = null;
        showRange(state, null);
      }}
    >
      <PointerLines state={state} />
      {children}
    </div>
  );
}
