/**
 * Builds the program of demo pages: the tasks, networks and ops of the lab with TensorFlow.js, for a browser. What only Node
 * has (files, native libraries) is left out: a page never comes to it, and says so if it does.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import path from 'node:path';
import type { Plugin } from 'vite';
import { build } from 'vite';

/** The build of the desktop lab puts what it imports into one file beside its configuration. */
const here = import.meta.dirname;
const root = existsSync(path.join(here, 'package.json')) ? here : path.join(here, '..');

/** The packages that a page computes with. Others read files or have native parts, which no page comes to. */
const taken = /^(?:zod|@tensorflow\/.+|@audio\/decode-wav)$/u;

/** Takes part in whatever modules do with it while they are loaded; afterwards every call is an error. */
const absent = `
let loaded = false;
const use = () => {
  if (loaded) throw new Error('A page cannot do this: it needs the lab');
  return absent;
};
const absent = new Proxy(function () {}, {
  get: (target, name) => (name === Symbol.toPrimitive ? () => '' : name === 'prototype' ? target.prototype : absent),
  apply: use,
  construct: use,
});
setTimeout(() => { loaded = true; });
export { absent };
`;

const prefix = '\0absent:';

function withoutNode(): Plugin {
  const builtin = new Set(builtinModules);
  return {
    name: 'without-node',
    enforce: 'pre',
    resolveId(id, importer) {
      if (id.startsWith(prefix)) return id;
      const isPackage = /^[@a-z]/u.test(id) && !path.isAbsolute(id);
      const isOurs = importer?.includes('node_modules') === false && !importer.startsWith('\0');
      return builtin.has(id) || id.startsWith('node:') || (isPackage && isOurs && !taken.test(id))
        ? `${prefix}${id}`
        : null;
    },
    async load(id) {
      if (!id.startsWith(prefix)) return null;
      const name = id.slice(prefix.length);
      if (name === '') return absent;
      const names = Object.keys((await import(name)) as object); // a module is one
      const exported = names.filter((one) => one !== 'default' && one !== 'module.exports');
      return [
        `import { absent } from '${prefix}';`,
        'export default absent;',
        ...exported.map((one) => `export { absent as ${one} };`),
      ].join('\n');
    },
    transform: (code) =>
      code.includes('import.meta')
        ? { code: code.replace(/import\.meta\.(?:url|dirname)/gu, "'file:///'"), map: null }
        : null,
  };
}

export interface PlayerCode {
  readonly script: string;
  readonly style: string;
  /** WebAssembly that computes in the page, in base64. */
  readonly binary: string;
}

export async function buildPlayer(): Promise<PlayerCode> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    root,
    plugins: [withoutNode()],
    define: { 'process.platform': "'browser'", 'process.env': '{}', 'process.pid': '0' },
    build: {
      write: false,
      minify: true,
      target: 'es2023',
      modulePreload: false,
      rolldownOptions: {
        input: path.join(root, 'src/player/main.ts'),
        transform: { inject: { Buffer: ['node:buffer', 'Buffer'] } },
        output: { format: 'iife', codeSplitting: false },
      },
    },
  });
  if (!('output' in built)) throw new Error('the build of the player gave no code');
  const chunk = built.output.find((file) => file.type === 'chunk');
  if (!chunk) throw new Error('the build of the player gave no code');
  const sheets = ['src/renderer/src/app/tokens.css', 'src/renderer/src/app/base.css', 'src/player/player.css'];
  const style = await Promise.all(sheets.map((sheet) => readFile(path.join(root, sheet), 'utf8')));
  const binary = createRequire(import.meta.url).resolve(
    '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
  );
  return { script: chunk.code, style: style.join('\n'), binary: await readFile(binary, 'base64') };
}

/** As it was built last, unless a source has changed since: processes ask for it that know nothing of each other. */
async function keptPlayer(): Promise<PlayerCode> {
  const folder = path.join(root, 'node_modules', '.cache', 'player');
  const file = path.join(folder, `${await hashOfSources()}.json`);
  // our own
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as PlayerCode;
  const built = await buildPlayer();
  await mkdir(folder, { recursive: true });
  const older = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  await writeFile(`${file}.${process.pid}`, JSON.stringify(built));
  await rename(`${file}.${process.pid}`, file);
  for (const name of older) if (path.join(folder, name) !== file) await rm(path.join(folder, name), { force: true });
  return built;
}

/** Of all that it may be built of. */
async function hashOfSources(): Promise<string> {
  const sources = (await readdir(path.join(root, 'src'), { recursive: true })).filter((name) =>
    /\.(?:ts|css)$/u.test(name),
  );
  const files = [import.meta.filename, path.join(root, 'package-lock.json')];
  const hash = createHash('sha256');
  for (const file of [...files, ...sources.sort().map((name) => path.join(root, 'src', name))]) {
    hash.update(`${file}\n`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** For the build of the desktop lab: the player lies beside what asks for it. */
export function playerFiles(): Plugin {
  return {
    name: 'player-files',
    apply: 'build',
    async generateBundle() {
      const { script, style, binary } = await buildPlayer();
      this.emitFile({ type: 'asset', fileName: 'player/player.js', source: script });
      this.emitFile({ type: 'asset', fileName: 'player/player.css', source: style });
      this.emitFile({ type: 'asset', fileName: 'player/player.wasm', source: Buffer.from(binary, 'base64') });
    },
  };
}

if (process.argv[1] === import.meta.filename) process.stdout.write(JSON.stringify(await keptPlayer()));
