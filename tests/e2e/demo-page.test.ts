// Demo pages: opened as a file, with the network cut, they answer what `pretext predict` answers, and break no rule of axe.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readQueryImage } from '../../src/main/runs/query-image.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { exportRun } from '../../src/main/runs/export/index.ts';
import { openPredictor } from '../../src/main/runs/predict.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import type { PredictionAnswer, PredictionQuery } from '../../src/main/tasks/index.ts';
import { formatPercent } from '../../src/shared/display.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import type { TinyImageWorkspace } from '../tiny-images.ts';
import { createTinyImageWorkspace } from '../tiny-images.ts';
import { picturePixels } from '../unit/data-images-fixtures.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinySpec } from '../tiny-workspace.ts';
import { launchBrowser, patience } from './harness.ts';

let texts: TinyWorkspace;
let images: TinyImageWorkspace;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  texts = await createTinyWorkspace();
  images = await createTinyImageWorkspace();
  browser = await launchBrowser();
});
afterEach(async () => {
  await context.close();
});
afterAll(async () => {
  await browser.close();
  await texts.remove();
  await images.remove();
});

const training = 'training: {steps: 4, batchSize: 4, learningRate: 1e-2}';

async function train(workspace: Workspace, text: string): Promise<RunFolder> {
  const run = await createRun(workspace, parseExperiment(parseSpecText(text, 'demo.yaml')));
  await trainRun(workspace, run, { signal: new AbortController().signal, prefetch: false });
  return run;
}

/** The page of a run, from the disk and without a network; whatever it asks for or complains of is a failure. */
async function openDemo(workspace: Workspace, run: RunFolder, name: string): Promise<Page> {
  const { folder } = await exportRun(workspace, run, { folder: join(workspace.folder, name), format: 'demo' });
  context = await browser.newContext({ offline: true, viewport: { width: 900, height: 800 } });
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

async function expectAccessible(page: Page): Promise<void> {
  for (const theme of ['light', 'dark']) {
    await page.getByLabel('Colours').selectOption(theme);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`)).toEqual([]);
  }
}

/** The tables of a page, as rows of text. */
async function shownAnswers(page: Page): Promise<string[][]> {
  await page.locator('.answers table').first().waitFor(patience);
  const rows = await page.locator('.answers tbody tr').all();
  return Promise.all(
    rows.map(async (row) => [
      (await row.locator('th').textContent()) ?? '',
      (await row.locator('.number').textContent()) ?? '',
    ]),
  );
}

async function asked(run: RunFolder, query: PredictionQuery): Promise<readonly PredictionAnswer[]> {
  await using predictor = await openPredictor(run);
  return await predictor.ask(query); // before it is closed
}

const rowsOf = (answers: readonly PredictionAnswer[]): string[][] =>
  answers.flatMap(({ choices }) =>
    choices.map(({ label, probability, continuation }) => [continuation ?? label, formatPercent(probability)]),
  );

describe('a demo page', () => {
  it('fills in masks, by keyboard alone', async () => {
    const run = await train(texts.workspace, tinySpec(training));
    const page = await openDemo(texts.workspace, run, 'words');
    const text = 'the cat [MASK] the house and [MASK] .';
    await page.getByRole('textbox').first().fill(text);
    const ask = page.getByRole('button', { name: 'Ask', exact: true });
    await ask.focus();
    await page.keyboard.press('Enter');
    expect(await shownAnswers(page)).toEqual(rowsOf(await asked(run, { text, top: 5 })));
    await expectAccessible(page);
    await page.getByRole('textbox').first().fill('no gap in it');
    await ask.click();
    await page.getByText('the text has no [MASK]').waitFor(patience);
    await expectAccessible(page);
  });

  it('says the next word and continues a text', async () => {
    const spec = `{name: next, task: {type: next-word, length: 12, validationFraction: 0.2, testFraction: 0.2}, data: tiny, pipeline: {preset: modern-tiny-causal, options: {hiddenSize: 16, heads: 2}}, ${training.replace('steps: 4', 'steps: 30')}}`;
    const run = await train(texts.workspace, spec);
    const page = await openDemo(texts.workspace, run, 'next');
    await page.getByRole('textbox').first().fill('the cat sees');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    expect(await shownAnswers(page)).toEqual(rowsOf(await asked(run, { text: 'the cat sees', top: 5 })));
    const continued = async (): Promise<string | null> => {
      await page.getByRole('button', { name: 'Continue the text' }).click(); // again, where the model drew the end at once
      return page.locator('.continued').textContent();
    };
    await expect.poll(continued, { ...patience, interval: 500 }).toMatch(/^the cat sees .+/u);
  });

  it('sorts pictures and asks where patches lie', async () => {
    const side = 24;
    const file = join(images.folder, 'picture.png');
    const raw = { width: side, height: side, channels: 3 } as const;
    await writeFile(
      file,
      await sharp(picturePixels(3, side, side), { raw })
        .png()
        .toBuffer(),
    );
    const specs = [
      `{name: sort, task: {type: image-classification}, data: colours, pipeline: {preset: resnet-mini, options: {width: 8}}, ${training}}`,
      `{name: places, task: {type: patch-position, patchSize: 5, gap: 1, jitter: 0, evaluationPairs: 16}, data: pictures, pipeline: {preset: patch-cnn, options: {}}, ${training}}`,
    ];
    for (const [number, spec] of specs.entries()) {
      const run = await train(images.workspace, spec);
      const page = await openDemo(images.workspace, run, `pictures-${String(number)}`);
      await page.getByLabel('Picture').setInputFiles(file);
      await using predictor = await openPredictor(run);
      const image = await readQueryImage(file, predictor.facts.images!); // networks of images have them
      expect(await shownAnswers(page)).toEqual(rowsOf(await predictor.ask({ image, top: 5 })));
      if (number === 1) {
        await page.getByRole('button', { name: 'above left' }).click();
        await page.getByText('The network says:').waitFor(patience);
        await page.getByRole('button', { name: 'Next patch' }).click();
        await page.getByRole('button', { name: 'above left' }).waitFor(patience);
      }
      await expectAccessible(page);
      await context.close();
    }
  });
});
