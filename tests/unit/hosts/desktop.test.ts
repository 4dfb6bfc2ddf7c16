// The desktop host against a stand-in of Electron: which doors it closes before the first page is loaded.
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageChannel } from 'node:worker_threads';
import { connect } from '../../../src/shared/rpc/connection.ts';
import { protocolVersion } from '../../../src/shared/contract/index.ts';
import { messagePortTransport } from '../../../src/main/rpc/transports/message-port.ts';
import { startDesktop } from '../../../src/main/hosts/electron/desktop.ts';
import { openNoticeChoice } from '../../../src/main/hosts/electron/notice-choice.ts';
import { eventually } from '../../eventually.ts';
import type { Handler } from './electron-notes.ts';
import { electron } from './electron-notes.ts';

vi.mock('electron', async () => (await import('./electron-notes.ts')).electronModule);

function callsOf(name: string): unknown[][] {
  return electron.calls.filter((call) => call.name === name).map((call) => call.values);
}

async function start(): Promise<void> {
  startDesktop();
  await eventually(() => {
    expect(electron.windows.length > 0 || callsOf('quit').length > 0).toBe(true);
  });
}

/** Web contents that remember their handlers, as Electron hands them out for every window, frame and webview. */
async function newContents(): Promise<{
  emit: (name: string, url: string) => boolean;
  open: (url: string) => unknown;
}> {
  await start();
  const contents = new EventEmitter();
  let open: (details: { url: string }) => unknown = () => undefined;
  Object.assign(contents, {
    setWindowOpenHandler: (handler: typeof open) => {
      open = handler;
    },
  });
  electron.app.emit('web-contents-created', {}, contents);
  return {
    /** Emits the event and answers whether it was prevented. */
    emit(name, url) {
      const event = { url, preventDefault: vi.fn() };
      contents.emit(name, event);
      return event.preventDefault.mock.calls.length > 0;
    },
    open: (url) => open({ url }),
  };
}

beforeEach(async () => {
  electron.folder = await mkdtemp(path.join(tmpdir(), 'pretext-desktop-'));
  vi.stubEnv('PRETEXT_SETTINGS', electron.folder);
  vi.stubEnv('PRETEXT_WORKSPACE', path.join(electron.folder, 'workspace'));
  electron.ipc.removeAllListeners();
  electron.invoke.clear();
  electron.calls.length = 0;
  electron.windows.length = 0;
  electron.isFirstInstance = true;
  electron.pressed = 'Quit';
  electron.chosen = '/chosen';
  electron.app.removeAllListeners();
});

afterEach(async () => {
  const quits = callsOf('quit').length;
  const event = { preventDefault: vi.fn() };
  electron.app.emit('before-quit', event);
  if (event.preventDefault.mock.calls.length > 0) {
    await eventually(() => {
      expect(callsOf('quit').length).toBe(quits + 1);
    });
  }
  await rm(electron.folder, { recursive: true, force: true });
});

/** The page's frame, and what it is sent. */
function pageFrame(url = 'app://lab/', parent: unknown = null) {
  return { url, parent, postMessage: vi.fn() };
}

describe('notifications', () => {
  it('are wanted until someone says no, which is remembered; what is damaged says nothing', async () => {
    const folder = path.join(electron.folder, 'new', 'settings');
    const choice = await openNoticeChoice(folder);
    expect(choice.wanted).toBe(true);
    await choice.choose(false);
    expect(choice.wanted).toBe(false);
    expect((await openNoticeChoice(folder)).wanted).toBe(false);
    await writeFile(path.join(folder, 'notices.json'), '{"runEnds": "no"');
    expect((await openNoticeChoice(folder)).wanted).toBe(true);
  });

  it('are chosen by our own page alone', async () => {
    await start();
    const event = { senderFrame: pageFrame() };
    expect(await electron.invoke.get('desktop:notifies')?.(event, undefined)).toBe(true);
    await electron.invoke.get('desktop:set-notifies')?.(event, false);
    expect(await electron.invoke.get('desktop:notifies')?.(event, undefined)).toBe(false);
    const elsewhere = { senderFrame: pageFrame('https://evil.example/') };
    expect(() => electron.invoke.get('desktop:set-notifies')?.(elsewhere, true)).toThrow('may not');
  });
});

