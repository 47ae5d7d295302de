/** The box on the swim lanes that shows, moves and resizes the view: the lanes are its minimap. */
import {useRef} from 'preact/hooks';
import {formatStep} from '../lib/format';
import {span, stepToX, xToStep, type StepRange} from '../lib/range';
import {showRange, type State} from '../state';

type Grip = 'from' | 'to' | 'both';

/** Keys move an end, or the box, by this share of the view. */
const KEY_SHARES: Record<string, number> = {ArrowLeft: -0.1, ArrowRight: 0.1, PageUp: -1, PageDown: 1};
/** A press that moves less than this many pixels is a click. */
const DRAG_PIXELS = 3;

export function LaneRange({state, domain, width}: {state: State; domain: StepRange; width: number}) {
  const pressed = useRef<{grip: Grip | 'new'; x: number; step: number; view: StepRange} | null>(null);
  const {scrubbing} = state.plots;
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
  const stepUnder = (event: PointerEvent) => {
    const strip = (event.currentTarget as HTMLElement).closest('.lane-range')?.getBoundingClientRect();
    return xToStep(event.clientX - (strip?.left ?? 0), domain, width);
  };
  const release = () => {
    pressed.current = null;
    scrubbing.value = false;
  };
  const rest = () => {
    // A press moves the focus, too; it goes on.
    if (!pressed.current) scrubbing.value = false;
  };
  const pointer = (grip: Grip | 'new') => ({
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      pressed.current = {grip, x: event.clientX, step: stepUnder(event), view};
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      const press = pressed.current;
      if (!press || (!scrubbing.value && Math.abs(event.clientX - press.x) < DRAG_PIXELS)) return;
      scrubbing.value = true;
      const step = stepUnder(event);
      if (press.grip === 'new')
        showRange(state, {from: Math.min(step, press.step), to: Math.max(step, press.step)});
      else move(press.grip, press.view, Math.round(((event.clientX - press.x) / width) * span(domain)));
    },
    onPointerUp: release,
    onPointerCancel: release,
    onDblClick: () => {
      showRange(state, null);
    },
  });
  const slider = (grip: Grip, label: string) => ({
    role: 'slider' as const,
    tabIndex: 0,
    'aria-label': label,
    'aria-valuemin': whole.from,
    'aria-valuemax': whole.to,
    'aria-valuenow': view[grip === 'to' ? 'to' : 'from'],
    'aria-valuetext':
      grip === 'both'
        ? `steps ${formatStep(view.from)} to ${formatStep(view.to)}`
        : `step ${formatStep(view[grip])}`,
    onKeyDown: (event: KeyboardEvent) => {
      const share = KEY_SHARES[event.key];
      const toEnd = event.key === 'Home' ? -span(whole) : event.key === 'End' ? span(whole) : null;
      if (share === undefined && toEnd === null) return;
      event.preventDefault();
      scrubbing.value = true;
      move(
        grip,
        view,
        toEnd ?? Math.sign(share ?? 0) * Math.max(1, Math.round(Math.abs(share ?? 0) * span(view)))
      );
    },
    onKeyUp: rest,
    onBlur: rest,
  });
  return (
    <div class="lane-range">
      {state.range.value && (
        <>
          <i class="range-shade" style={{left: '0', width: `${left}px`}} />
          <i class="range-shade" style={{left: `${right}px`, right: '0'}} />
        </>
      )}
      <div class="range-strip" title="Drag to mark the steps to view" {...pointer('new')} />
      {state.range.value && (
        <div
          class="range-box"
          title="Drag to move the view; double click for the whole run"
          style={{left: `${left}px`, width: `${right - left}px`}}
          {...pointer('both')}
          {...slider('both', 'Steps in view')}
        />
      )}
      <i class="range-frame" style={{left: `${left}px`, width: `${right - left}px`}} />
      <div
        class="range-end range-from"
        style={{left: `${left}px`}}
        {...pointer('from')}
        {...slider('from', 'First step in view')}
      />
      <div
        class="range-end range-to"
        style={{left: `${right}px`}}
        {...pointer('to')}
        {...slider('to', 'Last step in view')}
      />
    </div>
  );
}
