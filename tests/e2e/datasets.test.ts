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

  it('are labelled one after the other by the keyboard alone, those first that the classifier is least sure of', async () => {
    await lab.goto('/datasets/dataset/animals');
    await page.getByRole('tab', { name: 'Label', exact: true }).click();
    await page.getByRole('combobox', { name: 'Examples' }).selectOption('5');
    await button('Find them').click();
    const card = (place: number) => page.getByRole('region', { name: new RegExp(`^Example \\d+, ${place} of 5$`) });
    await card(1).waitFor();
    await lab.expectAccessible();
    await page.keyboard.press('Enter'); // the card has the focus: it stays what it is
    await card(2).waitFor();
    await page.keyboard.press('s');
    await card(3).waitFor();
    await page.keyboard.press('n');
    await page.getByRole('combobox', { name: 'Class by its name' }).fill('undecided');
    await page.keyboard.press('Enter');
    await card(4).waitFor();
    await page.getByRole('button', { name: 'undecided' }).waitFor();
    await page.keyboard.press('3'); // the new class has a digit at once
    await card(5).waitFor();
    await page.keyboard.press('3');
    await page.getByText('4 examples labelled, 1 passed over.').waitFor();
    await button('Undo the last one').click();
    await card(5).waitFor();
    await page.keyboard.press('1');
    await page.getByText('4 examples labelled, 1 passed over.').waitFor();
    // Stored: another window sees it.
    const client = page.getByRole('listitem').filter({ hasText: /content/ });
    await page.getByRole('tab', { name: 'Edit classes' }).click();
    await expect.poll(() => client.count(), patience).toBe(4);
    await page.getByRole('checkbox', { name: /^undecided 2$/ }).waitFor();
    await page.getByRole('tab', { name: 'Label', exact: true }).click();
    await page.getByRole('combobox', { name: 'From' }).selectOption({ label: 'undecided (2)' });
    await button('Find them').click();
    await page
      .getByRole('tabpanel')
      .getByText(/has been labelled by hand or passed over/)
      .waitFor();
  });

  it('are labelled where a link leads to them', async () => {
    await lab.goto('/datasets/dataset/animals?label=0,2');
    const card = page.getByRole('region', { name: 'Example 3, 2 of 2' });
    await page.getByRole('region', { name: 'Example 1, 1 of 2' }).press('s');
    await card.waitFor();
    await card.press('z');
    await page.getByRole('region', { name: 'Example 1, 1 of 2' }).waitFor();
  });

  it('lead from an error of a run to its example and a new label, and back, also after an edit', async () => {
    await lab.goto(`/runs/${classifier}/results`);
    const table = page.getByRole('region', { name: 'Predictions' });
    await table.waitFor();
    await page.getByRole('checkbox', { name: 'errors only' }).uncheck();
    const losses = async (): Promise<number[]> =>
      (await table.locator('tbody td:nth-child(4)').allInnerTexts()).map((text) => Number(text));
    await expect.poll(async () => (await losses()).length, patience).toBe(25);
    expect(await losses()).toEqual((await losses()).toSorted((a, b) => b - a));
    await lab.expectAccessible();
    const isAscending = async (): Promise<boolean> => {
      const found = await losses();
      return found.every((loss, index) => index === 0 || loss >= found[index - 1]!);
    };
    await page.getByRole('button', { name: 'Loss' }).click();
    await expect.poll(isAscending, patience).toBe(true);
    await page.getByRole('button', { name: 'Loss' }).click();
    await expect.poll(isAscending, patience).toBe(false);
    const first = table.locator('tbody tr').first();
    const text = await first.locator('.text').innerText();
    await first.getByRole('link').click();
    const card = page.getByRole('region', { name: /^Example \d+, 1 of 1$/ });
    await card.getByText(text).waitFor();
    await card.press('n');
    await page.getByRole('combobox', { name: 'Class by its name' }).fill('odd');
    await page.keyboard.press('Enter');
    await page.getByText('1 example labelled, 0 passed over.').waitFor();
    await lab.goto(`/runs/${classifier}/results`);
    await page.getByRole('checkbox', { name: 'errors only' }).uncheck();
    await table.locator('tbody tr').filter({ hasText: text }).getByRole('link', { name: /^odd/ }).waitFor();
    await page.getByRole('button', { name: /^\d+ examples? of animal predicted as animal/ }).click();
    await page.getByRole('heading', { name: 'animal predicted as animal' }).waitFor();
    await table.waitFor();
  });

  it('have an address for each view, which is there again when the page is loaded anew', async () => {
    await lab.goto('/datasets/dataset/animals');
    const tab = (name: string) => page.getByRole('tab', { name });
    await tab('Lengths').click();
    await expect.poll(() => page.url(), patience).toContain('#/datasets/dataset/animals/lengths');
    await page.reload();
    await expect.poll(() => tab('Lengths').getAttribute('aria-selected'), patience).toBe('true');
    await lab.goto('/datasets/dataset/animals/nothing-of-the-kind');
    await expect.poll(() => tab('Browse').getAttribute('aria-selected'), patience).toBe('true');
  });

  it('meet no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
