/** The box on the swim lanes that shows, moves and resizes the view. */
import {useRef} from 'preact/hooks';
import {formatStep} from '../lib/format';
import {span, stepToX, type StepRange} from '../lib/range';
import {showRange, type State} from '../state';

type Grip = 'from' | 'to' | 'both';

/** An arrow key moves an end by this share of the view. */
const KEY_SHARE = 0.1;

export function LaneRange({state, domain, width}: {state: State; domain: StepRange; width: number}) {
  const pressed = useRef<{grip: Grip; x: number; view: StepRange} | null>(null);
  const view = state.view.value;
  const whole = state.whole.value;
  if (!view || !whole) return null;
  const left = stepToX(view.from - 0.5, domain, width);
  const right = stepToX(view.to + 0.5, domain, width);

  const move = (grip: Grip, start: StepRange, steps: number) => {
    const from = grip === 'to' ? start.from : start.from + steps;
    const to = grip === 'from' ? start.to : start.to + steps;
    // An end stops at the other end, and at the ends of the run.
    if (grip === 'from')
      showRange(state, {from: Math.max(whole.from, Math.min(from, start.to)), to: start.to});
    else if (grip === 'to')
      showRange(state, {from: start.from, to: Math.min(whole.to, Math.max(to, start.from))});
    else showRange(state, {from, to});
  };
  const handlers = (grip: Grip) => ({
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      pressed.current = {grip, x: event.clientX, view};
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      const press = pressed.current;
      if (press) move(press.grip, press.view, Math.round(((event.clientX - press.x) / width) * span(domain)));
    },
    onPointerUp: () => {
      pressed.current = null;
    },
    onPointerCancel: () => {
      pressed.current = null;
    },
    onDblClick: () => {
      showRange(state, null);
    },
  });
  const slider = (grip: 'from' | 'to', x: number, label: string) => (
    <div
      class={`range-end range-${grip}`}
      style={{left: `${x}px`}}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={whole.from}
      aria-valuemax={whole.to}
      aria-valuenow={view[grip]}
      aria-valuetext={`step ${formatStep(view[grip])}`}
      {...handlers(grip)}
      onKeyDown={(event: KeyboardEvent) => {
        const direction = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
        if (direction === 0) return;
        event.preventDefault();
        move(grip, view, direction * Math.max(1, Math.round(KEY_SHARE * span(view))));
      }}
    />
  );
  return (
    <div class="lane-range">
      {state.range.value && (
        <>
          <i class="range-shade" style={{left: '0', width: `${left}px`}} />
          <i class="range-shade" style={{left: `${right}px`, right: '0'}} />
        </>
      )}
      <div
        class="range-box"
        title="Drag to move the view; double click for the whole run"
        style={{left: `${left}px`, width: `${right - left}px`}}
        {...handlers('both')}
      />
      <i class="range-frame" style={{left: `${left}px`, width: `${right - left}px`}} />
      {slider('from', left, 'First step in view')}
      {slider('to', right, 'Last step in view')}
    </div>
  );
}
