/**
 * A real lab in a real browser: `pretext serve` as a process of its own on a workspace in a temporary folder, and Chromium on
 * the pages of the sources as they are. Whatever a page says on its console, or the server on stderr, that is not expected is
 * a problem that the tests report.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { beforeEach, expect, inject } from 'vitest';
import { chromiumArguments } from '../../scripts/chromium.ts';
import { whenEnded } from '../../scripts/processes.ts';
import { violationsOf } from './accessibility.ts';

/** How long anything may take on a machine that does other things as well. */
export const patience = { timeout: 180_000 };

export interface LabProcess {
  /** With the token. */
  readonly address: string;
  readonly origin: string;
  /** What it said on stderr, line by line. */
  readonly said: readonly string[];
  /** As a person ends it. */
  stop(): Promise<void>;
  /** With its trainers and workers and without a warning, as a power failure would. */
  kill(): Promise<void>;
}

/** Starts `pretext serve`; resolves when it has said its address. */
export async function serve(workspace: string, port = 0): Promise<LabProcess> {
  const command = fileURLToPath(new URL('../../src/main/cli.ts', import.meta.url));
  const pages = join(inject('built'), 'renderer');
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...[command, '--workspace', workspace, '--json', 'serve', '--port', String(port), '--pages', pages],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32', // a group of its own, with all processes that it starts
      env: { ...process.env, PRETEXT_SETTINGS: join(workspace, '..', 'settings') },
    },
  );
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (printed.includes('}')) break;
  }
  if (!printed.includes('}')) throw new Error(`'pretext serve' did not start: ${said.join('\n')}`);
  const { address } = JSON.parse(printed) as { address: string };
  return {
    address,
    origin: new URL(address).origin,
    said,
    stop: () => ended(child, () => child.kill('SIGTERM')),
    kill: () => ended(child, () => process.kill(-(child.pid ?? 0), 'SIGKILL')),
  };
}

/** With its workers, which write into the workspace that a test removes next. */
async function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'exit');
    end();
    await closed;
  }
  await whenEnded(({ group }) => group === child.pid);
}

/** Started once for a file of tests. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: inject('chromium'), args: [...chromiumArguments] });
}

export interface LabWindow {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts and of the console. */
  readonly problems: readonly string[];
  /** Goes to a page of the lab by its address behind the `#`. */
  goto(path: string): Promise<void>;
  /** Fails with every rule that the page breaks, in both themes. */
  expectAccessible(): Promise<void>;
}

export interface WindowOptions {
  /** Messages of the console that a test provokes. */
  readonly expected?: RegExp;
}

/** A window that shares nothing with others. */
export async function openWindow(browser: Browser, address: string, options: WindowOptions = {}): Promise<LabWindow> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(patience.timeout);
  return followPage(await context.newPage(), address, options);
}

/** One more window of the same person. */
export async function openAnother({ context }: LabWindow, address: string): Promise<LabWindow> {
  return followPage(await context.newPage(), address, {});
}

async function followPage(page: Page, address: string, { expected }: WindowOptions): Promise<LabWindow> {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && expected?.test(message.text()) !== true) problems.push(message.text());
  });
  await page.goto(address);
  await page.getByRole('heading', { level: 1 }).waitFor(); // the lab's first page stands
  const { origin } = new URL(address);
  return {
    page,
    context: page.context(),
    problems,
    async goto(path) {
      await open(page, `${origin}/#${path}`);
      // What a link asks for is on its way; until it is there, the page shows what was written before.
      if (path.startsWith('/experiments?')) await page.waitForURL(/#\/experiments$/);
    },
    expectAccessible: () => expectAccessible(page),
  };
}

/** Loads a page of the lab anew, and waits until it has a title: a change of what stands behind the `#` loads nothing. */
export async function open(page: Page, address: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(address);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
}

/** What axe finds out about colours; everything else is the same in both themes. */
const rulesOfColour = ['color-contrast', 'link-in-text-block'];

export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const found = await violationsOf(page, colorScheme === 'light' ? {} : { rules: rulesOfColour });
    expect(found, `${colorScheme}, ${page.url()}`).toEqual([]);
  }
}

/** Says what a page showed when a test on it failed. */
export function showPageOfFailure(page: () => Page): void {
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      const seen = await page().locator('body').ariaSnapshot();
      process.stderr.write(`${page().url()} showed\n${seen.slice(0, 6000)}\n`);
    });
  });
}

/** The badge that says how a run stands. */
export async function expectState(page: Page, words: RegExp): Promise<void> {
  const badge = page.locator('main').getByRole('status').first();
  await expect.poll(() => badge.innerText(), patience).toMatch(words);
}

/** The step that the progress bar of a run tells. */
export async function stepOf(page: Page): Promise<number> {
  const words = await page.getByRole('progressbar').first().getAttribute('aria-valuetext');
  return Number(/Step ([\d\s]+)/.exec(words ?? '')?.[1]?.replaceAll(/\s/g, '') ?? 0);
}

/** What a button with three dots offers. */
export async function chooseInMenu(page: Page, menu: string, entry: string): Promise<void> {
  await page.getByRole('button', { name: menu }).click();
  await page.getByRole('menuitem', { name: entry, exact: true }).click();
}

/** Drops a file or a folder on a page, as the system hands a drag over to Chromium. */
export async function dropOn(page: Page, path: string): Promise<void> {
  const system = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await system.send('Input.dispatchDragEvent', { type, x: 640, y: 400, data });
  }
}
