import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {takeFocus, watchReloads} from '../src/host';

/** TensorBoard's side of the port that the tab opens. */
let port: MessagePort;
let nextId = 0;
const own = {parent: window.parent, height: window.innerHeight};

/** Sends a message as TensorBoard does, and waits until the tab has read it. */
async function tell(type: string): Promise<void> {
  port.postMessage(JSON.stringify({type, id: nextId++, payload: null, isReply: false}));
  await new Promise((resolve) => setTimeout(resolve, 300));
}

function setHeight(height: number): void {
  Object.defineProperty(window, 'innerHeight', {value: height, configurable: true});
}

beforeEach(() => {
  const parent = {
    postMessage: (...[, , [given]]: [string, string, MessagePort[]]) => {
      if (given !== undefined) port = given;
    },
  };
  Object.defineProperty(window, 'parent', {value: parent, configurable: true});
});

afterEach(() => {
  port.close();
  Object.defineProperty(window, 'parent', {value: own.parent, configurable: true});
  setHeight(own.height);
});

test('a burst of messages is one reload', async () => {
  setHeight(600);
  const onReload = vi.fn();
  watchReloads(onReload);
  void tell('experimental.DataReloaded');
  void tell('experimental.RunsChanged');
  await tell('experimental.RunsChanged');
  await tell('something.Else');
  expect(onReload).toHaveBeenCalledTimes(1);
});

test('a hidden tab does nothing until it is shown', async () => {
  setHeight(0);
  const onReload = vi.fn();
  watchReloads(onReload);
  await tell('experimental.DataReloaded');
  await tell('experimental.DataReloaded');
  window.dispatchEvent(new Event('resize'));
  expect(onReload).not.toHaveBeenCalled();
  setHeight(600);
  window.dispatchEvent(new Event('resize'));
  window.dispatchEvent(new Event('resize'));
  expect(onReload).toHaveBeenCalledTimes(1);
});

test('the tab takes the focus in TensorBoard, and leaves it to a notebook around that', () => {
  const focus = vi.spyOn(window, 'focus').mockImplementation(() => undefined);
  takeFocus();
  expect(focus).not.toHaveBeenCalled();
  Object.defineProperty(window, 'parent', {value: window.top, configurable: true});
  takeFocus();
  expect(focus).toHaveBeenCalledTimes(1);
});
