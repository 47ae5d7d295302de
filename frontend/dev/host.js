// Acts as TensorBoard's page: dark mode, the message port, a tab that is hidden.
const frame = document.querySelector('iframe');
const ports = [];
let id = 0;

window.addEventListener('message', (event) => {
  if (event.data !== 'experimental.bootstrap') return;
  ports.push(event.ports[0]);
  event.ports[0].start();
});

document.getElementById('dark').addEventListener('click', () => document.body.classList.toggle('dark-mode'));
document.getElementById('hide').addEventListener('click', () => {
  // As TensorBoard does it: the document lives on, without a height.
  const hidden = frame.style.visibility === 'hidden';
  frame.style.visibility = hidden ? '' : 'hidden';
  frame.style.height = hidden ? '' : '0';
});
document.getElementById('reload').addEventListener('click', () => {
  // TensorBoard repeats itself.
  for (const type of ['RunsChanged', 'RunsChanged', 'RunsChanged', 'DataReloaded']) {
    const message = {type: `experimental.${type}`, id: id++, payload: null, error: null, isReply: false};
    for (const port of ports) port.postMessage(JSON.stringify(message));
  }
});
if (new URLSearchParams(location.search).has('dark')) document.body.classList.add('dark-mode');
