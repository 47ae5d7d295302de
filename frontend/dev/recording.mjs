// Keeps the answers of a real server in a folder, and answers from there without it.
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

/** A window of another width asks for other columns and other edges. */
const OF_THE_VIEW = ['from', 'to', 'cols'];
const TYPES = {json: 'application/json', frame: 'application/octet-stream'};

/** Longer names are more than file systems take. */
const MAX_NAME = 240;

/** Puts an answer into the folder, under its route and query; one with a very long name is left out. */
export async function record(folder, route, query, {type, body}) {
  await mkdir(folder, {recursive: true});
  const name = nameOf(route, query);
  if (name.length > MAX_NAME) return;
  const kind = type?.startsWith(TYPES.json) ? 'json' : 'frame';
  await writeFile(join(folder, `${name}.${kind}`), body);
}

/**
 * The recorded answer to the same question; else that for other columns of the
 * same, the whole run first. Null where nothing like it was recorded.
 */
export async function replay(folder, route, query) {
  const files = await readdir(folder);
  const exact = nameOf(route, query);
  const alike = files.filter((file) => subjectOf(questionOf(file)) === subjectOf(exact)).sort(byLength);
  const file = alike.find((one) => questionOf(one) === exact) ?? alike[0];
  if (file === undefined) return null;
  return {type: TYPES[file.split('.').at(-1)], body: await readFile(join(folder, file))};
}

/** Fit for a file: names of runs and layers can hold anything. */
function nameOf(route, query) {
  return encodeURIComponent(`${route}?${query}`).replaceAll('.', '%2E');
}

function questionOf(file) {
  return file.slice(0, file.lastIndexOf('.'));
}

/** The question without what depends on the view. */
function subjectOf(question) {
  const [route, query] = decodeURIComponent(question).split(/\?(.*)/s);
  const kept = new URLSearchParams(query);
  for (const name of OF_THE_VIEW) kept.delete(name);
  return `${route}?${kept}`;
}

/** Without `from` and `to`, which make a question longer, it is about the whole run. */
function byLength(a, b) {
  return a.length - b.length;
}
