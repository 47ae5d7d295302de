/** TensorBoard imports this module into the tab's iframe and calls `render()`. */
import {effect} from '@preact/signals';
import {render as renderView} from 'preact';
import uPlotCss from 'uplot/dist/uPlot.min.css';
import {createApi} from './api';
import {isShown, takeFocus, watchDarkMode, watchReloads} from './host';
import {news} from './lib/news';
import {createState, restore} from './state';
import theme from './theme.css';
import {readAddress, watchAddress, writeAddress} from './url';
import {App} from './views/app';
import app from './views/app.css';
import compare from './views/compare.css';
import diagnoses from './views/diagnoses.css';
import header from './views/header.css';
import heatmap from './views/heatmap.css';
import lanes from './views/lanes.css';
import plots from './views/plots.css';
import print from './views/print.css';
import runs from './views/run_table.css';
import {setTheme} from './views/theme';
import verdict from './views/verdict.css';
import windows from './views/window_list.css';

/** Browsers allow some hundred changes of the address in 30 seconds; a drag makes more. */
const ADDRESS_DELAY_MS = 80;

export function render(): void {
  document.documentElement.lang = 'en';
  document.title = 'Stability';
  const style = document.createElement('style');
  style.textContent = [
    uPlotCss,
    theme,
    app,
    header,
    runs,
    verdict,
    compare,
    lanes,
    plots,
    heatmap,
    windows,
    diagnoses,
    print,
  ].join('\n');
  document.head.append(style);

  const api = createApi(document.baseURI);
  const state = createState(readAddress());
  watchDarkMode((dark) => {
    setTheme(dark);
    state.dark.value = dark;
  });
  watchAddress((url) => {
    restore(state, url);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const url = state.url.value;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (isShown()) writeAddress(url);
    }, ADDRESS_DELAY_MS);
  });

  const load = async () => {
    state.pending.value++;
    try {
      const before = state.runs.value;
      const after = await api.runs();
      const said = news(before, after, state.report.value?.run ?? null);
      state.runs.value = after;
      if (said !== '') state.said.value = said;
      state.runsError.value = null;
    } catch (error) {
      state.runsError.value = error instanceof Error ? error.message : String(error);
    } finally {
      state.pending.value--;
    }
  };
  watchReloads(() => {
    api.forget();
    state.generation.value++;
    void load();
  });
  renderView(<App state={state} api={api} reload={() => void load()} />, document.body);
  void load();
  takeFocus();
}
