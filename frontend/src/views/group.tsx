/** The repeated runs that the shown run is one of: what can be said of all of them. */
import {groupKey} from '../lib/compare';
import {plural} from '../lib/format';
import {toggleCompared, type State} from '../state';
import type {RunGroup} from '../types';
import {StatusDot} from './badges';
import {DiagnosisCard} from './diagnoses';

export function Group({state, group}: {state: State; group: RunGroup}) {
  const {name, runs, verdict, diagnoses} = group;
  return (
    <section class="group" aria-label="Repeated runs">
      <div class="section-line">
        <h3>
          One of {plural(runs.length, 'repeated run')}, <bdi>{name}</bdi>
        </h3>
        <p>
          <StatusDot status={verdict.status} /> <bdi>{verdict.text}</bdi>
        </p>
        <button
          type="button"
          onClick={() => {
            toggleCompared(state, groupKey(group));
          }}
        >
          Show their spread
        </button>
      </div>
      {[verdict.why, verdict.next].filter(Boolean).map((sentence) => (
        <p key={sentence} class="hint">
          <bdi>{sentence}</bdi>
        </p>
      ))}
      {diagnoses.map((diagnosis) => (
        <DiagnosisCard key={diagnosis.cause} diagnosis={diagnosis} open={false} />
      ))}
    </section>
  );
}
