/** Runs and groups side by side: what tells them apart, in words and as a table. */
import type {Api} from '../api';
import {configurationRows, resultRows, unconfigured, type Compared, type ComparedRow} from '../lib/compare';
import {differences} from '../lib/differences';
import {plural} from '../lib/format';
import {endComparison, selectRun, toggleCompared, type State} from '../state';
import {StatusDot} from './badges';
import {LineSample} from './line_sample';
import {useAgreements} from './use_comparison';

/** With more columns than this, results and settings stand one below the other. */
const MAX_BESIDE = 3;

export function Compare({state, api}: {state: State; api: Api}) {
  const compared = state.comparison.value;
  useAgreements(state, api, compared);
  const [headline, ...sentences] = differences(compared, state.agreements.value);
  return (
    <section class="compare" aria-label="Comparison">
      <div class="section-line">
        <h2>Comparison</h2>
        <ul class="compare-legend" aria-label="Compared">
          {compared.map((one, place) => (
            <Legend key={one.key} {...{state, one, place}} />
          ))}
        </ul>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            endComparison(state);
          }}
        >
          End comparison
        </button>
      </div>
      {headline !== undefined && (
        <p class="compare-headline" aria-live="polite">
          <bdi>{headline}</bdi>
        </p>
      )}
      <div class={compared.length > MAX_BESIDE ? 'compare-body wide' : 'compare-body'}>
        <div>
          <ul class="compare-sentences">
            {sentences.map((sentence) => (
              <li key={sentence}>
                <bdi>{sentence}</bdi>
              </li>
            ))}
          </ul>
          <Table title="Results" compared={compared} rows={resultRows(compared)} />
        </div>
        <Settings compared={compared} />
      </div>
    </section>
  );
}

function Legend({state, one, place}: {state: State; one: Compared; place: number}) {
  const {key, name, runs, verdict, isGroup} = one;
  const [first] = runs;
  return (
    <li class="compare-item">
      <LineSample place={place} />
      <StatusDot status={verdict.status} />
      {isGroup || !first ? (
        <span>
          <bdi>{name}</bdi> <small>{plural(runs.length, 'run')}: median, smallest to largest</small>
        </span>
      ) : (
        <button
          type="button"
          class="quiet"
          aria-pressed={state.report.value === first}
          title={`Show ${name} below`}
          onClick={() => {
            selectRun(state, first.run);
          }}
        >
          <bdi>{name}</bdi>
        </button>
      )}
      <button
        type="button"
        class="quiet"
        aria-label={`Compare without ${name}`}
        title={`Compare without ${name}`}
        onClick={() => {
          toggleCompared(state, key);
        }}
      >
        ×
      </button>
    </li>
  );
}

/** Those that differ as a table, the others folded in. */
function Settings({compared}: {compared: readonly Compared[]}) {
  const settings = configurationRows(compared);
  const different = settings.filter(({differs}) => differs);
  const equal = settings.filter(({differs}) => !differs);
  const unknown = unconfigured(compared);
  return (
    <div>
      {different.length > 0 && <Table title="Settings that differ" compared={compared} rows={different} />}
      {equal.length > 0 && (
        <details>
          <summary>
            {different.length === 0
              ? 'All settings are the same'
              : `${plural(equal.length, 'setting')} the same`}
          </summary>
          <dl class="compare-same">
            {equal.map(({name, values}) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <bdi>{values[0]}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {unknown.length > 0 && <p class="hint">The settings of {unknown.join(', ')} were not recorded.</p>}
    </div>
  );
}

interface TableProps {
  title: string;
  compared: readonly Compared[];
  rows: ComparedRow[];
}

function Table({title, compared, rows}: TableProps) {
  return (
    <div class="compare-table" tabIndex={0} role="region" aria-label={title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            {compared.map(({key, name}, place) => (
              <th key={key} scope="col">
                <LineSample place={place} /> <bdi title={name}>{name}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({name, values, differs}) => (
            <tr key={name} class={differs ? 'differs' : ''}>
              <th scope="row">{name}</th>
              {values.map((value, index) => (
                <td key={index}>
                  <bdi>{value}</bdi>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
