/**
 * The desktop host: one window over one lab. It owns Electron's life cycle; what a lab is, it knows no more of than a server does.
 */
import path from 'node:path';
import { app, BrowserWindow, dialog, powerMonitor, protocol, screen, session, shell } from 'electron';
import { isLabError, messageOf } from '../../../shared/errors.ts';
import { firstRuns } from '../../lab/first-look.ts';
import type { Lab } from '../../lab/lab.ts';
import { openLab } from '../../lab/lab.ts';
import { listRecentWorkspaces, rememberWorkspace } from '../../lab/recent.ts';
import { reindex } from '../../lab/reindex.ts';
import { openWorkspace as workspaceFolder } from '../../workspace/workspace.ts';
import type { Dispatcher } from '../../rpc/dispatcher.ts';
import { labDispatcher } from '../../rpc/features/index.ts';
import { announceRuns } from './announce.ts';
import { answerFromFolder, appOrigin, appScheme } from './app-protocol.ts';
import { mayLoseDrafts, mayStopTraining, namesInTraining } from './ask-to-stop.ts';
import { registerBridge } from './bridge.ts';
import type { NoticeChoice } from './notice-choice.ts';
import { openNoticeChoice } from './notice-choice.ts';
import { keepAtHome, lockedWebPreferences, refusePermissions } from './lock-down.ts';
import { utilityProcesses } from './processes.ts';
import { readWindowState, writeWindowState } from './window-state.ts';
import { taskNotes } from '../../runs/task-notes.ts';

/** A file of the build: out/main, out/preload and out/renderer lie beside package.json, packed or not. */
function builtFile(...names: readonly string[]): string {
  return path.join(app.getAppPath(), 'out', ...names);
}

/** While developing, electron-vite serves the pages and says where; a packaged lab never looks. */
function labAddress(): string {
  const developmentServer = process.env.ELECTRON_RENDERER_URL;
  return !app.isPackaged && developmentServer !== undefined ? developmentServer : `${appOrigin}/`;
}

interface OpenedLab {
  readonly lab: Lab;
  readonly dispatcher: Dispatcher;
  readonly stopAnnouncing: () => void;
}

let opened: OpenedLab | undefined;
let notices: NoticeChoice | undefined;
let window: BrowserWindow | undefined;

/** False when the person would rather let the runs of the open workspace go on. */
async function openWorkspace(folder: string | undefined): Promise<boolean> {
  if (folder !== undefined && opened?.lab.workspace.folder === path.resolve(folder)) return true;
  if (opened && !(await mayStopTraining(opened.lab, window, 'Stop and open the other workspace'))) return false;
  const lab = await openLab({
    folder,
    host: 'desktop',
    processes: utilityProcesses(builtFile('main')),
    tasks: taskNotes,
    firstRuns,
  });
  const before = opened;
  const stopAnnouncing = announceRuns(
    lab,
    () => window,
    showFirstWindow,
    () => notices?.wanted ?? true,
  );
  opened = { lab, dispatcher: labDispatcher(lab), stopAnnouncing };
  before?.stopAnnouncing();
  await before?.lab.close();
  await rememberWorkspace(lab.workspace.folder);
  app.addRecentDocument(lab.workspace.folder);
  return true;
}

/** What follows `-w` on a command line that was given in a folder. */
function workspaceOf(args: readonly string[], workingFolder: string): string | undefined {
  const place = args.indexOf('-w');
  const folder = place < 0 ? undefined : args[place + 1];
  return folder === undefined ? undefined : path.resolve(workingFolder, folder);
}

/** A folder that was opened from the system's list of recent ones (on macOS) before there was a window. */
let openedBefore: string | undefined;

/** The workspace of the command line (`-w <folder>`), else the one that was open last, else the default one. */
async function firstWorkspace(): Promise<string | undefined> {
  const named = openedBefore ?? workspaceOf(process.argv, process.cwd());
  if (named !== undefined) return named;
  if (process.env.PRETEXT_WORKSPACE !== undefined) return undefined; // openLab knows it
  return (await listRecentWorkspaces()).find(({ exists }) => exists)?.folder;
}

/** In the window that is open; what is wrong is told in a dialog, as no page has asked. */
async function showWorkspace(folder: string): Promise<void> {
  try {
    if (await openWorkspace(folder)) window?.reload();
  } catch (error) {
    dialog.showErrorBox('The workspace cannot be opened', messageOf(error));
  }
}

/**
 * Opens the first workspace, and asks what to do where that is not possible: without a command line, there is no other way out of
 * a damaged database. False when the person gave up.
 */
async function openFirstWorkspace(): Promise<boolean> {
  let folder = await firstWorkspace();
  for (;;) {
    try {
      await openWorkspace(folder);
      return true;
    } catch (error) {
      const ways = [...(isLabError(error, 'corrupt') ? [rebuild] : []), chooseAnother, quit];
      const { response } = await dialog.showMessageBox({
        type: 'error',
        title: 'Pretext Lab',
        message: 'The workspace cannot be opened',
        detail: messageOf(error),
        buttons: ways,
        cancelId: ways.length - 1,
        noLink: true,
      });
      if (ways[response] === rebuild) {
        await reindexFolder(folder).catch((problem: unknown) => {
          dialog.showErrorBox('The database cannot be rebuilt', messageOf(problem));
        });
      } else if (ways[response] === chooseAnother) {
        const { filePaths } = await dialog.showOpenDialog({ properties: ['openDirectory', 'createDirectory'] });
        folder = filePaths[0] ?? folder;
      } else {
        return false;
      }
    }
  }
}

