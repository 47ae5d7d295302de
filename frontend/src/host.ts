/** TensorBoard's page around the iframe: its reloads, its dark mode, whether the tab is shown. */

/** TensorBoard sends the same message many times within a few milliseconds. */
const DEBOUNCE_MS = 250;

interface Message {
  type: string;
  id: number;
  isReply: boolean;
}

/** Hidden, the iframe keeps its document and has no height. */
export function isShown(): boolean {
  return window.innerHeight > 0;
}

/**
 * After a deep link the iframe has no focus, and the keys would go nowhere. In a notebook
 * the reader may be typing in a cell: the tab waits for a click there.
 */
export function takeFocus(): void {
  if (window.parent === window.top) window.focus();
}

/**
 * Calls back after TensorBoard has read new data: once for a burst of messages,
 * and not before the tab is shown.
 */
export function watchReloads(onReload: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let missed = false;
  const reload = () => {
    missed = !isShown();
    if (!missed) onReload();
  };
  window.addEventListener('resize', () => {
    if (missed && isShown()) reload();
  });
  listen((type) => {
    if (type !== 'experimental.DataReloaded' && type !== 'experimental.RunsChanged') return;
    clearTimeout(timer);
    timer = setTimeout(reload, DEBOUNCE_MS);
  });
}

/** Calls back with whether TensorBoard is dark: now, and at every change. */
export function watchDarkMode(onChange: (dark: boolean) => void): void {
  let body = document.body;
  try {
    body = window.parent.document.body;
  } catch {
    // A foreign parent: light.
  }
  const tell = () => {
    onChange(body.classList.contains('dark-mode'));
  };
  new MutationObserver(tell).observe(body, {attributes: true, attributeFilter: ['class']});
  tell();
}

/** TensorBoard's plugin protocol: a port for it, then JSON texts; each message wants a reply. */
function listen(onMessage: (type: string) => void): void {
  if (window.parent === window) return;
  const {port1, port2} = new MessageChannel();
  port1.onmessage = (event: MessageEvent<string>) => {
    const message = JSON.parse(event.data) as Message;
    if (message.isReply) return;
    onMessage(message.type);
    port1.postMessage(
      JSON.stringify({type: message.type, id: message.id, payload: null, error: null, isReply: true})
    );
  };
  window.parent.postMessage('experimental.bootstrap', '*', [port2]);
}
