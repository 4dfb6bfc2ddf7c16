/**
 * The desktop host: one window over the lab's pages. It owns Electron's life cycle and nothing of the lab itself.
 */
import path from 'node:path';
import { app, BrowserWindow, protocol, session, shell } from 'electron';
import { answerFromFolder, appOrigin, appScheme } from './app-protocol.ts';
import { keepAtHome, lockedWebPreferences, refusePermissions } from './lock-down.ts';

/** A file of the build: out/main, out/preload and out/renderer lie beside package.json, packed or not. */
function builtFile(...names: readonly string[]): string {
  return path.join(app.getAppPath(), 'out', ...names);
}

/** While developing, electron-vite serves the pages and says where; a packaged lab never looks. */
function labAddress(): string {
  const developmentServer = process.env.ELECTRON_RENDERER_URL;
  return !app.isPackaged && developmentServer !== undefined ? developmentServer : `${appOrigin}/`;
}

function openWindow(): void {
  const window = new BrowserWindow({
    width: 1280,
    height: 840,
    minWidth: 480,
    minHeight: 400,
    show: false, // until there is something to see
    autoHideMenuBar: true,
    webPreferences: { ...lockedWebPreferences, preload: builtFile('preload', 'index.cjs') },
  });
  window.once('ready-to-show', () => {
    window.show();
  });
  void window.loadURL(labAddress());
}

/** Starts the lab in a window. A second start brings the first one's window to the front and ends. */
export function startDesktop(): void {
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
  app.enableSandbox();
  app.on('web-contents-created', (_event, contents) => {
    keepAtHome(contents, labAddress(), (address) => void shell.openExternal(address));
  });
  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows();
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openWindow();
  });
  void app.whenReady().then(() => {
    refusePermissions(session.defaultSession);
    protocol.handle(appScheme, (request) => answerFromFolder(builtFile('renderer'), request));
    openWindow();
  });
}
