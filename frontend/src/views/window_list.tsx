/** All windows of the selected run, in words: the text of what lanes and charts draw. */
import {useLayoutEffect, useRef} from 'preact/hooks';
import {firstNames, formatScore, formatSpan, formatStep, plural} from '../lib/format';
import {outcomeText} from '../lib/outcomes';
import {symptom} from '../lib/symptoms';
import {windowKey} from '../lib/windows';
import {selectWindow, stepWindow, type State} from '../state';
import type {RunReport, SymptomWindow} from '../types';
import {KindBadge} from './badges';

const MOST_LAYERS = 20;

export function WindowList({state, report}: {state: State; report: RunReport}) {
  const {windows} = report;
  const index = windows.findIndex((window) => windowKey(window) === state.windowKey.value);
  const list = useRef<HTMLOListElement>(null);

  useLayoutEffect(() => {
    // Scrolls the list alone: the page stays where the reader is.
    const item = list.current?.children[index];
    if (!list.current || !(item instanceof HTMLElement)) return;
    const top = item.offsetTop - list.current.offsetTop;
    const bottom = top + item.offsetHeight;
    if (top < list.current.scrollTop) list.current.scrollTop = top;
    else if (bottom > list.current.scrollTop + list.current.clientHeight) {
      list.current.scrollTop = bottom - list.current.clientHeight;
    }
  }, [index]);

  return (
    <section class="window-list" aria-label="Windows of this run">
      <div class="section-line">
        <h3>Windows of this run</h3>
        {windows.length > 0 && (
          <span class="stepper">
            <button
              type="button"
              aria-label="Previous window"
              title="Previous window (,)"
              onClick={() => {
                stepWindow(state, -1);
              }}
            >
              ‹
            </button>
            <span aria-live="polite">
              {index < 0 ? `${windows.length} in all` : `${index + 1} of ${windows.length}`}
            </span>
            <button
              type="button"
              aria-label="Next window"
              title="Next window (.)"
              onClick={() => {
                stepWindow(state, 1);
              }}
            >
              ›
            </button>
          </span>
        )}
      </div>
      {windows.length === 0 && (
        <p class="hint">
          {report.checks.some(({status}) => status === 'ran')
            ? 'No window: nothing abnormal was found in what was checked.'
            : 'No window: nothing was checked.'}
        </p>
      )}
      <ol ref={list}>
        {windows.map((window, position) => (
          <li key={windowKey(window)}>
            <WindowCard
              window={window}
              selected={position === index}
              onSelect={() => {
                selectWindow(state, report.run, window);
              }}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

interface WindowCardProps {
  window: SymptomWindow;
  selected: boolean;
  onSelect: () => void;
}

/** One window: which symptom, where, when, how bad. A click selects it. */
function WindowCard({window, selected, onSelect}: WindowCardProps) {
  const {name, meaning} = symptom(window.kind);
  const outcome = outcomeText(window);
  return (
    <button type="button" class="window-card" aria-pressed={selected} onClick={onSelect}>
      <KindBadge kind={window.kind} severity={window.severity} />
      <span class="window-text">
        <span class="window-line">
          <strong>{name}</strong>
          <span class="window-severity">{window.severity}</span>
        </span>
        <span>
          {formatSpan(window)} · {formatScore(window.peak_score)}
        </span>
        <span class="window-series">
          <bdi>{window.series}</bdi>
          {window.layers.length > 1 && ` and ${plural(window.layers.length - 1, 'more layer')}`}
          {outcome !== '' && ` · ${outcome}`}
        </span>
        {selected && <WindowDetails window={window} meaning={meaning} />}
      </span>
    </button>
  );
}

function WindowDetails({window, meaning}: {window: SymptomWindow; meaning: string}) {
  const facts: [string, string][] = [
    ['onset', formatStep(window.start_step)],
    ['alarm', formatStep(window.alarm_step)],
    ['peak', formatStep(window.peak_step)],
    ['end', window.end_step === null ? 'open' : formatStep(window.end_step)],
  ];
  return (
    <span class="window-details">
      {meaning !== '' && <span>{meaning}</span>}
      <span class="window-facts">
        {facts.map(([label, value]) => (
          <span key={label}>
            <small>{label}</small> {value}
          </span>
        ))}
      </span>
      {window.layers.length > 0 && (
        <span>
          <small>layers, in order of onset</small> <bdi>{firstNames(window.layers, MOST_LAYERS)}</bdi>
        </span>
      )}
    </span>
  );
}
