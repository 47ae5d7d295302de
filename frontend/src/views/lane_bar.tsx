/** One window on a swim lane: its letter at the onset, a line at the alarm, a diamond at the peak, and how it ended. */
import {formatScore, formatSpan, formatStep} from '../lib/format';
import {outcomeText} from '../lib/outcomes';
import {kindColor, symptom} from '../lib/symptoms';
import type {SymptomWindow} from '../types';

interface LaneBarProps {
  window: SymptomWindow;
  /** In pixels from the left of the lane. */
  left: number;
  right: number;
  top: number;
  /** Where the middle of a step is, in pixels from the left of the lane. */
  placeOf: (step: number) => number;
  pressed: boolean;
  onSelect: () => void;
}

/** Nearer to the ends of the bar than this, in pixels, the letter and the end mark are in the way. */
const ROOM = {left: 20, right: 12};

export function LaneBar({window, left, right, top, placeOf, pressed, onSelect}: LaneBarProps) {
  const {name, letter} = symptom(window.kind);
  const outcome = outcomeText(window);
  const inside = (step: number): number | null => {
    const x = placeOf(step) - left;
    return x >= ROOM.left && x <= right - left - ROOM.right ? x : null;
  };
  const alarm = inside(window.alarm_step);
  const peak = inside(window.peak_step);
  const facts = [
    `alarm at step ${formatStep(window.alarm_step)}`,
    `peak at step ${formatStep(window.peak_step)}, ${formatScore(window.peak_score)}`,
    ...(outcome ? [outcome] : []),
  ];
  return (
    <button
      type="button"
      // The list of windows is the way for the keyboard: a lane may have hundreds.
      tabIndex={-1}
      class={[
        'bar',
        `severity-${window.severity}`,
        window.end_step === null && 'open',
        window.outcome === 'non_finite' && 'ends-non_finite',
      ]
        .filter(Boolean)
        .join(' ')}
      aria-pressed={pressed}
      aria-label={`${name}, ${formatSpan(window)}, ${window.severity}`}
      title={[name, window.series, formatSpan(window), ...facts, window.severity].join('\n')}
      style={{
        left: `${left}px`,
        width: `${right - left}px`,
        top: `${top}px`,
        '--kind': `var(${kindColor(window.kind)})`,
      }}
      onClick={onSelect}
    >
      {letter}
      {alarm !== null && <i class="bar-alarm" style={{left: `${alarm}px`}} />}
      {peak !== null && <i class="bar-peak" style={{left: `${peak}px`}} />}
      {window.outcome === 'non_finite' && right - left > ROOM.left + ROOM.right && <i class="bar-end">×</i>}
    </button>
  );
}
