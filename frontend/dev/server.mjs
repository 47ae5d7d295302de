// The tab without TensorBoard: a page that acts as TensorBoard's, and the HTTP API on example runs.
//
//   npm run dev                          http://localhost:6010/        examples like the demo's
//                                        http://localhost:6010/edge/   what is hard to show
//                                        http://localhost:6010/many/   200 runs in groups
//                                        http://localhost:6010/empty/  a logdir without runs
//   npm run dev -- --proxy http://localhost:6006   the API of a running TensorBoard, under http://localhost:6010/proxy/
//   ... --record DIR                     keeps all that it answers
//   npm run dev -- --recorded DIR        those answers, without TensorBoard, under http://localhost:6010/recorded/
import {createServer} from 'node:http';
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import * as esbuild from 'esbuild';
import {options} from '../build.mjs';
import {Answer, answer} from './api.mjs';
import {record, replay} from './recording.mjs';
import {LOGDIRS} from './runs.mjs';

const {values: flags} = parseArgs({
  options: {
    port: {type: 'string', default: '6010'},
    proxy: {type: 'string'},
    record: {type: 'string'},
    recorded: {type: 'string'},
  },
});
const bundle = await esbuild.context({...options, minify: false, sourcemap: 'inline', write: false});

const ENTRY = `<!doctype html><head><base href="plugin/stability/"></head><body><script type="module">
import {render} from './index.js'; render();</script></body>`;

/** `/edge/data/plugin/stability/runs?...` to its parts; the first folder may be missing. */
const ROUTE = /^\/(?:(\w+)\/)?(host\.js|data\/plugin_entry\.html|data\/plugin\/stability\/(.*))?$/;

async function respond(url) {
  const match = ROUTE.exec(url.pathname);
  if (!match) return new Answer(404, 'Not found');
  const [, logdir = 'demo', path, route] = match;
  if (!path) return file('host.html', 'text/html');
  if (path === 'host.js') return file('host.js', 'text/javascript');
  if (path.endsWith('.html')) return {type: 'text/html', body: ENTRY};
  if (route === 'index.js') {
    // Bundled anew at every load: a reload of the page shows the newest sources.
    const {outputFiles} = await bundle.rebuild();
    return {type: 'text/javascript', body: outputFiles[0].contents};
  }
  if (logdir === 'proxy' && flags.proxy)
    return forward(new URL(`/data/plugin/stability/${route}${url.search}`, flags.proxy), route);
  if (logdir === 'recorded' && flags.recorded)
    return (
      (await replay(flags.recorded, route, url.searchParams)) ??
      new Answer(404, {error: 'this answer was not recorded'})
    );
  if (!Object.hasOwn(LOGDIRS, logdir))
    return new Answer(500, {error: `the example logdir ${logdir} cannot be read`});
  return answer(logdir, LOGDIRS[logdir], route, url.searchParams);
}

async function file(name, type) {
  return {type: `${type}; charset=utf-8`, body: await readFile(new URL(name, import.meta.url))};
}

async function forward(url, route) {
  const response = await fetch(url);
  const body = Buffer.from(await response.arrayBuffer());
  const answered = {status: response.status, type: response.headers.get('content-type'), body};
  if (flags.record && response.ok) await record(flags.record, route, url.searchParams, answered);
  return answered;
}

createServer(async (request, response) => {
  let result;
  try {
    result = await respond(new URL(request.url, 'http://localhost'));
  } catch (error) {
    console.error(error);
    result = new Answer(500, String(error));
  }
  const {status, type, body} = wire(result);
  response.writeHead(status, {'Content-Type': type, 'Cache-Control': 'no-store'});
  response.end(body);
}).listen(Number(flags.port), () => {
  console.log(`The tab is at http://localhost:${flags.port}/`);
});

function wire(result) {
  if (result instanceof Answer) {
    const text = typeof result.body === 'string';
    return {
      status: result.status,
      type: text ? 'text/plain' : 'application/json',
      body: text ? result.body : JSON.stringify(result.body),
    };
  }
  if (Buffer.isBuffer(result)) return {status: 200, type: 'application/octet-stream', body: result};
  if ('type' in result && 'body' in result) return {status: 200, ...result};
  return {status: 200, type: 'application/json', body: JSON.stringify(result)};
}
