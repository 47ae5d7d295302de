import {expect, test} from 'vitest';
import {createApi} from '../src/api';
import {integers} from '../src/lib/frame';
import {encodeFrame} from './frames';

const BASE = 'http://localhost:6006/prefix/data/plugin/stability/';
const WHOLE = {range: null, cols: 800};

/** Answers each request with the next response; remembers the addresses. */
function server(...responses: (() => Response)[]) {
  const asked: string[] = [];
  const send = (url: string | URL | Request) => {
    asked.push(url instanceof Request ? url.url : String(url));
    const respond = responses[Math.min(asked.length, responses.length) - 1];
    return respond ? Promise.resolve(respond()) : Promise.reject(new TypeError('Failed to fetch'));
  };
  return {asked, api: createApi(BASE, send)};
}

const frame = () => new Response(encodeFrame({first_step: Int32Array.of(3)}));

test('requests are below the base, with names encoded', async () => {
  const {api, asked} = server(frame);
  await api.layer('a b/ü&x', 'dense/1', {range: {from: 5, to: 9}, cols: 800});
  expect(asked).toEqual([`${BASE}layer?run=a+b%2F%C3%BC%26x&layer=dense%2F1&cols=800&from=5&to=9`]);
});

test('a frame is decoded', async () => {
  const {api} = server(frame);
  expect([...integers(await api.steps('fit', WHOLE), 'first_step')]).toEqual([3]);
});

test('the same question is asked once, until the data changes', async () => {
  const {api, asked} = server(frame);
  await Promise.all([api.steps('fit', WHOLE), api.steps('fit', WHOLE)]);
  expect(asked).toHaveLength(1);
  api.forget();
  await api.steps('fit', WHOLE);
  expect(asked).toHaveLength(2);
});

test('an error has the sentence of the API, and is asked again', async () => {
  const {api} = server(() => Response.json({error: 'there is no run x'}, {status: 404}), frame);
  await expect(api.steps('x', WHOLE)).rejects.toThrow('there is no run x');
  await expect(api.steps('x', WHOLE)).resolves.toBeDefined();
});

test('an error page and a server that is gone have a sentence, too', async () => {
  await expect(server(() => new Response('<h1>oops', {status: 500})).api.runs()).rejects.toThrow(/HTTP 500/);
  await expect(server().api.runs()).rejects.toThrow(/does not answer/);
});

test('reports of a newer version are refused with a sentence', async () => {
  const {api} = server(() => Response.json({version: 2, runs: []}));
  await expect(api.runs()).rejects.toThrow(/version 2.*version 1/);
});
