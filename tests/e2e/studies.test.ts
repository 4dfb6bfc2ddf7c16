// A study on its page: what it says with one seed, seeds that are added with its button until it says more, and its report as a file.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { runStudy } from '../../src/main/runs/study.ts';
import { animalsExperiment, animalsStudy, createStudyWorkspace } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { chooseInMenu, launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

const spec = `
name: gains
notes: Does pretraining help?
experiment:${animalsExperiment}
arms:
  - {name: pretrained, settings: {from.run: tiny-words}}
  - {name: scratch, settings: {tokenizer.run: tiny-words}}
seeds: [1]
`;

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let page: Page;
const card = (name: string) => page.getByRole('main').getByRole('link', { name: new RegExp(`^${name}`) });

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  for (const text of [spec, animalsStudy('budgets', [1, 2, 3])]) {
    const source = parseSpecText(text, 'study.yaml');
    await runStudy(tiny.workspace, parseStudy(source), source, {
      ...{ signal: new AbortController().signal, prefetch: false },
    });
  }
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
  ({ page } = lab);
});

afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

/** A number with its sign, or that there is none to be told, and beside it the interval. */
const withInterval = /(?:inconclusive|[+−]0\.\d+|0\.000)[\s\S]*95 % CI/u;

describe('a study', () => {
  showPageOfFailure(() => page);

  it('claims nothing with one seed, and adds seeds until there is an interval', async () => {
    await lab.goto('/studies/of/gains');
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByRole('heading', { name: /^One seed/ }).waitFor();
    await verdict.getByText('one seed', { exact: true }).waitFor();
    await page.getByRole('button', { name: /^Add \d+ seeds?$/ }).click();
    await expect.poll(() => verdict.innerText(), patience).toMatch(withInterval);
    await page.getByRole('progressbar', { name: 'Progress of the study' }).waitFor({ state: 'detached' });
    await expect.poll(() => verdict.getByRole('heading', { name: /^One seed/ }).count(), patience).toBe(0);
    await lab.expectAccessible();
  });

  it('shows a gain with its interval on the list of studies and beside the run that was pretrained', async () => {
    await lab.goto('/studies');
    await expect
      .poll(() => page.getByRole('link', { name: /gains/ }).first().innerText(), patience)
      .toMatch(withInterval);
  });

  it('is saved as one file with notes, charts and tables', async () => {
    await lab.goto('/studies/of/gains');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Report' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('gains-report.html');
    const html = await readFile(await file.path(), 'utf8');
    expect(html).toContain('Does pretraining help?');
    expect(html.match(/<figure>/gu)).toHaveLength(2);
  });

  it('compares its arms in pairs, and calls a difference inconclusive that may be chance', async () => {
    await lab.goto('/studies/of/gains');
    await page.getByRole('link', { name: 'Compare its runs' }).click();
    await page.getByRole('tab', { name: 'Paired difference' }).click();
    const headline = page.locator('.headline');
    await expect.poll(() => headline.innerText(), patience).toMatch(withInterval);
    await lab.expectAccessible();
  });

  it('is compared within its label budgets: a seed counts once, and a pair has one budget', async () => {
    await lab.goto('/studies/of/budgets');
    await page.getByRole('link', { name: 'Compare its runs' }).click();
    await page.getByRole('tab', { name: 'Paired difference' }).click();
    await page.locator('.headline').getByText('from 3 pairs').waitFor();
    const rows = page.getByRole('table', { name: 'Pairs' }).locator('tbody tr');
    await expect.poll(() => rows.count(), patience).toBe(6);
    for (const row of await rows.all()) {
      const links = await row.getByRole('link').evaluateAll((found) => found.map((one) => one.getAttribute('href')));
      const [first, second] = links.map((link) =>
        /budgets\.(?<budget>\d+-labels)\.(?<arm>[a-z]+)\.\d/u.exec(link ?? ''),
      );
      expect(first?.groups?.budget).toBeDefined();
      expect(first?.groups?.budget).toBe(second?.groups?.budget);
      expect(first?.groups?.arm).not.toBe(second?.groups?.arm);
    }
  });

  it('shows the budget, the arm and the seed of its runs as fields, whatever room there is', async () => {
    await page.setViewportSize({ width: 900, height: 900 });
    await lab.goto('/runs');
    await page.getByRole('searchbox').fill('budgets.10-labels');
    const names = page.locator('tbody .run-name');
    await expect.poll(() => names.count(), patience).toBe(6);
    const fields = await names.evaluateAll((found) =>
      found.map((one) =>
        [...one.querySelectorAll('.field')].map((field) => ({
          text: field.textContent,
          isWhole: field.scrollWidth <= field.clientWidth,
        })),
      ),
    );
    for (const [budget, arm, seed] of fields) {
      expect(budget?.text).toBe('10 labels');
      expect(['pretrained', 'scratch']).toContain(arm?.text);
      expect(seed?.text).toMatch(/^seed [123]$/u);
      expect([budget?.isWhole, arm?.isWhole, seed?.isWhole]).toEqual([true, true, true]);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('is in the lineage, on its page and small on the page of the run that was pretrained', async () => {
    await lab.goto('/lineage');
    const group = page.getByRole('link', { name: /^Runs gains: pretrained .*used by gains/u });
    await group.focus();
    await page.keyboard.press('ArrowRight');
    const study = page.getByRole('link', { name: /^Study gains study ?; from gains: (pretrained|from scratch)/u });
    await expect.poll(() => study.evaluate((element) => element === document.activeElement), patience).toBe(true);
    await lab.expectAccessible();
    await page.getByRole('link', { name: /^Runs tiny-words/u }).click();
    await page.getByText(/^Lineage tiny → this run → /u).click();
    await page.getByRole('link', { name: /^Study budgets/u }).waitFor();
    await lab.expectAccessible();
    await page.getByRole('link', { name: /^Study budgets/u }).click();
    await page.getByRole('heading', { level: 1, name: 'budgets' }).waitFor();
  });

  it('is deleted from its page without its runs, and brought back', async () => {
    await lab.goto('/studies/of/gains');
    await chooseInMenu(page, 'More for this study', 'Delete …');
    const dialog = page.getByRole('dialog', { name: 'Delete gains?' });
    await dialog.getByRole('group', { name: /^Its \d+ runs$/ }).waitFor();
    await lab.expectAccessible();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { level: 1, name: 'Transfer gain' }).waitFor();
    await expect.poll(() => card('gains').count(), patience).toBe(0);
    await page.getByRole('button', { name: 'Undo' }).click();
    await card('gains').waitFor();
  });

  it('is deleted with its runs', async () => {
    await card('budgets').click();
    await page.getByRole('heading', { level: 1, name: 'budgets' }).waitFor();
    await chooseInMenu(page, 'More for this study', 'Delete …');
    const dialog = page.getByRole('dialog', { name: 'Delete budgets?' });
    await dialog.getByRole('radio', { name: /^Delete them, too/ }).check();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('budgets and 12 runs of it were deleted').first().waitFor();
    await lab.goto('/runs');
    await page.getByRole('searchbox').fill('budgets.');
    await page.getByText('No matching runs').waitFor();
  });

  it('that is damaged stays in the list, with what is wrong and a way to be rid of it', async () => {
    const file = join(tiny.workspace.folder, 'studies', 'broken.spec.json');
    await writeFile(file, '{"name": "broken", "arms": [');
    await lab.goto('/studies');
    await page.getByText(`${file} is damaged`).waitFor();
    await lab.expectAccessible();
    await lab.goto('/studies/of/broken');
    await page.getByRole('heading', { level: 1, name: 'This study cannot be read' }).waitFor();
    await lab.goto('/studies');
    await page.getByRole('button', { name: 'Delete broken' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('broken was deleted').first().waitFor();
    await expect.poll(() => page.getByText(`${file} is damaged`).count(), patience).toBe(0);
    await card('gains').waitFor();
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
