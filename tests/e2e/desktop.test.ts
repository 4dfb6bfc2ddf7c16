// The desktop lab: main process, preload script and pages together, against a stand-in of the electron module. What only Electron
// itself can show is in electron.test.ts.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { startDesktop } from '../../src/main/hosts/electron/desktop.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { readEvents, runFolder } from '../../src/main/workspace/run-folder.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument, tinyExperiment, writeTinyText } from '../tiny-workspace.ts';
import { desk, electron } from './electron-stand-in.ts';
import {
  dropOn,
  expectAccessible,
  expectState,
  launchBrowser,
  open,
  patience,
  showPageOfFailure,
  stepOf,
} from './harness.ts';

vi.mock('electron', async () => (await import('./electron-stand-in.ts')).electron);

describe('the desktop lab', () => {
  let workspace: TinyWorkspace;
  let browser: Browser;
  let page: Page;
  let run = '';
  let unannounced = '';
  let long = '';

  const callsOf = (name: string) => desk.calls.filter((call) => call.name === name).map(({ values }) => values);
  /** As the page of settings does it. */
  const openWorkspace = (folder: string) =>
    page
      .evaluate(
        (chosen) =>
          (window as unknown as { pretextDesktop: { openWorkspace(folder: string): Promise<void> } }).pretextDesktop
            .openWorkspace(chosen)
            .catch(() => undefined), // the page is loaded anew meanwhile
        folder,
      )
      .catch(() => undefined);
  const goto = (path: string) => open(page, `https://lab.test/#${path}`);

  beforeAll(async () => {
    workspace = await createTinyWorkspace();
    run = (await createRun(workspace.workspace, tinyExperiment())).id;
    unannounced = (await createRun(workspace.workspace, { ...tinyExperiment(), seed: 1 })).id;
    const steps = 'training: {steps: 500000, batchSize: 4, learningRate: 1e-3, evaluateEvery: 5000, logEvery: 10}';
    long = (await createRun(workspace.workspace, tinyExperiment(steps, 'tiny-long'))).id;
    browser = await launchBrowser();
    desk.browser = browser;
    desk.built = inject('built');
    desk.userData = join(workspace.folder, 'settings');
    desk.droppedFrom = join(workspace.folder, 'text');
    process.env.PRETEXT_SETTINGS = desk.userData;
    process.env.PRETEXT_WORKSPACE = workspace.workspace.folder;
    // In a build, everything lies in `out`.
    electron.app.getAppPath = () => workspace.folder;
    const { symlink } = await import('node:fs/promises');
    await symlink(desk.built, join(workspace.folder, 'out'));
    startDesktop();
    await vi.waitFor(() => {
      expect(callsOf('show')).toHaveLength(1);
    }, patience);
    const shown = desk.windows[0]?.page;
    if (!shown) throw new Error('no window was opened');
    page = shown;
    page.setDefaultTimeout(patience.timeout);
  });

  afterAll(async () => {
    if (callsOf('quit').length === 0) electron.app.quit();
    await vi.waitFor(() => {
      expect(callsOf('quit')).toHaveLength(1);
    }, patience);
    await browser.close();
    delete process.env.PRETEXT_SETTINGS;
    delete process.env.PRETEXT_WORKSPACE;
    await workspace.remove();
  });

  showPageOfFailure(() => page);

  it('shows the lab through the app protocol, over a port, with named functions and nothing of Electron', async () => {
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    await goto('/datasets');
    await page.getByRole('link', { name: 'tiny' }).waitFor();
    await expectAccessible(page);
    const given = await page.evaluate(() => ({
      bridge: Object.keys((window as unknown as { pretextDesktop: object }).pretextDesktop).sort(),
      leaked: ['require', 'process', 'module', 'ipcRenderer', 'electron'].filter((name) => name in window),
    }));
    expect(given).toEqual({
      bridge: [
        ...['choose', 'chooseDestination', 'connect', 'notifies', 'openWorkspace', 'pathOf', 'reveal', 'setNotifies'],
        'versions',
      ],
      leaked: [],
    });
  });

  it('imports what the system’s dialog chose, by its path', async () => {
    await writeTinyText(join(workspace.folder, 'more'), 5);
    desk.chosen = [join(workspace.folder, 'more')];
    await goto('/datasets/import');
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await page.getByText(/^5 files/).waitFor();
    expect(callsOf('showOpenDialog')).toHaveLength(1);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'more' }).waitFor();
  });

  it('takes what is dropped on the window by its path, and uploads nothing', async () => {
    await goto('/datasets/import');
    await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
    await dropOn(page, join(desk.droppedFrom, '7.txt'));
    await page.getByText(tinyDocument(7).slice(0, 40)).first().waitFor();
    expect(await readdir(join(workspace.workspace.folder, '.uploads')).catch(() => [])).toEqual([]);
  });

  it('trains in a process of its own, with progress in the taskbar and a notification at the end', async () => {
    desk.isFocused = false;
    await goto(`/runs/${run}`);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expectState(page, /Finished/);
    const shares = callsOf('setProgressBar').map(([share]) => Number(share));
    expect(shares.some((share) => share > 0 && share <= 1)).toBe(true);
    await vi.waitFor(() => {
      expect(callsOf('Notification')).toEqual([[expect.objectContaining({ title: 'tiny-words is finished' })]]);
    }, patience);
    expect(callsOf('setProgressBar').at(-1)).toEqual([-1]);
    desk.isFocused = true;
  });

  it('notifies of nothing once that is switched off in the settings, and remembers it', async () => {
    const before = callsOf('Notification').length;
    await goto('/settings');
    const choice = () => page.getByRole('checkbox', { name: /^Notify me when a run has ended/ });
    await expect.poll(() => choice().isChecked(), patience).toBe(true);
    await choice().uncheck();
    await expectAccessible(page);
    await goto('/settings');
    await expect.poll(() => choice().isChecked(), patience).toBe(false);
    await vi.waitFor(async () => {
      expect(JSON.parse(await readFile(join(desk.userData, 'notices.json'), 'utf8'))).toEqual({ runEnds: false });
    }, patience);
    desk.isFocused = false;
    await goto(`/runs/${unannounced}`);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expectState(page, /Finished/);
    expect(callsOf('Notification')).toHaveLength(before);
    desk.isFocused = true;
    await goto('/settings');
    await choice().check();
    await goto('/settings');
    await expect.poll(() => choice().isChecked(), patience).toBe(true);
  });

  it('stays at home: other pages, windows, frames and connections are refused', async () => {
    const before = page.url();
    const tried = await page.evaluate(async () => {
      const refused = new Promise<void>((resolve) => {
        const violations: string[] = [];
        document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
          violations.push(effectiveDirective);
          if (['frame-src', 'connect-src', 'script-src-elem'].every((one) => violations.includes(one))) resolve();
        });
      });
      const opened = window.open('https://example.com/help');
      window.open('file:///etc/passwd');
      window.location.href = 'https://example.com/elsewhere';
      const frame = document.createElement('iframe');
      frame.src = 'https://example.com/frame';
      document.body.append(frame);
      const fetched = await fetch('https://example.com/data').then(
        () => 'allowed',
        () => 'refused',
      );
      const script = document.createElement('script');
      script.textContent = 'window.wasHere = true';
      document.body.append(script);
      await refused;
      frame.remove();
      script.remove();
      return { fetched, wasHere: 'wasHere' in window, opened: opened !== null };
    });
    expect(tried).toEqual({ fetched: 'refused', wasHere: false, opened: false });
    await expect.poll(() => desk.refused, patience).toContain('https://example.com/elsewhere');
    expect(page.url()).toBe(before);
    // Links to the web are for the system's browser; nothing else is opened at all.
    await expect.poll(() => callsOf('openExternal'), patience).toEqual([['https://example.com/help']]);
    expect(page.context().pages()).toHaveLength(1);
    expect(desk.strangers).toEqual([]);
    await page.getByRole('heading', { level: 1 }).waitFor();
  });

  it('keeps what is being written when the program is quit, and asks nothing then', async () => {
    const name = page.getByRole('textbox', { name: /^Name/ });
    await goto('/experiments?data=tiny&group=corpus');
    await name.fill('half-written');
    await expect
      .poll(() => page.evaluate(() => localStorage.getItem('pretext-experiment-draft') ?? ''), patience)
      .toContain('half-written');
    // What ends with the window is gone, as after another start.
    await page.evaluate(() => {
      sessionStorage.clear();
    });
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.type());
      void dialog.accept();
    });
    await page.reload();
    await expect.poll(() => name.inputValue(), patience).toBe('half-written');
    expect(dialogs).toEqual([]);
  });

  it('opens another workspace in the same window', async () => {
    const other = join(workspace.folder, 'other');
    const loaded = page.waitForEvent('load');
    await openWorkspace(other);
    await loaded;
    await goto('/datasets');
    await page.getByRole('heading', { name: 'No data yet' }).waitFor();
    expect(callsOf('addRecentDocument')).toEqual([[workspace.workspace.folder], [other]]);
  });

  it('asks before it closes its window over what could not be kept, and lets go of it for another workspace', () => {
    const [window] = desk.windows;
    const leave = (): boolean => {
      let isLeft = false as boolean; // changed by whoever listens
      const preventDefault = (): void => {
        isLeft = true;
      };
      window?.webContents.emit('will-prevent-unload', { preventDefault });
      return isLeft;
    };
    expect(leave()).toBe(true);
    expect(callsOf('showMessageBoxSync')).toEqual([]);
    for (const [button, isLeft] of [
      ['Go back', false],
      ['Close the window', true],
    ] as const) {
      desk.pressed = button;
      window?.emit('close', { preventDefault: () => undefined });
      expect(leave()).toBe(isLeft);
    }
    expect(callsOf('showMessageBoxSync')).toHaveLength(2);
  });

  it('asks before it stops a run to open another workspace, and leaves it be', async () => {
    const loaded = page.waitForEvent('load');
    await openWorkspace(workspace.workspace.folder);
    await loaded;
    await goto(`/runs/${long}`);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expectState(page, /Running/);
    const opened = callsOf('addRecentDocument').length;
    desk.pressed = 'Keep training';
    await openWorkspace(join(workspace.folder, 'other'));
    expect(callsOf('showMessageBox')).toHaveLength(1);
    expect(callsOf('addRecentDocument')).toHaveLength(opened);
    const before = await stepOf(page);
    await expect.poll(() => stepOf(page), patience).toBeGreaterThan(before);
  });

  it('asks before it stops a run to close its window, once at a time and every time anew', async () => {
    const [window] = desk.windows;
    let answer: (button: string) => void = () => undefined;
    desk.pressed = new Promise((resolve) => {
      answer = resolve;
    });
    window?.close();
    window?.close(); // while it asks
    await vi.waitFor(() => {
      expect(callsOf('showMessageBox')).toHaveLength(2);
    }, patience);
    expect(callsOf('showMessageBox').at(-1)).toEqual([
      window,
      expect.objectContaining({
        message: 'tiny-long is training',
        detail: expect.stringContaining('stops with a checkpoint') as string,
        buttons: ['Stop and quit', 'Keep training'],
        defaultId: 1, // what a careless Enter does
        cancelId: 1,
      }),
    ]);
    answer('Keep training');
    const before = await stepOf(page);
    await expect.poll(() => stepOf(page), patience).toBeGreaterThan(before);
    expect(callsOf('showMessageBox')).toHaveLength(2);
    expect(desk.windows).toEqual([window]);
    expect(callsOf('quit')).toEqual([]);
  });

  it('meets no bug on the way', () => {
    expect(desk.problems).toEqual([]);
  });

  it('stops the run with a checkpoint and ends, when the person says so', async () => {
    desk.pressed = 'Stop and quit';
    desk.windows[0]?.close();
    await vi.waitFor(() => {
      expect(callsOf('quit')).toHaveLength(1);
    }, patience);
    expect(callsOf('showMessageBox')).toHaveLength(3);
    const folder = runFolder(join(workspace.workspace.runs, long));
    const events = await readEvents(folder);
    const stopped = events.at(-1);
    expect(stopped?.type).toBe('stopped');
    expect(await readdir(folder.checkpoints)).toContain(`step-${stopped?.step ?? ''}`);
  });
});
