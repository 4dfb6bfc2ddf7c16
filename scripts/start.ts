/**
 * `npm start`: the lab in a desktop window where Electron's program is installed, and in the browser otherwise. Builds what is
 * not built yet, or older than the sources.
 */
import { spawn } from 'node:child_process';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { electronProgram } from './electron-program.ts';

const root = path.resolve(import.meta.dirname, '..');
const built = ['main/index.js', 'preload/index.cjs', 'renderer/index.html'];

/** Whether the build is there and as new as what it is made of. */
function isBuilt(): boolean {
  const changedAt = (file: string): number => statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(path.join(root, 'src'), { recursive: true }).map((file) =>
    path.join('src', String(file)),
  );
  const newest = Math.max(...[...sources, 'package.json', 'electron.vite.config.ts'].map(changedAt));
  return built.every((file) => changedAt(path.join('out', file)) > newest);
}

/** Whether a window can be shown: on Linux there may be no screen at all. */
function hasScreen(): boolean {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return process.platform !== 'linux' || DISPLAY !== undefined || WAYLAND_DISPLAY !== undefined;
}

function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject).on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

/** What opens a file in the user's browser. */
function opener(page: string): readonly [string, ...string[]] {
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', page];
  return [process.platform === 'darwin' ? 'open' : 'xdg-open', page];
}

/**
 * A page that only this user can read, which leads to an address: what is given to a program, everybody on the machine can see in the
 * list of processes. It lies in the checkout, because browsers in a sandbox see neither temporary nor hidden folders.
 */
function writeRedirection(address: string): string {
  const page = path.join(root, 'out', `open-${process.pid}.html`);
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Pretext Lab</title><meta http-equiv="refresh" content="0;url=${address}">`,
    { mode: 0o600 },
  );
  process.once('exit', () => {
    rmSync(page, { force: true });
  });
  return page;
}

async function serve(args: readonly string[]): Promise<number> {
  const command = ['--disable-warning=ExperimentalWarning', path.join(root, 'src/main/cli.ts'), 'serve', ...args];
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['inherit', 'pipe', 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line);
    const address = /https?:\/\/\S+\?token=\S+/.exec(line)?.[0];
    if (address === undefined || !hasScreen()) return;
    const [program, ...rest] = opener(writeRedirection(address));
    spawn(program, rest, { stdio: 'ignore', detached: true })
      .on('error', () => undefined) // the address is on the screen
      .unref();
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

async function main(args: readonly string[]): Promise<number> {
  if (!isBuilt()) {
    console.error('Building the pages …');
    const code = await run(process.execPath, [
      path.join(root, 'node_modules/electron-vite/bin/electron-vite.js'),
      'build',
      '--logLevel',
      'warn',
    ]);
    if (code !== 0) return code;
  }
  // A window has no port: whoever asks for one wants the server.
  const wantsServer = args.some((argument) => /^(?:-p|--(?:port|host|name|cert|key|pages))(?:=|$)/u.test(argument));
  const electron = wantsServer || !hasScreen() ? undefined : electronProgram(root);
  return electron === undefined ? serve(args) : run(electron, [root, ...args]);
}

process.exitCode = await main(process.argv.slice(2));
