/** What was looked for in the run, and what was not, with the reason. */
import {symptom} from '../lib/symptoms';
import type {Check} from '../types';

const PLACE = 'checks';

/** Brings the reader to what was not checked, and why. */
export function goToChecks(): void {
  const place = document.getElementById(PLACE);
  place?.scrollIntoView({block: 'nearest'});
  place?.focus({preventScroll: true});
}

export function Checks({checks}: {checks: Check[]}) {
  const ran = checks.filter(({status}) => status === 'ran');
  const skipped = checks.filter(({status}) => status !== 'ran');
  return (
    <section class="facts" aria-label="Checks" id={PLACE} tabIndex={-1}>
      <h3>What was checked</h3>
      {ran.length > 0 ? (
        <p>
          {ran.map(({name}) => symptom(name).name.replace(/^[A-Z](?=[a-z])(?!atchN)/, lower)).join(', ')}.
        </p>
      ) : (
        <p class="hint">Nothing was checked.</p>
      )}
      {skipped.length > 0 && (
        <>
          <h3>What was not</h3>
          <ul>
            {skipped.map(({name, reason}) => (
              <li key={name}>
                <strong>{capital(symptom(name).name)}</strong>
                {reason !== '' && `: ${reason}`}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function lower(letter: string): string {
  return letter.toLowerCase();
}

/** What is no symptom, such as `unscaled inputs`, has no name with a capital. */
function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
