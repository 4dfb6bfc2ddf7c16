/**
 * A real lab in a real browser: the built pages, `pretext serve`'s server on a workspace in a temporary folder, and Chromium.
 * Colours and contrast are checked by axe on whatever page is open.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { expect } from 'vitest';
import config from '../../electron.vite.config.ts';
import type { ServedLab } from '../../src/main/hosts/server/serve.ts';
import { serveLab } from '../../src/main/hosts/server/serve.ts';

const browsers = [
  process.env.PRETEXT_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Undefined where there is no Chromium: tests say so and are left out. */
export const chromiumFile = browsers.find((file): file is string => file !== undefined && existsSync(file));

export interface OpenedLab {
  readonly served: ServedLab;
  readonly page: Page;
  /** What the console said that it should not have, with errors of scripts. */
  readonly problems: readonly string[];
  /** Goes to a page by its address behind the `#`. */
  goto(path: string): Promise<void>;
  /** Fails with every rule that the page breaks, in both themes. */
  expectAccessible(): Promise<void>;
  close(): Promise<void>;
}

export async function openLabInBrowser(workspace: string): Promise<OpenedLab> {
  if (chromiumFile === undefined) throw new Error('There is no Chromium: install it, or name it in PRETEXT_CHROMIUM');
  const pages = await buildPages();
  const bugs: string[] = [];
  const served = await serveLab({
    workspace,
    pages,
    port: 0,
    onBug: (method, error) => bugs.push(`${method}: ${String(error)}`),
  });
  const browser: Browser = await chromium.launch({
    executablePath: chromiumFile,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on('pageerror', (error) => bugs.push(error.stack ?? error.message));
  page.on('console', (message) => {
    // Chromium knows no IPv6 sources in a policy, leaves them out and says so.
    const isNote = message.text().includes('connect-src') && message.text().includes('[::1]');
    if (message.type() === 'error' && !isNote) bugs.push(message.text());
  });
  await page.goto(served.server.address);
  return {
    served,
    page,
    problems: bugs,
    async goto(path) {
      await page.goto(`${served.server.origin}/#${path}`);
    },
    async expectAccessible() {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const { violations } = await new AxeBuilder({ page }).analyze();
        const found = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
        );
        expect(found, `${colorScheme}, ${page.url()}`).toEqual([]);
      }
    },
    async close() {
      await browser.close();
      await served.close();
      await rm(pages, { recursive: true, force: true });
    },
  };
}

/** As `npm run build` builds them, into a folder of their own: a test never sees pages of an earlier build. */
async function buildPages(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), 'pretext-pages-'));
  const { renderer } = config as { readonly renderer: Parameters<typeof build>[0] }; // written by us, as an object
  await build({
    ...renderer,
    configFile: false,
    logLevel: 'error',
    build: { ...renderer?.build, outDir, emptyOutDir: true },
  });
  return outDir;
}