describe('the bridge to the page', () => {
  it('connects the page to the lab over a port', async () => {
    await start();
    const frame = pageFrame();
    electron.ipc.emit('desktop:connect', { senderFrame: frame });
    const [channel, , ports] = frame.postMessage.mock.calls[0] as [string, null, [MessageChannel['port1']]];
    expect(channel).toBe('desktop:port');
    const connection = connect(
      messagePortTransport(ports[0], (message) => message),
      protocolVersion,
    );
    await connection.ready;
    expect(await connection.request('workspace.info', {})).toMatchObject({
      folder: path.join(electron.folder, 'workspace'),
      lab: { host: 'desktop' },
    });
    connection.close();
  });

  it.each([
    ['another page', pageFrame('https://evil.example/')],
    ['a frame within the page', pageFrame('app://lab/', {})],
    ['a frame that is gone', null],
  ])('answers nothing to %s', async (_who, senderFrame) => {
    await start();
    electron.ipc.emit('desktop:connect', { senderFrame });
    expect(senderFrame?.postMessage.mock.calls ?? []).toEqual([]);
    expect(() => electron.invoke.get('desktop:choose')?.({ senderFrame }, {})).toThrow('may not');
    expect(callsOf('showOpenDialog')).toEqual([]);
  });

  it("opens the system's dialogs, and shows files of the workspace only", async () => {
    await start();
    const event = { senderFrame: pageFrame() };
    expect(await electron.invoke.get('desktop:choose')?.(event, { folders: true, several: true })).toEqual(['/chosen']);
    expect(callsOf('showOpenDialog')[0]?.[1]).toEqual({ properties: ['openDirectory', 'multiSelections'] });
    expect(await electron.invoke.get('desktop:choose-destination')?.(event, 'report.html')).toBeUndefined();
    await electron.invoke.get('desktop:reveal')?.(event, '/etc/passwd');
    await electron.invoke.get('desktop:reveal')?.(event, path.join(electron.folder, 'workspace', 'runs'));
    expect(callsOf('showItemInFolder')).toEqual([[path.join(electron.folder, 'workspace', 'runs')]]);
  });
});

