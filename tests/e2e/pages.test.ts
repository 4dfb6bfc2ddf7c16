// Every page of the router's table, with data and without, in both themes: no rule of axe is broken. A page that is added and not
// named here fails.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pages } from '../../src/renderer/src/app/pages.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

describe('every page', () => {
  let workspace: TinyWorkspace;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  let run = '';

  beforeAll(async () => {
    workspace = await createTinyWorkspace();
    run = (await createRun(workspace.workspace, tinyExperiment())).id;
    served = await serve(workspace.workspace.folder);
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address);
  });

  afterAll(async () => {
    await browser.close();
    await served.stop();
    await workspace.remove();
  });

  showPageOfFailure(() => lab.page);

  /** A page's address with what it is about. */
  const parameters = (): Readonly<Record<string, string>> => ({
    ':group(corpus|dataset)': 'corpus',
    ':name': 'tiny',
    ':id': run,
    ':part?': '',
    ':run?': '',
    ':study': 'none',
    ':sweep': 'none',
    ':model': 'bert',
  });

  it.each(pages.map(({ name, path }) => [name, path] as const))('%s is accessible', async (_name, path) => {
    const address = path
      .split('/')
      .map((part) => (part.startsWith(':') ? (parameters()[part] ?? `no value for ${part}`) : part))
      .join('/');
    expect(address).not.toContain('no value');
    await lab.goto(address);
    await lab.page.getByRole('heading', { level: 1 }).waitFor();
    await lab.page.waitForLoadState('networkidle');
    await lab.expectAccessible();
    const wide = await lab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wide).toBeLessThanOrEqual(0); // nothing has to be scrolled sideways
  });

  it('the palette of commands, the list of shortcuts and the messages are accessible', async () => {
    const { page } = lab;
    for (const [keys, name] of [
      ['Control+k', /command/i],
      ['?', /shortcut/i],
    ] as const) {
      await page.locator('main').focus();
      await page.keyboard.press(keys);
      await page.getByRole('dialog', { name }).waitFor();
      await lab.expectAccessible();
      const listed = await page.getByRole('dialog').locator('dd').allTextContents();
      expect(listed.filter((one, index) => listed.indexOf(one) !== index)).toEqual([]); // one would hide the other
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
    }
    await page.getByRole('button', { name: 'Messages' }).click();
    await page.getByRole('dialog').waitFor();
    await lab.expectAccessible();
    await page.keyboard.press('Escape');
  });

  it('the palette finds runs, data and pipelines by name from any page, with the keyboard', async () => {
    const { page } = lab;
    for (const [words, option, address, heading] of [
      ['tiny words', run, `/runs/${run}`, run],
      ['unlabelled tin', 'tiny', '/datasets/corpus/tiny', 'tiny'],
      ['bert mini', 'BERT mini', '/pipelines', 'Pipeline'],
    ] as const) {
      await lab.goto('/settings');
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog', { name: 'Commands' }).waitFor();
      await page.keyboard.type(words);
      await page.getByRole('option', { name: option, exact: true }).waitFor();
      await page.locator('[role="option"][data-highlighted]', { hasText: option }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await expect.poll(() => page.url(), patience).toContain(`#${address}`);
    }
    await page.getByRole('button', { name: /^encoder/ }).waitFor(); // the preset is open
    await expect.poll(() => page.url(), patience).not.toContain('?'); // and opening it again is no change of the address
  });

  it('a page that is not there says so', async () => {
    await lab.goto('/no-such-page');
    await lab.page.getByRole('heading', { level: 1 }).waitFor();
    await lab.expectAccessible();
    await lab.goto('/runs/no-such-run');
    await expect.poll(() => lab.page.getByRole('heading', { level: 1 }).innerText(), patience).toMatch(/no such run/i);
    await lab.expectAccessible();
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
