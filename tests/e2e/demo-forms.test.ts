// The other forms of demo pages: lines of digits, turned images and pairs of texts, each answered as `predict` does.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { importImageDataset } from '../../src/main/data/images/import.ts';
import { digitLineShape, digitLineSource } from '../../src/main/data/samples/digit-lines.ts';
import { importTextCorpus } from '../../src/main/data/text/import-corpus.ts';
import { openPredictor } from '../../src/main/runs/predict.ts';
import { readQueryImage } from '../../src/main/runs/query-image.ts';
import type { TinyImageWorkspace } from '../tiny-images.ts';
import { createTinyImageWorkspace } from '../tiny-images.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace } from '../tiny-workspace.ts';
import { picturePixels } from '../unit/data-images-fixtures.ts';
import { asked, demoTraining, expectAccessible, openDemo, rowsOf, shownAnswers, trainDemo } from './demo-fixture.ts';
import { launchBrowser } from './harness.ts';

let texts: TinyWorkspace;
let images: TinyImageWorkspace;
let browser: Browser;

beforeAll(async () => {
  texts = await createTinyWorkspace();
  images = await createTinyImageWorkspace();
  browser = await launchBrowser();
  const folder = join(texts.folder, 'sentences');
  await mkdir(folder);
  for (let index = 0; index < 24; index += 1) {
    const name = index % 2 === 0 ? 'cat' : 'bird';
    // No document is another's copy: those are left out.
    const text = `The ${name} ${String(index)} sees the house. The ${name} likes milk ${String(index)}. The man ${String(index)} has a ${name}. It sleeps in garden ${String(index)}.`;
    await writeFile(join(folder, `${String(index)}.txt`), text);
  }
  await importTextCorpus({
    sources: [folder],
    folder: join(texts.workspace.corpora, 'sentences'),
    name: 'sentences',
    tokenizer: { vocabularySize: 60 },
  });
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});
afterAll(async () => {
  await browser.close();
  await texts.remove();
  await images.remove();
});

async function picture(height: number, width: number): Promise<string> {
  const file = join(images.folder, `${String(height)}-${String(width)}.png`);
  const raw = { width, height, channels: 3 } as const;
  await writeFile(
    file,
    await sharp(picturePixels(3, height, width), { raw })
      .png()
      .toBuffer(),
  );
  return file;
}

/** Asks a page and the lab about a picture that needs no resampling. */
async function compareOnPicture(
  spec: string,
  name: string,
  height: number,
  width: number,
  tolerance?: number,
): Promise<void> {
  const run = await trainDemo(images.workspace, spec);
  const page = await openDemo(browser, images.workspace, run, name);
  const file = await picture(height, width);
  await page.locator('input[type=file]').setInputFiles(file);
  await using predictor = await openPredictor(run);
  const image = await readQueryImage(file, predictor.facts.images!); // networks of images have them
  expectSameShares(await shownAnswers(page), rowsOf(await predictor.ask({ image, top: 5 })), tolerance);
  await expectAccessible(page);
}

/** A level in 255 of a few pixels may be another, and answers that are as likely may stand in another order: a tenth of a percent. */
function expectSameShares(
  shown: readonly (readonly string[])[],
  expected: readonly (readonly string[])[],
  tolerance = 0.11,
): void {
  const [found, wanted] = [shares(shown), shares(expected)];
  expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [label, share] of wanted) {
    expect(Math.abs((found.get(label) ?? NaN) - share)).toBeLessThanOrEqual(tolerance);
  }
}

/** Labels with their shares in percent. */
const shares = (rows: readonly (readonly string[])[]): Map<string, number> =>
  new Map(rows.map(([label = '', share = '']) => [label, Number.parseFloat(share)]));

describe('a demo page', () => {
  it('brings a picture of any size to what the network reads, as the lab does', async () => {
    const spec = `{name: resampled, task: {type: image-classification}, data: colours, pipeline: {preset: resnet-mini, options: {width: 8}}, ${demoTraining}}`;
    const run = await trainDemo(images.workspace, spec);
    const page = await openDemo(browser, images.workspace, run, 'resampled');
    await using predictor = await openPredictor(run);
    for (const [height, width] of [
      [61, 97],
      [300, 200],
      [9, 14],
    ] as const) {
      const file = await picture(height, width);
      await page.locator('.answers').evaluate((element) => {
        element.replaceChildren(); // so that the next answers are not taken for these
      });
      await page.locator('input[type=file]').setInputFiles(file);
      const shown = await shownAnswers(page);
      const image = await readQueryImage(file, predictor.facts.images!); // networks of images have them
      expectSameShares(shown, rowsOf(await predictor.ask({ image, top: 5 })));
    }
  });

  it('asks which picture is another view of one', async () => {
    const spec = `{name: views, task: {type: contrastive-views, projectionFeatures: 4}, data: pictures, pipeline: {preset: resnet-mini, options: {width: 8}}, ${demoTraining}}`;
    await compareOnPicture(spec, 'views', 24, 24, 0.5); // its views are crops, brought to the size of the picture
  });

  it.each(['next-sentence', 'sentence-order'])('compares two texts: %s', async (task) => {
    const spec = `{name: ${task}, task: {type: ${task}, length: 16}, data: sentences, pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 16}}, ${demoTraining}}`;
    const run = await trainDemo(texts.workspace, spec);
    const page = await openDemo(browser, texts.workspace, run, task);
    const query = { text: 'the cat sees the house .', textPair: 'a bird likes milk .' };
    await page.getByLabel('First text').fill(query.text);
    await page.getByLabel('Second text').fill(query.textPair);
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    expect(await shownAnswers(page)).toEqual(rowsOf(await asked(run, { ...query, top: 5 })));
    await expectAccessible(page);
  });

  it('says how a picture is turned', async () => {
    const spec = `{name: turned, task: {type: rotation}, data: pictures, pipeline: {preset: resnet-mini, options: {width: 8}}, ${demoTraining}}`;
    await compareOnPicture(spec, 'turned', 24, 24);
  });

  it('reads a line of digits', async () => {
    await importImageDataset({
      source: digitLineSource({ lines: { train: 12, validation: 4, test: 4 }, imagesPerDigit: 4 }),
      destination: join(images.workspace.datasets, 'lines'),
      name: 'lines',
      options: { size: digitLineShape, channels: 1, fit: 'stretch', nearDistance: 0 },
    });
    const spec = `{name: lines, task: {type: transcription, longest: 8}, data: lines, pipeline: {preset: crnn, options: {hiddenSize: 8}}, ${demoTraining}}`;
    await compareOnPicture(spec, 'lines', digitLineShape.height, digitLineShape.width);
  });
});