const rebuild = 'Build a new database from the folders';
const chooseAnother = 'Choose another folder …';
const quit = 'Quit';

async function reindexFolder(folder: string | undefined): Promise<void> {
  await reindex(await workspaceFolder(folder), taskNotes);
}

function showFirstWindow(): void {
  const [first] = BrowserWindow.getAllWindows();
  if (first?.isMinimized()) first.restore();
  first?.show();
  first?.focus();
}

async function openWindow(): Promise<void> {
  const state = await readWindowState(
    app.getPath('userData'),
    screen.getAllDisplays().map(({ workArea }) => workArea),
  );
  const created = new BrowserWindow({
    width: state?.width ?? 1280,
    height: state?.height ?? 840,
    ...(state && { x: state.x, y: state.y }),
    minWidth: 480,
    minHeight: 400,
    show: false, // until there is something to see
    autoHideMenuBar: true,
    icon: path.join(app.getAppPath(), 'resources', 'icon.png'), // Linux; elsewhere the program has one of its own
    webPreferences: { ...lockedWebPreferences, preload: builtFile('preload', 'index.cjs') },
  });
  if (state?.isMaximized) created.maximize();
  created.once('ready-to-show', () => {
    created.show();
  });
  let isClosing = false;
  // The page keeps drafts, and asks for those that it could not; Electron shows no question of its own. They survive it when another
  // workspace is opened.
  created.webContents.on('will-prevent-unload', (event) => {
    if (!isClosing || opened === undefined || mayLoseDrafts(created)) event.preventDefault();
    else isClosing = false;
  });
  created.on('close', (event) => {
    // Where the program ends with its window, it is asked about while there is a window to come back to.
    if (endsWithWindow && !isAgreed && opened && namesInTraining(opened.lab).length > 0) {
      event.preventDefault();
      app.quit();
      return;
    }
    isClosing = true;
    writeWindowState(app.getPath('userData'), {
      ...created.getNormalBounds(),
      isMaximized: created.isMaximized(),
    });
  });
  created.on('closed', () => {
    window = undefined;
  });
  window = created;
  void created.loadURL(labAddress());
}

const endsWithWindow = process.platform !== 'darwin';

/** Whether the person, or the system that shuts down, has said that training may be stopped. */
let isAgreed = false;
let isAsking = false;

/** Runs stop with a checkpoint before the program ends, if the person agrees; the request to quit waits for both. */
function closeBeforeQuitting(): void {
  app.on('before-quit', (event) => {
    const closing = opened;
    if (!closing) return;
    event.preventDefault();
    if (!isAsking) void askAndClose(closing);
  });
}

async function askAndClose(closing: OpenedLab): Promise<void> {
  isAsking = true;
  const mayClose = isAgreed || (await mayStopTraining(closing.lab, window, 'Stop and quit'));
  isAsking = false;
  if (!mayClose || opened !== closing) return;
  isAgreed = true;
  opened = undefined;
  window?.hide(); // the last checkpoints may take a while, and nothing can be asked of a lab that closes
  closing.stopAnnouncing();
  await closing.lab.close().catch(() => undefined); // the program ends either way
  isAgreed = false;
  app.quit();
}

async function startLab(): Promise<void> {
  refusePermissions(session.defaultSession);
  powerMonitor.on('shutdown', () => {
    isAgreed = true; // there is nobody left to ask
  });
  protocol.handle(appScheme, (request) => answerFromFolder(builtFile('renderer'), request));
  const choice = await openNoticeChoice(app.getPath('userData'));
  notices = choice;
  if (!(await openFirstWorkspace())) {
    app.quit();
    return;
  }
  registerBridge({
    labAddress: labAddress(),
    notices: choice,
    window: () => window,
    lab: () => requireOpened().lab,
    dispatcher: () => requireOpened().dispatcher,
    async openWorkspace(folder) {
      if (await openWorkspace(folder)) window?.reload();
    },
  });
  await openWindow();
}

function requireOpened(): OpenedLab {
  if (!opened) throw new Error('The lab is being closed');
  return opened;
}

/** Starts the lab in a window. A second start brings the first one's window to the front, opens the workspace it names there, and ends. */
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
  app.on('second-instance', (_event, args, workingFolder) => {
    showFirstWindow();
    const folder = workspaceOf(args, workingFolder);
    if (folder !== undefined && opened) void showWorkspace(folder);
  });
  app.on('open-file', (event, folder) => {
    event.preventDefault();
    if (opened) void showWorkspace(folder);
    else openedBefore = folder;
  });
  app.on('window-all-closed', () => {
    if (endsWithWindow) app.quit();
  });
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) void openWindow();
  });
  closeBeforeQuitting();
  void app.whenReady().then(startLab);
}
