/** The keys, in a dialog of the browser's own. */
import {useEffect, useRef} from 'preact/hooks';
import {KEYS} from '../lib/keys';
import type {State} from '../state';

export function HelpDialog({state}: {state: State}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = state.helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  const close = () => {
    state.helpOpen.value = false;
  };
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">Keys</h2>
      <table>
        <tbody>
          {KEYS.map(({keys, text}) => (
            <tr key={text}>
              <td>
                {keys.map((key) => (
                  <kbd key={key}>{key === 'Escape' ? 'Esc' : key}</kbd>
                ))}
              </td>
              <td>{text}</td>
            </tr>
          ))}
          <tr>
            <td>drag</td>
            <td>
              Zoom all plots to the marked steps; double click for the whole run; a click chooses a step
            </td>
          </tr>
          <tr>
            <td>
              <kbd>↑</kbd>
              <kbd>↓</kbd>
            </td>
            <td>Beside the heatmap: the layer above or below</td>
          </tr>
          <tr>
            <td>
              <kbd>←</kbd>
              <kbd>→</kbd>
            </td>
            <td>On the lanes: move the view or one end of it; also page up and down, home and end</td>
          </tr>
        </tbody>
      </table>
      <button type="button" onClick={close}>
        Close
      </button>
    </dialog>
  );
}
