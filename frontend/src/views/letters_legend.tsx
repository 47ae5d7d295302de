/** What the letters and styles of the bars mean; only for symptoms that these runs have. */
import {symptom} from '../lib/symptoms';
import type {RunReport, Severity} from '../types';
import {KindBadge} from './badges';
import {Popover} from './popover';

const SEVERITIES: {severity: Severity; text: string}[] = [
  {severity: 'critical', text: 'critical: filled'},
  {severity: 'warning', text: 'warning: tinted'},
  {severity: 'info', text: 'info: outlined'},
];

export function LettersLegend({runs}: {runs: RunReport[]}) {
  const kinds = [...new Set(runs.flatMap(({windows}) => windows.map(({kind}) => kind)))].sort();
  if (kinds.length === 0) return null;
  return (
    <Popover class="letters-legend" label="What the letters mean">
      <ul>
        {kinds.map((kind) => (
          <li key={kind}>
            <KindBadge kind={kind} severity="critical" />
            <span>
              <strong>{symptom(kind).name}.</strong> {symptom(kind).meaning}
            </span>
          </li>
        ))}
      </ul>
      <ul class="severities">
        {SEVERITIES.map(({severity, text}) => (
          <li key={severity}>
            <KindBadge kind={kinds[0] ?? ''} severity={severity} /> {text}
          </li>
        ))}
        <li>In a bar, a line is the step of the alarm, a diamond that of the peak.</li>
        <li>
          A straight right end: it recovered. An arrow: still open at the end of the run; with a ×: it ended
          in NaN or Inf.
        </li>
        <li>
          <span>
            Above a chart <b class="nonfinite">×</b> marks NaN and <b class="nonfinite">▲</b> Inf.
          </span>
        </li>
      </ul>
    </Popover>
  );
}
