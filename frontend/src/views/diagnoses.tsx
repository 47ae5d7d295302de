/** What explains the windows of a run: causes, surest first, with the evidence and the code that mends them. */
import {useEffect, useState} from 'preact/hooks';
import {formatStep} from '../lib/format';
import type {Diagnosis, Evidence, Finding} from '../types';
import {copyText} from './hand_out';

interface DiagnosesProps {
  diagnoses: Diagnosis[];
  /** The reader wants to see where it began. */
  onShow: (diagnosis: Diagnosis) => void;
}

export function Diagnoses({diagnoses, onShow}: DiagnosesProps) {
  if (diagnoses.length === 0) return null;
  return (
    <section class="diagnoses" aria-label="Causes">
      <h3>What explains it</h3>
      <ol>
        {diagnoses.map((diagnosis, place) => (
          <li key={`${diagnosis.cause} ${diagnosis.layer ?? ''}`}>
            <DiagnosisCard
              diagnosis={diagnosis}
              open={place === 0}
              onShow={() => {
                onShow(diagnosis);
              }}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

interface DiagnosisCardProps {
  diagnosis: Diagnosis;
  open: boolean;
  /** Without it there is no one place to show, as for several runs. */
  onShow?: () => void;
}

export function DiagnosisCard({diagnosis, open, onShow}: DiagnosisCardProps) {
  const {title, confidence, layer, first_step, why, fix, evidence} = diagnosis;
  return (
    <details class="diagnosis" open={open}>
      <summary>
        <span class={`confidence confidence-${confidence}`}>{confidence}</span> <strong>{title}</strong>{' '}
        <span class="hint">
          from step {formatStep(first_step)}
          {layer !== null && (
            <>
              {' in '}
              <bdi>{layer}</bdi>
            </>
          )}
        </span>
      </summary>
      <p>
        <bdi>{why}</bdi>
      </p>
      {onShow && (
        <button type="button" class="diagnosis-show" onClick={onShow}>
          {layer === null ? (
            `Show step ${formatStep(first_step)}`
          ) : (
            <>
              Show <bdi>{layer}</bdi> at step {formatStep(first_step)}
            </>
          )}
        </button>
      )}
      <EvidenceList title="For" evidence={evidence.filter((one) => one.for)} />
      <EvidenceList title="Against" evidence={evidence.filter((one) => !one.for)} />
      <h4>What to change</h4>
      <p>
        <bdi>{fix.text}</bdi>
      </p>
      {fix.code !== '' && <Code code={fix.code} />}
    </details>
  );
}

function EvidenceList({title, evidence}: {title: string; evidence: Evidence[]}) {
  if (evidence.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
      <ul>
        {evidence.map(({kind, text}) => (
          <li key={`${kind} ${text}`}>
            <bdi>{text}</bdi>
          </li>
        ))}
      </ul>
    </>
  );
}

/** How long the button says that it copied, in milliseconds. */
const COPIED_MS = 2000;

function Code({code}: {code: string}) {
  const [said, say] = useState('');
  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => {
      say('');
    }, COPIED_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [said]);
  const copy = async () => {
    say((await copyText(code)) ? 'Copied' : 'Select the code and copy it');
  };
  return (
    <div class="code">
      {/* It scrolls sideways, which needs the keyboard, too. */}
      <pre tabIndex={0} role="region" aria-label="Code that mends it">
        <code>{code}</code>
      </pre>
      <button type="button" onClick={() => void copy()}>
        Copy
      </button>
      <span class="hint" role="status">
        {said}
      </span>
    </div>
  );
}

/** What is true of the model, the optimizer or the data, whether it does harm or not. */
export function Findings({findings}: {findings: Finding[]}) {
  if (findings.length === 0) return null;
  return (
    <section class="facts" aria-label="Findings">
      <h3>What was noticed of the model</h3>
      <ul>
        {findings.map(({kind, text}) => (
          <li key={`${kind} ${text}`}>
            <bdi>{text}</bdi>
          </li>
        ))}
      </ul>
    </section>
  );
}
