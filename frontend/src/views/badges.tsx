/** The small marks of status and symptom: always a colour and a letter, never a colour alone. */
import {statusText, knownStatus} from '../lib/status';
import {kindColor, symptom} from '../lib/symptoms';
import type {Severity} from '../types';

/** A dot with the letter of a verdict's status. */
export function StatusDot({status}: {status: string}) {
  const {letter, name} = statusText(status);
  return (
    <span class={`status-dot status-${knownStatus(status)}`} role="img" aria-label={name} title={name}>
      {letter}
    </span>
  );
}

/** The letter of a symptom in the style of its severity. */
export function KindBadge({kind, severity}: {kind: string; severity: Severity}) {
  return (
    <span
      class={`kind-badge severity-${severity}`}
      style={{'--kind': `var(${kindColor(kind)})`}}
      aria-hidden="true"
    >
      {symptom(kind).letter}
    </span>
  );
}
