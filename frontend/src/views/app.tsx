/** The whole tab. Verdict first. */
import {useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';
import type {Api} from '../api';
import {commandOf, type Command} from '../lib/keys';
import {fitWindow, goBack, showDiagnosis, stepWindow, type State} from '../state';
import {Checks} from './checks';
import {Compare} from './compare';
import {CompareCharts} from './compare_charts';
import {Diagnoses, Findings} from './diagnoses';
import {FirstBatch} from './first_batch';
import {Group} from './group';
import {Header} from './header';
import {HelpDialog} from './help_dialog';
import {Lanes} from './lanes';
import {ErrorNotice, NoRuns, Skeleton} from './notices';
import {PlotTools} from './plot_tools';
import {Plots} from './plots';
import {openRunTable, RunPicker} from './run_picker';
import {copyLink, saying} from './share_menu';
import {VerdictView} from './verdict';
import {WindowList} from './window_list';

interface AppProps {
  state: State;
  api: Api;
  /** Asks for the reports again. */
  reload: () => void;
}

export function App({state, api, reload}: AppProps) {
  useKeys(state);
  const painted = usePainted(state);
  const document = state.runs.value;
  const error = state.runsError.value;
  const report = state.report.value;
  const group = document?.groups.find(({runs}) => report && runs.includes(report.run));
  const comparing = state.comparison.value.length > 0;
  const ready = document !== null || error !== null;
  return (
    <main class="app" {...(ready && {'data-ready': ''})} {...(ready && painted && {'data-painted': ''})}>
      <Header state={state} api={api} />
      {document && report && <RunPicker state={state} runs={document.runs} />}
      {error !== null && <ErrorNotice what="The runs" error={error} retry={reload} />}
      {!ready && <Skeleton height={420} label="runs" />}
      {document && !report && <NoRuns logdir={document.logdir} />}
      {report && (
        <>
          {comparing && <Compare state={state} api={api} />}
          <VerdictView report={report} />
          {group && !comparing && <Group state={state} group={group} />}
          <div class="columns">
            <MeasuredColumn state={state}>
              <Lanes state={state} />
            </MeasuredColumn>
            <aside>
              <Diagnoses
                key={report.run}
                diagnoses={report.diagnoses}
                onShow={(diagnosis) => {
                  showDiagnosis(state, diagnosis);
                }}
              />
              <WindowList key={report.run} state={state} report={report} />
              <Findings findings={report.findings} />
              <Checks checks={report.checks} />
              <FirstBatch tensors={report.first_batch} />
            </aside>
            <div class="plots-column">
              {state.whole.value && <PlotTools state={state} />}
              {comparing && <CompareCharts state={state} api={api} />}
              {state.whole.value && <Plots key={report.run} state={state} api={api} run={report.run} />}
            </div>
          </div>
        </>
      )}
      <HelpDialog state={state} />
    </main>
  );
}

/** Names, value axis and padding left of every plot; the style sheet has it, too. */
const GUTTER_WIDTH = 176;

/** The lanes, which are as wide as everything else that has a step axis; measures how wide the plots are. */
function MeasuredColumn({state, children}: {state: State; children: preact.ComponentChildren}) {
  const column = useRef<HTMLDivElement>(null);
  // Before the first paint, or everything below would jump once there is a width.
  useLayoutEffect(() => {
    if (!column.current) return;
    const measure = (all: number) => {
      // A hidden tab has no width: the plots keep theirs.
      const width = Math.floor(all) - GUTTER_WIDTH;
      if (width > 0) state.plotWidth.value = width;
    };
    measure(column.current.clientWidth);
    const observer = new ResizeObserver(([entry]) => {
      measure(entry?.contentRect.width ?? 0);
    });
    observer.observe(column.current);
    return () => {
      observer.disconnect();
    };
  }, [state]);
  return (
    <div class="lanes-column" ref={column}>
      {children}
    </div>
  );
}

function useKeys(state: State): void {
  useEffect(() => {
    const commands: Record<Command, () => void> = {
      next: () => {
        stepWindow(state, 1);
      },
      previous: () => {
        stepWindow(state, -1);
      },
      fit: () => {
        fitWindow(state);
      },
      back: () => {
        goBack(state);
      },
      compare: () => {
        openRunTable();
      },
      link: () => {
        void saying(state, () => copyLink(state));
      },
      help: () => {
        state.helpOpen.value = true;
      },
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const command = commandOf(event);
      if (command === null || state.helpOpen.value) return;
      event.preventDefault();
      commands[command]();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
    };
  }, [state]);
}

/** Nothing was under way for this long: everything that is asked for is on the screen. */
const QUIET_MS = 180;

/** Whether all data of the view has been loaded and drawn; browser tests wait for it. */
function usePainted(state: State): boolean {
  const [painted, setPainted] = useState(false);
  const pending = state.pending.value;
  const view = state.view.value;
  const width = state.plotWidth.value;
  useEffect(() => {
    setPainted(false);
    if (pending > 0) return;
    const timer = setTimeout(() => {
      requestAnimationFrame(() => {
        setPainted(true);
      });
    }, QUIET_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [pending, view, width, state.dark.value, state.layer.value, state.measure.value]);
  return painted;
}
