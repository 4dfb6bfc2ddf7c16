// Labelled texts as they come and as they are corrected: a table whose quotes are characters, classes that are renamed and merged,
// examples that get another class by the keyboard alone; and what a trained classifier says of how sure it is.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { animalsExperiment, createStudyWorkspace } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

const rows = [
  ['"Never again', 'bad'],
  ['said she"', 'bad'],
  ['A "fine" day', 'good'],
  ['What a day', 'good'],
  ['Not so fine', 'Bad'],
  ['Quite so', 'good'],
];

describe('labelled texts', () => {
  let tiny: TinyWorkspace;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  let page: Page;
  let classifier: string;

  beforeAll(async () => {
    tiny = await createStudyWorkspace();
    const table = rows.map((row) => row.join('\t')).join('\n');
    await writeFile(join(tiny.folder, 'opinions.tsv'), `text\tlabel\n${table}\n`);
    const spec = parseExperiment(
      parseSpecText(`${animalsExperiment}\n  name: animals-or-not\n  from: {run: tiny-words}`, 'animals.yaml'),
    );
    const run = await createRun(tiny.workspace, spec);
    await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
    classifier = run.id;
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

  showPageOfFailure(() => page);

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const picker = (example: number) => page.getByRole('combobox', { name: `Class of example ${example}`, exact: true });

  it('are read with quotes as characters, which the page says and lets one change', async () => {
    await lab.goto('/datasets/import');
    await page.getByLabel('or a path on the lab’s machine').fill(join(tiny.folder, 'opinions.tsv'));
    await button('Look at it').click();
    const quotes = page.getByRole('combobox', { name: 'Quotes' });
    await quotes.waitFor();
    expect(await quotes.inputValue()).toBe('none');
    const whole = page.getByRole('cell', { name: '"Never again', exact: true });
    await whole.waitFor();
    await quotes.selectOption('double');
    await page.getByText('its quote is closed 1 line later').waitFor();
    expect(await whole.count()).toBe(0);
    await quotes.selectOption('none');
    await whole.waitFor();
    await lab.expectAccessible();
    await button('Import').click();
    await page.getByRole('heading', { level: 1, name: 'opinions' }).waitFor(patience);
    await page.getByText('said she"').waitFor();
  });

  it('get another class, or a new one, by the keyboard alone, and have it taken back', async () => {
    await button('Relabel').click();
    await picker(4).focus();
    await page.keyboard.press('n');
    await page.getByRole('textbox', { name: 'New class of example 4' }).fill('undecided');
    await page.keyboard.press('Enter');
    await expect.poll(() => picker(4).inputValue(), patience).toBe('undecided');
    await lab.expectAccessible();
    await picker(3).focus();
    await page.keyboard.press('j');
    await page.keyboard.press('z');
    await expect.poll(() => picker(4).inputValue(), patience).toBe('good');
  });

  it('have classes that are merged and renamed, with a log of what was changed', async () => {
    await page.getByRole('tab', { name: 'Edit classes' }).click();
    const choose = (name: string) => page.getByRole('checkbox', { name: new RegExp(`^${name} `) }).check();
    await choose('bad');
    await choose('Bad');
    await button('Merge').click();
    await expect.poll(() => page.getByRole('checkbox').count(), patience).toBe(2);
    await choose('good');
    await page.getByRole('combobox', { name: 'Name' }).fill('kind');
    await button('Rename').click();
    await page.getByRole('checkbox', { name: /^kind/ }).waitFor();
    await expect
      .poll(
        () =>
          page
            .getByRole('listitem')
            .filter({ hasText: /content/ })
            .count(),
        patience,
      )
      .toBe(2);
    await lab.expectAccessible();
    await button('Undo the last change').click();
    await page.getByRole('checkbox', { name: /^good/ }).waitFor();
  });

  it('train a classifier whose page says how it ranks, how sure it is, and what a threshold does', async () => {
    await lab.goto(`/runs/${classifier}/results`);
    const panel = page.locator('section').filter({ hasText: 'Ranking and calibration' }).last();
    await panel.waitFor();
    await panel
      .getByText(/ROC, area/)
      .first()
      .waitFor();
    await lab.expectAccessible();
  });
});