describe('the desktop host', () => {
  it('says why a workspace cannot be opened, and ends', async () => {
    vi.stubEnv('PRETEXT_WORKSPACE', path.join(electron.folder, 'workspace'));
    await mkdir(path.join(electron.folder, 'workspace'), { recursive: true });
    await writeFile(path.join(electron.folder, 'workspace', 'lab.sqlite'), 'broken, and never was a database');
    await start();
    expect(callsOf('showMessageBox')).toEqual([
      [expect.objectContaining({ detail: expect.stringContaining('is damaged (it is not a database)') })],
    ]);
    expect(electron.windows).toEqual([]);
  });

  it('builds a new database where the old one is damaged and the person says so', async () => {
    electron.pressed = 'Build';
    const workspace = path.join(electron.folder, 'workspace');
    await mkdir(workspace, { recursive: true });
    await writeFile(path.join(workspace, 'lab.sqlite'), 'broken, and never was a database');
    await start();
    expect(callsOf('showMessageBox')).toHaveLength(1);
    expect(electron.windows).toHaveLength(1);
    const kept = (await readdir(workspace)).filter((name) => name.startsWith('lab.sqlite.'));
    expect(await readFile(path.join(workspace, kept[0] ?? ''), 'utf8')).toContain('broken');
  });

  it('opens another folder where the first one cannot be a workspace', async () => {
    electron.pressed = 'Choose';
    await writeFile(path.join(electron.folder, 'file'), '');
    vi.stubEnv('PRETEXT_WORKSPACE', path.join(electron.folder, 'file'));
    electron.chosen = path.join(electron.folder, 'chosen');
    await start();
    expect(callsOf('addRecentDocument')).toEqual([[electron.chosen]]);
    // No way out is offered that does not lead out.
    expect(callsOf('showMessageBox')[0]?.[0]).toMatchObject({ buttons: ['Choose another folder …', 'Quit'] });
  });

  it('puts the window where it was, and notes that before the window is gone', async () => {
    const state = { x: 100, y: 50, width: 900, height: 700, isMaximized: false };
    await writeFile(path.join(electron.folder, 'window.json'), JSON.stringify(state));
    await start();
    const [first] = electron.windows;
    expect(first?.options).toMatchObject({ x: 100, y: 50, width: 900, height: 700 });
    first?.emit('close');
    expect(JSON.parse(readFileSync(path.join(electron.folder, 'window.json'), 'utf8'))).toEqual({
      x: 10,
      y: 20,
      width: 800,
      height: 600,
      isMaximized: false,
    });
  });

  it('does not put the window on a screen that is gone', async () => {
    const state = { x: 5000, y: 50, width: 900, height: 700, isMaximized: false };
    await writeFile(path.join(electron.folder, 'window.json'), JSON.stringify(state));
    await start();
    expect(electron.windows[0]?.options).not.toHaveProperty('x');
    expect(electron.windows[0]?.options).toMatchObject({ width: 1280, height: 840 });
  });

  it('opens one isolated, sandboxed window on the app protocol', async () => {
    await start();
    expect(electron.windows).toHaveLength(1);
    expect(electron.windows[0]?.options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      preload: path.resolve('lab', 'out', 'preload', 'index.cjs'),
    });
    expect(callsOf('loadURL')).toEqual([['app://lab/']]);
  });

  it('never loads a development server when packaged', async () => {
    vi.stubEnv('ELECTRON_RENDERER_URL', 'http://localhost:5173');
    await start();
    expect(callsOf('loadURL')).toEqual([['app://lab/']]);
  });

  it('closes every door before the first window', async () => {
    await start();
    const names = electron.calls.map((call) => call.name);
    const firstWindow = names.indexOf('BrowserWindow');
    for (const name of [
      'registerSchemesAsPrivileged',
      'enableSandbox',
      'setPermissionRequestHandler',
      'setPermissionCheckHandler',
      'setDevicePermissionHandler',
      'handle',
    ]) {
      expect(names.indexOf(name), name).toBeGreaterThanOrEqual(0);
      expect(names.indexOf(name), name).toBeLessThan(firstWindow);
    }
    expect(electron.app.listenerCount('web-contents-created')).toBe(1);
  });

  it('refuses every permission', async () => {
    await start();
    const answer = vi.fn();
    const [request] = callsOf('setPermissionRequestHandler')[0] as [Handler];
    request({}, 'media', answer);
    expect(answer).toHaveBeenCalledExactlyOnceWith(false);
    const [check] = callsOf('setPermissionCheckHandler')[0] as [Handler];
    expect(check({}, 'clipboard-read')).toBe(false);
    const [device] = callsOf('setDevicePermissionHandler')[0] as [Handler];
    expect(device({ deviceType: 'usb' })).toBe(false);
  });

  it.each([
    ['app://lab/index.html#/settings', false],
    ['app://lab.example.org/', true],
    ['app://someone@lab/', true],
    ['https://example.org/', true],
    ['file:///etc/passwd', true],
    ['javascript:alert(1)', true],
    ['not an address', true],
  ])('navigation to %s: prevented %s', async (url, prevented) => {
    const contents = await newContents();
    expect(contents.emit('will-frame-navigate', url)).toBe(prevented);
    expect(contents.emit('will-redirect', url)).toBe(prevented);
  });

  it('attaches no webview', async () => {
    const contents = await newContents();
    expect(contents.emit('will-attach-webview', 'app://lab/')).toBe(true);
  });

  it('opens no window, and hands only https: links to the browser', async () => {
    const contents = await newContents();
    for (const url of ['https://example.org/paper', 'file:///etc/passwd', 'http://example.org/', 'nonsense']) {
      expect(contents.open(url)).toEqual({ action: 'deny' });
    }
    expect(callsOf('openExternal')).toEqual([['https://example.org/paper']]);
  });

  it('shows the first window instead of starting twice', async () => {
    await start();
    electron.app.emit('second-instance', {}, ['pretext-lab'], electron.folder);
    expect(electron.windows[0]).toMatchObject({ restored: 1, focused: 1 });
    expect(callsOf('reload')).toEqual([]);
    electron.app.emit('second-instance', {}, ['pretext-lab', '-w', 'other'], electron.folder);
    await eventually(() => {
      expect(callsOf('reload')).toHaveLength(1);
    });
    // The system's list of recent folders, on macOS.
    electron.app.emit('open-file', { preventDefault: vi.fn() }, path.join(electron.folder, 'third'));
    await eventually(() => {
      expect(callsOf('addRecentDocument')).toEqual(
        ['workspace', 'other', 'third'].map((name) => [path.join(electron.folder, name)]),
      );
    });
    await eventually(() => {
      expect(callsOf('reload')).toHaveLength(2);
    });

    electron.calls.length = 0;
    electron.isFirstInstance = false;
    await start();
    expect(electron.calls.map((call) => call.name)).toEqual(['quit']);
  });
});
