/** The answer for the selected run: one word, one sentence, why, and what to do. */
import {formatStep, formatSteps, plural} from '../lib/format';
import {knownStatus, statusText} from '../lib/status';
import type {RunReport} from '../types';
import {goToChecks} from './checks';

export function VerdictView({report}: {report: RunReport}) {
  const {verdict} = report;
  // Of a run that could not be read, the verdict already says why.
  const problems = report.problems.filter((problem) => problem !== verdict.why);
  const skipped = report.checks.filter(({status}) => status !== 'ran').length;
  return (
    <section class={`verdict status-${knownStatus(verdict.status)}`} aria-label="Verdict">
      <div class="verdict-line">
        <span class="verdict-status">{statusText(verdict.status).name}</span>
        <h2>
          <bdi>{verdict.text}</bdi>
        </h2>
      </div>
      <dl>
        {verdict.why !== '' && (
          <div>
            <dt>Why</dt>
            <dd>{verdict.why}</dd>
          </div>
        )}
        {verdict.next !== '' && (
          <div>
            <dt>Next</dt>
            <dd>{verdict.next}</dd>
          </div>
        )}
      </dl>
      {problems.length > 0 && (
        <ul class="problems" aria-label="Problems with the data of this run">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      <p class="verdict-source">
        {sourceSentence(report)}
        {report.cost && ` · ${report.cost.text.replace(/\.$/, '')}`}
        {skipped > 0 && (
          <>
            {' · '}
            <button type="button" class="quiet" onClick={goToChecks}>
              {plural(skipped, 'check')} could not be made
            </button>
          </>
        )}
      </p>
    </section>
  );
}

/** Which run this is and how much of it the viewer has. */
function sourceSentence({run, steps, source, state}: RunReport) {
  const parts: string[] = [];
  if (steps.first !== null && steps.last !== null) {
    parts.push(formatSteps(steps.first, steps.last));
  }
  parts.push(`${plural(steps.observed, 'step')} observed`);
  if (source.sampled) {
    parts.push(
      `sampled: ${formatStep(source.kept)} of ${source.of === null ? 'an unknown number' : formatStep(source.of)} kept`
    );
  }
  if (!source.recorded) parts.push('not recorded by this package, replayed from its series');
  if (state === 'running' && steps.last !== null) parts.push('still being written, or ended by force');
  return (
    <>
      Run <bdi class="run-name">{run}</bdi>: {parts.join(' · ')}
    </>
  );
}
