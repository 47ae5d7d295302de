// Builds the Stability tab: index.js (an ES module that exports `render()`) and the licenses of what it contains.
import {mkdir, readFile, readdir, writeFile} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const output = resolve(process.env.STABILITY_STATIC_DIR || join(here, '../tb_stability/plugin/static'));

/** esbuild's options for the tab; the development server uses them, too. */
export const options = {
  absWorkingDir: here,
  entryPoints: ['src/index.tsx'],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: {'.css': 'text'},
  minify: true,
  legalComments: 'none',
  metafile: true,
  outfile: join(output, 'index.js'),
  logLevel: 'warning',
};

/** The license texts of every package that has a file in the bundle. */
async function thirdPartyLicenses(metafile) {
  const packages = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) packages.add(match[1]);
  }
  const texts = [];
  for (const name of [...packages].sort()) {
    const folder = join(here, 'node_modules', name);
    const {version, license} = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^licen[sc]e/i.test(entry));
    if (!file) throw new Error(`${name} ${version} has no license file, so it cannot be shipped`);
    texts.push(`${name} ${version} (${license})\n\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(output, {recursive: true});
  const {metafile} = await esbuild.build(options);
  await writeFile(join(output, 'THIRD_PARTY_LICENSES.txt'), await thirdPartyLicenses(metafile));
  if (process.argv.includes('--watch')) await (await esbuild.context(options)).watch();
}
