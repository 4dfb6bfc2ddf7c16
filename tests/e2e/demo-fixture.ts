// Demo pages for tests: trained, written, opened from the disk with the network cut, and what they show.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { exportRun } from '../../src/main/runs/export/index.ts';
import { openPredictor } from '../../src/main/runs/predict.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import type { PredictionAnswer, PredictionQuery } from '../../src/main/tasks/index.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { formatNumber, formatPercent } from '../../src/shared/display.ts';
import { violationsOf } from './accessibility.ts';
import { patience } from './harness.ts';

export const demoTraining = 'training: {steps: 4, batchSize: 4, learningRate: 1e-2}';

export async function trainDemo(workspace: Workspace, text: string): Promise<RunFolder> {
  const run = await createRun(workspace, parseExperiment(parseSpecText(text, 'demo.yaml')));
  await trainRun(workspace, run, { signal: new AbortController().signal, prefetch: false });
  return run;
}

/** The page of a run, from the disk and without a network; whatever it asks for or complains of is a failure. */
export async function openDemo(browser: Browser, workspace: Workspace, run: RunFolder, name: string): Promise<Page> {
  const { folder } = await exportRun(workspace, run, { folder: join(workspace.folder, name), format: 'demo' });
  return openDemoIn(browser, folder);
}

/** The page that an export has written into a folder. */
export async function openDemoIn(browser: Browser, folder: string): Promise<Page> {
  const context = await browser.newContext({ offline: true, viewport: { width: 900, height: 800 } });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => {
    if (!/^(?:file|blob|data):/u.test(request.url())) problems.push(request.url());
  });
  await page.goto(pathToFileURL(join(folder, 'demo.html')).href);
  await page.getByRole('button', { name: 'Ask', exact: true }).waitFor(patience);
  expect(problems).toEqual([]);
  expect(await page.evaluate(() => document.body.dataset.backend)).toBe('wasm');
  return page;
}

export async function expectAccessible(page: Page): Promise<void> {
  for (const theme of ['light', 'dark']) {
    await page.getByLabel('Colours').selectOption(theme);
    expect(await violationsOf(page), theme).toEqual([]);
  }
}

/** The tables of a page, as rows of text. */
export async function shownAnswers(page: Page): Promise<string[][]> {
  await page.locator('.answers table').first().waitFor(patience);
  const rows = await page.locator('.answers tbody tr').all();
  return Promise.all(
    rows.map(async (row) => [
      (await row.locator('th').textContent()) ?? '',
      (await row.locator('.number').textContent()) ?? '',
    ]),
  );
}

export async function asked(run: RunFolder, query: PredictionQuery): Promise<readonly PredictionAnswer[]> {
  await using predictor = await openPredictor(run);
  return await predictor.ask(query); // before it is closed
}

/** What a page without a table answers. */
export async function shownText(page: Page): Promise<string> {
  const answer = page.locator('.answers p').first();
  await answer.waitFor(patience);
  return ((await answer.textContent()) ?? '').trim();
}

/** A number as the page writes it. */
export const numberOf = (answers: readonly PredictionAnswer[]): string =>
  answers.map(({ question, value }) => `${question}: ${formatNumber(value ?? Number.NaN)}`).join();

/** Labels that do not exclude each other, those that are chosen with a mark. */
export const labelsOf = (answers: readonly PredictionAnswer[]): string[][] =>
  answers.flatMap(({ choices }) =>
    choices.map(({ label, probability, isChosen }) => [isChosen ? `${label} ✓` : label, formatPercent(probability)]),
  );

export const rowsOf = (answers: readonly PredictionAnswer[]): string[][] =>
  answers.flatMap(({ choices }) =>
    choices.map(({ label, probability, continuation }) => [continuation ?? label, formatPercent(probability)]),
  );
