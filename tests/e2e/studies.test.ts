// A study on its page: what it says with one seed, seeds that are added with its button until it says more, and its report as a file.
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { runStudy } from '../../src/main/runs/study.ts';
import { animalsExperiment, createStudyWorkspace } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

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

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  const source = parseSpecText(spec, 'gains.yaml');
  await runStudy(tiny.workspace, parseStudy(source), source, { signal: new AbortController().signal, prefetch: false });
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

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
