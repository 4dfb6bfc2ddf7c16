/**
 * A stand-in of the `electron` module for tests of main process, preload script and pages together, in Chromium. Windows are
 * pages of Playwright; the app:// protocol is answered by the handler that the main process registers, under an address that
 * Chromium takes for a secure one; the preload script runs as built, with a stand-in of its half of the module; ports and calls
 * cross between both as messages; utility processes are child processes of Node.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import type { Browser, Page, Route } from 'playwright-core';
import { MessageChannelMain } from '../electron-message-channel.ts';

type Handler = (...values: unknown[]) => unknown;

/** Stands for app://lab in Chromium, which knows no schemes of ours. */
const shownOrigin = 'https://lab.test';
const appOrigin = 'app://lab';
const asApp = (address: string): string => address.replace(shownOrigin, appOrigin);
const asShown = (address: string): string => address.replace(appOrigin, shownOrigin);

interface Desk {
  browser: Browser | undefined;
  /** The built files: `preload/index.cjs` and `renderer`. */
  built: string;
  userData: string;
  /** The folder of the files that are dropped on the window. */
  droppedFrom: string;
  /** What dialogs answer. */
  chosen: readonly string[];
  /** The button that a person presses in message boxes, at once or after thinking. */
  pressed: string | Promise<string>;
  isFocused: boolean;
  readonly windows: StandInWindow[];
  /** What the main process asked of the system, by name. */
  readonly calls: { readonly name: string; readonly values: readonly unknown[] }[];
  /** Requests that no answer of the lab's was there for. */
  readonly strangers: string[];
  /** Where pages and frames wanted to go and were not let. */
  readonly refused: string[];
  readonly problems: string[];
}

export const desk: Desk = {
  browser: undefined,
  built: '',
  userData: '',
  droppedFrom: '',
  chosen: [],
  pressed: '',
  isFocused: true,
  windows: [],
  calls: [],
  strangers: [],
  refused: [],
  problems: [],
};

const record =
  (name: string, answer?: unknown): Handler =>
  (...values) => {
    desk.calls.push({ name, values });
    return answer;
  };

const handlers = new Map<string, (request: { method: string; url: string }) => Promise<Response>>();
const invocable = new Map<string, Handler>();

class WebContents extends EventEmitter {
  openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });
  setWindowOpenHandler(handler: WebContents['openHandler']): void {
    this.openHandler = handler;
  }
}

export class StandInWindow extends EventEmitter {
  static getAllWindows = (): readonly StandInWindow[] => desk.windows;
  readonly webContents = new WebContents();
  readonly options: { readonly webPreferences: { readonly preload: string } };
  page: Page | undefined;
  private address = '';
  private readonly ports = new Map<number, MessagePort>();

