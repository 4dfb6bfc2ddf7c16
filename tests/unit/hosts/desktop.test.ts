// The desktop host against a stand-in of Electron: which doors it closes before the first page is loaded.
import { EventEmitter } from 'node:events';
import path from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { startDesktop } from '../../../src/main/hosts/electron/desktop.ts';

type Handler = (...values: unknown[]) => unknown;

const electron = vi.hoisted(() => ({
  calls: [] as { name: string; values: unknown[] }[],
  isFirstInstance: true,
  windows: [] as { options: { webPreferences: Record<string, unknown> }; focused: number; restored: number }[],
  app: undefined as unknown as EventEmitter,
}));

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events');
  const record =
    (name: string, answer?: unknown): Handler =>
    (...values) => {
      electron.calls.push({ name, values });
      return answer;
    };

  class BrowserWindow extends Emitter {
    static getAllWindows = (): unknown[] => electron.windows;
    options: { webPreferences: Record<string, unknown> };
    focused = 0;
    restored = 0;
    loadURL = record('loadURL', Promise.resolve());
    constructor(options: { webPreferences: Record<string, unknown> }) {
      super();
      this.options = options;
      electron.calls.push({ name: 'BrowserWindow', values: [] });
      electron.windows.push(this);
    }
    show(): void {
      record('show')();
    }
    isMinimized(): boolean {
      return true;
    }
    restore(): void {
      this.restored += 1;
    }
    focus(): void {
      this.focused += 1;
    }
  }

  electron.app = Object.assign(new Emitter(), {
    isPackaged: true,
    requestSingleInstanceLock: () => electron.isFirstInstance,
    quit: record('quit'),
    enableSandbox: record('enableSandbox'),
    whenReady: async () => Promise.resolve(),
    getAppPath: () => path.resolve('lab'),
  });
  return {
    app: electron.app,
    BrowserWindow,
    protocol: { registerSchemesAsPrivileged: record('registerSchemesAsPrivileged'), handle: record('handle') },
    session: {
      defaultSession: {
        setPermissionRequestHandler: record('setPermissionRequestHandler'),
        setPermissionCheckHandler: record('setPermissionCheckHandler'),
        setDevicePermissionHandler: record('setDevicePermissionHandler'),
      },
    },
    shell: { openExternal: record('openExternal', Promise.resolve()) },
  };
});

function callsOf(name: string): unknown[][] {
  return electron.calls.filter((call) => call.name === name).map((call) => call.values);
}

async function start(): Promise<void> {
  startDesktop();
  await new Promise((resolve) => setImmediate(resolve));
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

beforeEach(() => {
  electron.calls.length = 0;
  electron.windows.length = 0;
  electron.isFirstInstance = true;
  electron.app.removeAllListeners();
});

describe('the desktop host', () => {
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
    electron.app.emit('second-instance');
    expect(electron.windows[0]).toMatchObject({ restored: 1, focused: 1 });

    electron.calls.length = 0;
    electron.isFirstInstance = false;
    await start();
    expect(electron.calls.map((call) => call.name)).toEqual(['quit']);
  });
});
