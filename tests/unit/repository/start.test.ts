// `npm start` in a package folder made for the purpose: its own scripts, with stand-ins of Electron, the server, the build and the
// system's way to open an address, each of which notes how it was called.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../eventually.ts';

const scripts = path.resolve(import.meta.dirname, '../../../scripts');
const address = 'http://127.0.0.1:8640/?token=abc';

let root: string;

function write(file: string, content: string, isProgram = false): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), content);
  if (isProgram) chmodSync(path.join(root, file), 0o755);
}

const notes = (name: string): string | undefined => {
  const file = path.join(root, `${name}.called`);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
};
const noting = (name: string): string => `#!/bin/sh\necho "$@" > "${root}/${name}.called"\n`;

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'pretext-start-')));
  for (const name of ['start.ts', 'electron-program.ts']) {
    cpSync(path.join(scripts, name), path.join(root, 'scripts', name));
  }
  write('package.json', '{"type":"module"}');
  write('electron.vite.config.ts', '');
  // Open until the address was opened, where there is a screen.
  write(
    'src/main/cli.ts',
    `import { existsSync } from 'node:fs';
     console.log('The lab is open at ${address}', process.argv.slice(2).join(' '));
     const timer = setInterval(() => {
       if (process.env.DISPLAY === undefined || existsSync('${root}/xdg-open.called')) clearInterval(timer);
     }, 20);`,
  );
  const files = ['main/index.js', 'preload/index.cjs', 'renderer/index.html'];
  write(
    'node_modules/electron-vite/bin/electron-vite.js',
    `import { mkdirSync, writeFileSync } from 'node:fs'; import path from 'node:path';
     writeFileSync('build.called', process.argv.slice(2).join(' '));
     for (const file of ${JSON.stringify(files)}) { mkdirSync(path.dirname('out/' + file), { recursive: true }); writeFileSync('out/' + file, ''); }`,
  );
  write(
    'bin/xdg-open',
    `#!/bin/sh\n(echo "$@"; stat -c %a "$1"; cat "$1") > "${root}/xdg-open.noting" && mv "${root}/xdg-open.noting" "${root}/xdg-open.called"\n`,
    true,
  );
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function installElectron(): void {
  write('node_modules/electron/package.json', '{"name":"electron"}');
  write('node_modules/electron/path.txt', 'electron');
  write('node_modules/electron/dist/electron', noting('electron'), true);
}

async function start(
  screen: string | undefined,
  ...args: readonly string[]
): Promise<{ code: number | null; out: string }> {
  const { WAYLAND_DISPLAY: _wayland, DISPLAY: _display, ...environment } = process.env;
  const child = spawn(process.execPath, [path.join(root, 'scripts/start.ts'), ...args], {
    cwd: root,
    env: {
      ...environment,
      PATH: `${root}/bin:${process.env.PATH ?? ''}`,
      ...(screen !== undefined && { DISPLAY: screen }),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [out, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { code, out };
}

describe.runIf(process.platform === 'linux')('npm start', () => {
  it('builds what is not built, then serves, prints the address and opens it', async () => {
    const { code, out } = await start(':0', '-w', 'somewhere');
    expect([code, out.trim()]).toEqual([0, `The lab is open at ${address} serve -w somewhere`]);
    expect(notes('build')).toMatch(/^build/);
    await eventually(() => {
      expect(notes('xdg-open')).toBeDefined();
    });
    // What is given to a program can be seen in the list of processes: it is a page that only its owner reads.
    const [page, mode, content] = (notes('xdg-open') ?? '').split('\n');
    expect(page).toMatch(new RegExp(`^${root}/out/open-\\d+\\.html$`));
    expect(mode).toBe('600');
    expect(content).toContain(`url=${address}"`);
    expect(existsSync(page ?? '')).toBe(false); // gone with the lab
  });

  it('builds again only when the sources are newer than the build', async () => {
    await start(undefined);
    rmSync(path.join(root, 'build.called'));
    await start(undefined);
    expect(notes('build')).toBeUndefined();
    const later = Date.now() / 1000 + 10;
    utimesSync(path.join(root, 'src/main/cli.ts'), later, later);
    await start(undefined);
    expect(notes('build')).toMatch(/^build/);
  });

  it('opens the window where Electron is installed and there is a screen', async () => {
    installElectron();
    expect((await start(':0', '-w', 'somewhere')).code).toBe(0);
    expect(notes('electron')).toBe(`${root} -w somewhere`);
    expect(notes('xdg-open')).toBeUndefined();
  });

  it('serves where a port is asked for, with what else was said', async () => {
    installElectron();
    const { out } = await start(':0', '--port', '8123', '-w', 'somewhere');
    expect(out.trim()).toBe(`The lab is open at ${address} serve --port 8123 -w somewhere`);
    expect(notes('electron')).toBeUndefined();
  });

  it('serves where there is no screen, and opens nothing', async () => {
    installElectron();
    expect((await start(undefined)).out).toContain(address);
    expect([notes('electron'), notes('xdg-open')]).toEqual([undefined, undefined]);
  });
});
