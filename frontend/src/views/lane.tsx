/** One run: its name, and its windows as bars. */
import {formatStep, plural} from '../lib/format';
import {packBars} from '../lib/lanes';
import {stepToX, type StepRange} from '../lib/range';
import {windowKey, windowRange} from '../lib/windows';
import {selectRun, selectWindow, type State} from '../state';
import type {RunReport} from '../types';
import {StatusDot} from './badges';
import {LaneBar} from './lane_bar';

const ROW_HEIGHT = 17;
/** Wide enough for a letter. */
const MIN_BAR_WIDTH = 15;
/** Wide enough for a letter and the arrow. */
const MIN_OPEN_BAR_WIDTH = 22;
const MAX_ROWS = 8;

interface LaneProps {
  state: State;
  run: RunReport;
  domain: StepRange;
  width: number;
}

export function Lane({state, run, domain, width}: LaneProps) {
  const selected = state.report.value?.run === run.run;
  const {first, last} = run.steps;
  const edge = (step: number) => Math.min(width, Math.max(0, stepToX(step - 0.5, domain, width)));
  const bars = run.windows
    .map((item) => ({item, ...windowRange(item, last ?? item.start_step)}))
    .filter(({from, to}) => from <= domain.to && to >= domain.from)
    .map(({item, from, to}) => {
      const left = edge(from);
      return {
        left,
        right: Math.max(edge(to + 1), item.end_step === null ? left + MIN_OPEN_BAR_WIDTH : left),
        item,
      };
    });
  const packing = packBars(bars, {width, minWidth: MIN_BAR_WIDTH, maxRows: MAX_ROWS});
  return (
    <div class={selected ? 'lane lane-selected' : 'lane'}>
      <button
        type="button"
        class="lane-name"
        aria-pressed={selected}
        title={run.run}
        onClick={() => {
          selectRun(state, run.run);
        }}
      >
        <StatusDot status={run.verdict.status} />
        <bdi class="clip">{run.run}</bdi>
      </button>
      <div class="lane-bars" style={{height: `${Math.max(1, packing.rows) * ROW_HEIGHT + 5}px`}}>
        {first !== null && last !== null && (
          <i
            class="lane-steps"
            style={{left: `${edge(first)}px`, width: `${edge(last + 1) - edge(first)}px`}}
          />
        )}
        {packing.bars.map(({left, right, row, item}) => (
          <LaneBar
            key={windowKey(item)}
            window={item}
            {...{left, right}}
            top={row * ROW_HEIGHT + 3}
            placeOf={(step) => stepToX(step, domain, width)}
            pressed={selected && state.windowKey.value === windowKey(item)}
            onSelect={() => {
              selectWindow(state, run.run, item);
            }}
          />
        ))}
        {last !== null && last > domain.to && (
          <span class="lane-more">goes on to step {formatStep(last)}</span>
        )}
        {packing.hidden > 0 && (
          <span class="lane-more">and {plural(packing.hidden, 'window')} more: see the list</span>
        )}
      </div>
    </div>
  );
}
