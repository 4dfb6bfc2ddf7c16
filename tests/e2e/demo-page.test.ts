// Demo pages: opened as a file, with the network cut, they answer what `pretext predict` answers, and break no rule of axe.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPredictor } from '../../src/main/runs/predict.ts';
import { readQueryImage } from '../../src/main/runs/query-image.ts';
import type { TinyImageWorkspace } from '../tiny-images.ts';
import { createTinyImageWorkspace } from '../tiny-images.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinySpec } from '../tiny-workspace.ts';
import { picturePixels } from '../unit/data-images-fixtures.ts';
import { asked, demoTraining, expectAccessible, openDemo, rowsOf, shownAnswers, trainDemo } from './demo-fixture.ts';
import { launchBrowser, patience } from './harness.ts';

let texts: TinyWorkspace;
let images: TinyImageWorkspace;
let browser: Browser;

beforeAll(async () => {
  texts = await createTinyWorkspace();
  images = await createTinyImageWorkspace();
  browser = await launchBrowser();
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});
afterAll(async () => {
  await browser.close();
  await texts.remove();
  await images.remove();
});

describe('a demo page', () => {
  it('fills in masks, by keyboard alone', async () => {
    const run = await trainDemo(texts.workspace, tinySpec(demoTraining));
    const page = await openDemo(browser, texts.workspace, run, 'words');
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
    const spec = `{name: next, task: {type: next-word, length: 12, validationFraction: 0.2, testFraction: 0.2}, data: tiny, pipeline: {preset: modern-tiny-causal, options: {hiddenSize: 16, heads: 2}}, ${demoTraining.replace('steps: 4', 'steps: 30')}}`;
    const run = await trainDemo(texts.workspace, spec);
    const page = await openDemo(browser, texts.workspace, run, 'next');
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
      `{name: sort, task: {type: image-classification}, data: colours, pipeline: {preset: resnet-mini, options: {width: 8}}, ${demoTraining}}`,
      `{name: places, task: {type: patch-position, patchSize: 5, gap: 1, jitter: 0, evaluationPairs: 16}, data: pictures, pipeline: {preset: patch-cnn, options: {}}, ${demoTraining}}`,
    ];
    for (const [number, spec] of specs.entries()) {
      const run = await trainDemo(images.workspace, spec);
      const page = await openDemo(browser, images.workspace, run, `pictures-${String(number)}`);
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
      await page.context().close();
    }
  });
});
