/** Switches the value axis of a chart between logarithmic and linear. */
import {setScale} from '../plot_choices';
import type {State} from '../state';

interface ScaleSwitchProps {
  state: State;
  /** Names the chart in the URL. */
  id: string;
  title: string;
  log: boolean;
}

export function ScaleSwitch({state, id, title, log}: ScaleSwitchProps) {
  return (
    <button
      type="button"
      class="scale-switch"
      aria-label={`${title}: ${log ? 'logarithmic' : 'linear'} axis, switch to ${log ? 'linear' : 'logarithmic'}`}
      onClick={() => {
        setScale(state.plots, id, log ? 'linear' : 'log');
      }}
    >
      <span class={log ? 'on' : ''}>log</span>
      <span class={log ? '' : 'on'}>lin</span>
    </button>
  );
}
