/** The head of the tab: all runs in one sentence, and what the reader can take along. */
import {useEffect} from 'preact/hooks';
import type {Api} from '../api';
import type {State} from '../state';
import {copyLink, saying, ShareMenu} from './share_menu';

/** How long the reader is told what was done. */
const SAID_MS = 6000;

export function Header({state, api}: {state: State; api: Api}) {
  const document = state.runs.value;
  const report = state.report.value;
  const runs = document?.runs ?? [];
  const said = state.said.value;
  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => {
      state.said.value = '';
    }, SAID_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [state, said]);
  return (
    <header class="header header-line">
      <h1>Stability</h1>
      {document && runs.length > 0 && (
        <p class="header-sentence">
          <bdi>{document.summary.text}</bdi>
        </p>
      )}
      <p class="header-logdir" title={document?.logdir}>
        <bdi>{document?.logdir}</bdi>
      </p>
      <p class="hint" role="status">
        {said}
      </p>
      {report && (
        <>
          <button type="button" class="quiet" onClick={() => void saying(state, () => copyLink(state))}>
            Copy link
          </button>
          <ShareMenu {...{state, api, report}} />
        </>
      )}
      <button
        type="button"
        class="quiet"
        onClick={() => {
          state.helpOpen.value = true;
        }}
      >
        Keys <kbd>?</kbd>
      </button>
    </header>
  );
}
