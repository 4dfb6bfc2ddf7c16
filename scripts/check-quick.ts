/**
 * `npm run check:quick`: for the inner loop, what can be said in half a minute about the files that differ from the main branch (or from
 * another one: `npm run check:quick -- HEAD`). Types are checked for the whole, from where the last check left off; layout, rules and tests
 * for the changed files alone. `npm test` says the rest.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

function git(...args: readonly string[]): readonly string[] {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
}

/** Committed since the branch left the other one, changed, and new. */
function changedSince(base: string): readonly string[] {
  const [from = base] = git('merge-base', base, 'HEAD');
  const changed = [...git('diff', '--name-only', from), ...git('ls-files', '--others', '--exclude-standard')];
  return [...new Set(changed)].filter((file) => existsSync(path.join(root, file)));
}

/** Runs a program of the project; answers whether it was content. */
function passes(name: string, args: readonly string[]): boolean {
  const begun = performance.now();
  const { status } = spawnSync(process.execPath, [program(name), ...args], { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(10)} ${seconds.padStart(5)} s`);
  return status === 0;
}

/** The file behind a name in `node_modules/.bin`, which is a script of a shell on some systems. */
function program(name: string): string {
  const [owner, bin] = { tsc: ['typescript-native', 'tsc'] }[name] ?? [name, name];
  const folder = path.join(root, 'node_modules', owner ?? name);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    bin: string | Readonly<Record<string, string>>;
  };
  return path.join(folder, typeof manifest.bin === 'string' ? manifest.bin : (manifest.bin[bin ?? name] ?? ''));
}

const [base = 'main'] = process.argv.slice(2);
const files = changedSince(base);
const code = files.filter((file) => /\.(?:ts|vue|js)$/.test(file));
const components = code.filter((file) => file.endsWith('.vue'));
const linted = code.filter((file) => !file.endsWith('.vue'));
const laidOut = files.filter((file) => /\.(?:ts|vue|js|json|jsonc|md|css|html|ya?ml)$/.test(file));
const tests = files.filter((file) => /^tests\/(?:unit|numeric|cli|contract)\/.*\.test\.ts$/.test(file));
const isOfPages = code.some((file) => file.startsWith('src/renderer/') || file.startsWith('src/shared/'));

console.log(`${files.length} files differ from ${base}`);
const incremental = (of: string): readonly string[] => [
  '--incremental',
  '--tsBuildInfoFile',
  path.join('node_modules', '.cache', `${of}.tsbuildinfo`),
];
const results = [
  laidOut.length === 0 || passes('prettier', ['--check', '--log-level', 'warn', ...laidOut]),
  code.length === 0 || passes('tsc', incremental('main')),
  !isOfPages || passes('vue-tsc', ['-p', 'src/renderer', ...incremental('pages')]),
  linted.length === 0 || passes('oxlint', linted),
  components.length === 0 || passes('eslint', ['--max-warnings', '0', ...components]),
  tests.length === 0 || passes('vitest', ['run', ...tests]),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
