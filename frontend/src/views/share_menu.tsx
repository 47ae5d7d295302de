/** What a reviewer takes along: a link, Markdown, tables, a picture, the report; and the way to TensorBoard's own charts. */
import type {Api} from '../api';
import {runsOf} from '../lib/compare';
import {differences} from '../lib/differences';
import {windowsCsv} from '../lib/export_csv';
import {comparisonMarkdown, runMarkdown} from '../lib/export_markdown';
import {scalarText} from '../lib/measures';
import {scalarTags} from '../lib/scalar_tags';
import type {State} from '../state';
import type {RunReport} from '../types';
import {goTo, linkTo, scalarsHash} from '../url';
import {copyText, download, fileName} from './hand_out';
import {pageImage} from './page_image';
import {Popover} from './popover';
import {shownCellsCsv, shownSeriesCsv} from './shown_tables';

interface ShareMenuProps {
  state: State;
  api: Api;
  report: RunReport;
}

export function ShareMenu({state, api, report}: ShareMenuProps) {
  const actions = shareActions(state, api, report);
  const tags = scalarTags(report);
  return (
    <Popover class="share" label="Share">
      <ul>
        {actions.map(({name, act}) => (
          <li key={name}>
            <button type="button" class="quiet" onClick={() => void saying(state, act)}>
              {name}
            </button>
          </li>
        ))}
      </ul>
      {tags.length > 0 && <p class="hint">Open in Scalars</p>}
      <ul>
        {tags.map(({series, tag}) => (
          <li key={series}>
            <button
              type="button"
              class="quiet"
              title={tag}
              onClick={() => {
                goTo(scalarsHash(tag, shownRuns(state, report)));
              }}
            >
              {scalarText(series).title}
            </button>
          </li>
        ))}
      </ul>
    </Popover>
  );
}

/** Those that are compared, else the one that is shown. */
function shownRuns(state: State, report: RunReport): string[] {
  const compared = runsOf(state.comparison.value);
  return (compared.length > 0 ? compared : [report]).map(({run}) => run);
}

/** Each says what it did. */
function shareActions(
  state: State,
  api: Api,
  report: RunReport
): {name: string; act: () => Promise<string>}[] {
  const compared = state.comparison.value;
  const names = shownRuns(state, report);
  const save = (name: string, text: string, type: string) => {
    download(name, new Blob([text], {type: `${type};charset=utf-8`}));
    return `Saved ${name}`;
  };
  return [
    {
      name: 'Copy as Markdown',
      act: async () => {
        const link = linkTo(state.url.value);
        const sentences = differences(compared, state.agreements.value);
        const parts = compared.length > 1 ? [comparisonMarkdown(compared, sentences, link)] : [];
        return copied([...parts, runMarkdown(report, link)].join('\n'), 'Markdown');
      },
    },
    {
      name: 'Windows as CSV',
      act: () =>
        Promise.resolve(save(fileName('windows.csv'), windowsCsv(state.runs.value?.runs ?? []), 'text/csv')),
    },
    {
      name: 'Charts as CSV',
      act: async () => {
        const text = await shownSeriesCsv(state, api, report, names);
        if (text === null) return 'This run has no steps.';
        return save(fileName(...names, 'series.csv'), text, 'text/csv');
      },
    },
    {
      name: 'Layers over steps as CSV',
      act: async () => {
        const text = await shownCellsCsv(state, api, report);
        if (text === null) return 'This run has no recorded gradients.';
        return save(fileName(report.run, 'layers.csv'), text, 'text/csv');
      },
    },
    {
      name: 'Page as PNG',
      act: async () => {
        const page = document.querySelector('main');
        if (!page) return 'There is nothing to see.';
        const name = fileName(...names, 'stability.png');
        download(name, await pageImage(page));
        return `Saved ${name}`;
      },
    },
    {
      name: 'Report as HTML',
      act: async () => {
        const name = fileName(...names, 'stability.html');
        download(name, await api.report(names));
        return `Saved ${name}`;
      },
    },
  ];
}

/** Does it, and tells the reader what it did or why it could not. */
export async function saying(state: State, act: () => Promise<string>): Promise<void> {
  state.said.value = '…';
  try {
    state.said.value = await act();
  } catch (error) {
    state.said.value = error instanceof Error ? error.message : String(error);
  }
}

export async function copyLink(state: State): Promise<string> {
  const link = linkTo(state.url.value);
  return link === null ? 'TensorBoard is embedded here: its address cannot be read.' : copied(link, 'Link');
}

async function copied(text: string, what: string): Promise<string> {
  return (await copyText(text)) ? `${what} copied` : `The browser does not let this page copy.`;
}
