/** A stand-in of the `electron` module that notes what is asked of it, for tests of the main process alone. */
import { EventEmitter } from 'node:events';
import path from 'node:path';
import { MessageChannelMain } from '../../electron-message-channel.ts';

export type Handler = (...values: unknown[]) => unknown;

export const electron = {
  calls: [] as { name: string; values: unknown[] }[],
  isFirstInstance: true,
  windows: [] as {
    options: { webPreferences: Record<string, unknown> };
    focused: number;
    restored: number;
    emit: (name: string) => boolean;
  }[],
  app: undefined as unknown as EventEmitter,
  ipc: undefined as unknown as EventEmitter,
  invoke: new Map<string, (...values: unknown[]) => unknown>(),
  folder: '',
  /** The beginning of the button that a person presses in message boxes. */
  pressed: 'Quit',
  chosen: '/chosen',
};

const record =
  (name: string, answer?: unknown): Handler =>
  (...values) => {
    electron.calls.push({ name, values });
    return answer;
  };

class BrowserWindow extends EventEmitter {
  static getAllWindows = (): unknown[] => electron.windows;
  options: { webPreferences: Record<string, unknown> };
  focused = 0;
  restored = 0;
  loadURL = record('loadURL', Promise.resolve());
  webContents = new EventEmitter();
  constructor(options: { webPreferences: Record<string, unknown> }) {
    super();
    this.options = options;
    electron.calls.push({ name: 'BrowserWindow', values: [] });
    electron.windows.push(this);
  }
  show(): void {
    record('show')();
  }
  getNormalBounds(): object {
    return { x: 10, y: 20, width: 800, height: 600 };
  }
  isMaximized(): boolean {
    return false;
  }
  isFocused(): boolean {
    return true;
  }
  setProgressBar = record('setProgressBar');
  hide = record('hide');
  isMinimized(): boolean {
    return true;
  }
  reload = record('reload');
  restore(): void {
    this.restored += 1;
  }
  focus(): void {
    this.focused += 1;
  }
}

electron.ipc = Object.assign(new EventEmitter(), {
  handle: (channel: string, handler: Handler) => electron.invoke.set(channel, handler),
});
electron.app = Object.assign(new EventEmitter(), {
  isPackaged: true,
  requestSingleInstanceLock: () => electron.isFirstInstance,
  quit: record('quit'),
  enableSandbox: record('enableSandbox'),
  whenReady: async () => Promise.resolve(),
  getAppPath: () => path.resolve('lab'),
  getPath: () => electron.folder,
  addRecentDocument: record('addRecentDocument'),
});
export const electronModule = {
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
  ipcMain: electron.ipc,
  powerMonitor: new EventEmitter(),
  screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
  dialog: {
    showErrorBox: record('showErrorBox'),
    showMessageBox: async (options: { buttons: string[] }) => {
      record('showMessageBox')(options);
      return { response: options.buttons.findIndex((button) => button.startsWith(electron.pressed)) };
    },
    showOpenDialog: async (...values: unknown[]) => {
      record('showOpenDialog')(...values);
      return { canceled: false, filePaths: [electron.chosen] };
    },
    showSaveDialog: record('showSaveDialog', Promise.resolve({ canceled: true, filePath: '' })),
  },
  utilityProcess: { fork: record('fork') },
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- Electron's has static members, too
  Notification: class {
    static isSupported = (): boolean => false;
  },
  MessageChannelMain,
  shell: { showItemInFolder: record('showItemInFolder'), openExternal: record('openExternal', Promise.resolve()) },
};
