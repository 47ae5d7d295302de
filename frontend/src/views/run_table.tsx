/** All runs with their verdicts: find one, show it, compare it, give it a lane. */
import type {ComponentChildren} from 'preact';
import {useState} from 'preact/hooks';
import {groupKey, MAX_COMPARED} from '../lib/compare';
import {formatStep, plural} from '../lib/format';
import {filterJudged, statusCounts, type Judged} from '../lib/run_filter';
import {statusText} from '../lib/status';
import {selectRun, toggleCompared, toggleHidden, type State} from '../state';
import type {RunGroup, RunReport, Status} from '../types';
import {StatusDot} from './badges';

/** With fewer runs there is nothing to search. */
const FILTER_FROM = 8;
/** More rows than this wait for a filter: a browser draws them, but nobody reads them. */
const MAX_ROWS = 300;

export function RunTable({state}: {state: State}) {
  const [text, setText] = useState('');
  const [status, setStatus] = useState<Status | null>(null);
  const [repeated, setRepeated] = useState(false);
  const runs = state.runs.value?.runs ?? [];
  const groups = state.runs.value?.groups ?? [];
  const all: Judged[] = repeated && groups.length > 0 ? groups : runs;
  const found = filterJudged(all, text, status);
  return (
    <div class="run-table">
      <div class="run-filter">
        {groups.length > 0 && (
          <>
            <Toggle
              pressed={all === runs}
              onClick={() => {
                setRepeated(false);
              }}
            >
              {plural(runs.length, 'run')}
            </Toggle>
            <Toggle
              pressed={all !== runs}
              onClick={() => {
                setRepeated(true);
              }}
            >
              {plural(groups.length, 'group')} of repeated runs
            </Toggle>
          </>
        )}
        {all.length > FILTER_FROM && (
          <>
            <input
              type="search"
              aria-label="Filter by name or verdict"
              placeholder="Filter by name or verdict"
              value={text}
              onInput={(event) => {
                setText(event.currentTarget.value);
              }}
            />
            {statusCounts(all).map((one) => (
              <Toggle
                key={one.status}
                pressed={status === one.status}
                onClick={() => {
                  setStatus(status === one.status ? null : one.status);
                }}
              >
                <StatusDot status={one.status} /> {formatStep(one.count)}{' '}
                {statusText(one.status).name.toLowerCase()}
              </Toggle>
            ))}
          </>
        )}
        <span class="hint" role="status">
          {found.length < all.length && `${formatStep(found.length)} of ${formatStep(all.length)}`}
        </span>
      </div>
      <div class="run-rows" tabIndex={0} role="region" aria-label="Table of runs">
        <table>
          <thead>
            <tr>
              <th scope="col">Compare</th>
              <th scope="col">{all === runs && 'Lane'}</th>
              <th scope="col">Run</th>
              <th scope="col">{all === runs ? 'Windows' : 'Runs'}</th>
              <th scope="col">Verdict</th>
            </tr>
          </thead>
          <tbody>
            {found
              .slice(0, MAX_ROWS)
              .map((one) =>
                'run' in one ? (
                  <RunRow key={one.run} {...{state, run: one}} />
                ) : (
                  <GroupRow key={groupKey(one)} {...{state, group: one}} />
                )
              )}
          </tbody>
        </table>
        {found.length === 0 && <p class="hint">None has this in its name or verdict.</p>}
        {found.length > MAX_ROWS && (
          <p class="hint">and {formatStep(found.length - MAX_ROWS)} more: filter to see them.</p>
        )}
      </div>
    </div>
  );
}

interface ToggleProps {
  pressed: boolean;
  onClick: () => void;
  children: ComponentChildren;
}

function Toggle({pressed, onClick, children}: ToggleProps) {
  return (
    <button type="button" aria-pressed={pressed} onClick={onClick}>
      {children}
    </button>
  );
}

function RunRow({state, run}: {state: State; run: RunReport}) {
  const {run: name, verdict, windows} = run;
  const selected = state.report.value === run;
  return (
    <tr class={selected ? 'selected' : ''}>
      <td>
        <CompareBox state={state} name={name} id={name} />
      </td>
      <td>
        <input
          type="checkbox"
          aria-label={`Lane of ${name}`}
          checked={!state.hidden.value.has(name)}
          onChange={() => {
            toggleHidden(state, name);
          }}
        />
      </td>
      <td>
        <button
          type="button"
          class="quiet"
          aria-pressed={selected}
          title={name}
          onClick={() => {
            selectRun(state, name);
          }}
        >
          <StatusDot status={verdict.status} /> <bdi class="clip">{name}</bdi>
        </button>
      </td>
      <td class="number">{formatStep(windows.length)}</td>
      <td>
        <bdi class="clip" title={verdict.text}>
          {verdict.text}
        </bdi>
      </td>
    </tr>
  );
}

/** Repeated runs, which are compared as one: as a band. */
function GroupRow({state, group}: {state: State; group: RunGroup}) {
  return (
    <tr>
      <td>
        <CompareBox state={state} name={group.name} id={groupKey(group)} />
      </td>
      <td />
      <td>
        <StatusDot status={group.verdict.status} /> <bdi>{group.name}</bdi>
      </td>
      <td class="number">{formatStep(group.runs.length)}</td>
      <td>
        <bdi class="clip" title={group.verdict.text}>
          {group.verdict.text}
        </bdi>
      </td>
    </tr>
  );
}

function CompareBox({state, name, id}: {state: State; name: string; id: string}) {
  const chosen = state.compared.value;
  const checked = chosen.includes(id);
  return (
    <input
      type="checkbox"
      aria-label={`Compare ${name}`}
      checked={checked}
      disabled={!checked && chosen.length >= MAX_COMPARED}
      title={chosen.length >= MAX_COMPARED ? `At most ${MAX_COMPARED} at a time` : ''}
      onChange={() => {
        toggleCompared(state, id);
      }}
    />
  );
}