  constructor(options: StandInWindow['options']) {
    super();
    this.options = options;
    desk.windows.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  async loadURL(address: string): Promise<void> {
    if (!desk.browser) throw new Error('no browser was given to the stand-in');
    this.address = address;
    const context = await desk.browser.newContext({
      viewport: { width: 1280, height: 840 },
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    this.page = page;
    page.on('pageerror', (error) => desk.problems.push(error.stack ?? error.message));
    await page.route('**/*', (route) => this.answer(route));
    await page.exposeBinding('__desktop', ({ frame }, kind: string, channel: unknown, value: unknown) => {
      const senderFrame = {
        url: asApp(frame.url()),
        parent: frame.parentFrame(),
        postMessage: (to: string, _message: unknown, [port]: [MessagePort]) => {
          void this.deliver(to, port);
        },
      };
      if (kind === 'port') {
        this.ports.get(Number(channel))?.postMessage(value);
        return undefined;
      }
      if (kind === 'open') {
        this.open(String(value));
        return undefined;
      }
      if (kind === 'invoke') return invocable.get(String(channel))?.({ senderFrame }, value);
      electron.ipcMain.emit(String(channel), { senderFrame }, value);
      return undefined;
    });
    const preload = await readFile(join(desk.built, 'preload', basename(this.options.webPreferences.preload)), 'utf8');
    await page.addInitScript(preloadScript(preload));
    await page.goto(asShown(address));
    this.emit('ready-to-show');
  }

  /** What `window.open` asks for: as in Electron, the handler of the main process says whether, before there is a window. */
  private open(url: string): void {
    if (this.webContents.openHandler({ url }).action !== 'deny') desk.problems.push(`${url} may be opened`);
  }

  private async answer(route: Route): Promise<void> {
    const request = route.request();
    const url = asApp(request.url());
    if (request.isNavigationRequest() && url !== this.address) {
      let isPrevented = false as boolean; // changed by whoever listens
      const preventDefault = (): void => {
        isPrevented = true;
      };
      this.webContents.emit('will-frame-navigate', { url, preventDefault });
      if (isPrevented) {
        await route.abort('aborted');
        desk.refused.push(url);
        return;
      }
    }
    const handler = handlers.get(new URL(url).protocol.slice(0, -1));
    if (!handler) {
      desk.strangers.push(url);
      await route.abort('failed');
      return;
    }
    const response = await handler({ method: request.method(), url });
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  }

  /** Hands the page its end of a port: what comes through it crosses as messages of the binding. */
  private async deliver(channel: string, port: MessagePort): Promise<void> {
    const id = this.ports.size + 1;
    this.ports.set(id, port);
    const { page } = this;
    if (!page) return;
    const isDelivered = await page
      .evaluate(
        ([name, number]) => {
          (window as unknown as { __deliver: (name: string, id: number) => void }).__deliver(name, number);
        },
        [channel, id] as const,
      )
      .then(
        () => true,
        () => false, // the page has gone on to another document, as Electron drops what is sent to a frame that is gone
      );
    if (!isDelivered) {
      port.close();
      return;
    }
    port.on('message', (data: unknown) => {
      page
        .evaluate(
          ([number, message]) => {
            (window as unknown as { __receive: (id: number, data: unknown) => void }).__receive(number, message);
          },
          [id, data] as const,
        )
        .catch(() => undefined); // the page has gone on to another document
    });
  }

  reload(): void {
    this.page?.reload().catch(() => undefined); // another navigation came first
  }
  /** As the person closes it: whoever listens may keep it. */
  close(): void {
    let isPrevented = false as boolean; // changed by whoever listens
    const preventDefault = (): void => {
      isPrevented = true;
    };
    this.emit('close', { preventDefault });
    if (isPrevented) return;
    desk.windows.splice(desk.windows.indexOf(this), 1);
    this.emit('closed');
    if (desk.windows.length === 0) app.emit('window-all-closed');
  }
  show = record('show');
  hide = record('hide');
  focus = record('focus');
  maximize = record('maximize');
  setProgressBar = record('setProgressBar');
  getNormalBounds = () => ({ x: 10, y: 20, width: 1280, height: 840 });
  isMaximized = () => false;
  isMinimized = () => false;
  isFocused = () => desk.isFocused;
}

/** Runs in the page before its scripts, as Electron runs a sandboxed preload script. */
function preloadScript(source: string): string {
  return `(() => {
    if (window.parent !== window) return; // frames within the page get no preload script
    window.open = (address) => {
      void window.__desktop('open', '', new URL(address, location.href).href);
      return null;
    };
    const listeners = new Map();
    const ports = new Map();
    const require = () => ({
      contextBridge: {
        exposeInMainWorld: (name, bridge) =>
          Object.defineProperty(window, name, { value: Object.freeze({ ...bridge }) }),
      },
      ipcRenderer: {
        on: (channel, listener) => listeners.set(channel, listener),
        invoke: (channel, input) => window.__desktop('invoke', channel, input),
        send: (channel, input) => void window.__desktop('send', channel, input),
      },
      webUtils: { getPathForFile: (file) => ${JSON.stringify(desk.droppedFrom)} + '/' + file.name },
    });
    window.__deliver = (channel, id) => {
      const { port1, port2 } = new MessageChannel();
      ports.set(id, port1);
      port1.onmessage = ({ data }) => void window.__desktop('port', id, data);
      listeners.get(channel)?.({ ports: [port2] });
    };
    window.__receive = (id, data) => ports.get(id)?.postMessage(data);
    const process = { versions: { electron: 'stand-in', chrome: 'stand-in' } };
    const module = { exports: {} };
    ((require, module, exports, process) => {${source}\n})(require, module, module.exports, process);
  })();`;
}

/** A process entry of the build, as its source. */
function sourceOf(entry: string): string {
  return fileURLToPath(new URL(`../../src/main/hosts/${basename(entry, '.js')}/index.ts`, import.meta.url));
}

class UtilityProcess extends EventEmitter {
  readonly stderr: Readable | null;
  private readonly child: ChildProcess;
  constructor(entry: string, args: readonly string[]) {
    super();
    this.child = fork(sourceOf(entry), [...args], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.stderr = this.child.stderr;
    this.child.on('spawn', () => this.emit('spawn'));
    this.child.on('message', (message) => this.emit('message', message));
    this.child.on('exit', (code, signal) => this.emit('exit', signal === 'SIGKILL' ? 9 : (code ?? 1)));
  }
  get pid(): number | undefined {
    return this.child.pid;
  }
  postMessage(message: unknown): void {
    if (this.child.connected) this.child.send(message as object);
  }
  kill(): boolean {
    return this.child.kill('SIGKILL');
  }
}

const app = Object.assign(new EventEmitter(), {
  isPackaged: true,
  requestSingleInstanceLock: () => true,
  /** Whoever listens may keep the program; that it ends is a call. */
  quit: () => {
    let isPrevented = false as boolean; // changed by whoever listens
    app.emit('before-quit', {
      preventDefault: () => {
        isPrevented = true;
      },
    });
    if (!isPrevented) record('quit')();
  },
  enableSandbox: record('enableSandbox'),
  whenReady: async () => Promise.resolve(),
  getAppPath: () => desk.built,
  getPath: () => desk.userData,
  addRecentDocument: record('addRecentDocument'),
});

export const electron = {
  app,
  BrowserWindow: StandInWindow,
  protocol: {
    registerSchemesAsPrivileged: record('registerSchemesAsPrivileged'),
    handle: (scheme: string, handler: (request: { method: string; url: string }) => Promise<Response>) => {
      handlers.set(scheme, handler);
    },
  },
  session: {
    defaultSession: {
      setPermissionRequestHandler: record('setPermissionRequestHandler'),
      setPermissionCheckHandler: record('setPermissionCheckHandler'),
      setDevicePermissionHandler: record('setDevicePermissionHandler'),
    },
  },
  ipcMain: Object.assign(new EventEmitter(), {
    handle: (channel: string, handler: Handler) => invocable.set(channel, handler),
  }),
  powerMonitor: new EventEmitter(),
  screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
  dialog: {
    showErrorBox: record('showErrorBox'),
    showMessageBoxSync: (...values: unknown[]) => {
      record('showMessageBoxSync')(...values);
      const { buttons } = values.at(-1) as { buttons: readonly string[] }; // as Electron's types have it
      return buttons.indexOf(String(desk.pressed));
    },
    showMessageBox: async (...values: unknown[]) => {
      record('showMessageBox')(...values);
      const { buttons } = values.at(-1) as { readonly buttons: readonly string[] }; // the options come last
      return { response: buttons.indexOf(await desk.pressed) };
    },
    showOpenDialog: async (...values: unknown[]) => {
      record('showOpenDialog')(...values);
      return { canceled: desk.chosen.length === 0, filePaths: desk.chosen };
    },
    showSaveDialog: async (...values: unknown[]) => {
      record('showSaveDialog')(...values);
      return { canceled: true, filePath: '' };
    },
  },
  utilityProcess: { fork: (entry: string, args: readonly string[]) => new UtilityProcess(entry, args) },
  Notification: class extends EventEmitter {
    static isSupported = (): boolean => true;
    constructor(options: unknown) {
      super();
      record('Notification')(options);
    }
    show(): void {
      record('Notification.show')();
    }
  },
  MessageChannelMain,
  shell: { showItemInFolder: record('showItemInFolder'), openExternal: record('openExternal', Promise.resolve()) },
};
