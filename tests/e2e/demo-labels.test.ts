// Demo pages of labelled texts and pictures: classes, numbers, several labels and tags, opened from the disk with the network cut, answer
// what `pretext predict` answers, and are small.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPredictor } from '../../src/main/runs/predict.ts';
import { readQueryImage } from '../../src/main/runs/query-image.ts';
import { importDataset, importImages } from '../../src/main/work/import-material.ts';
import { formatNumber, formatPercent } from '../../src/shared/display.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument } from '../tiny-workspace.ts';
import { asked, demoTraining, expectAccessible, openDemo, rowsOf, shownAnswers, trainDemo } from './demo-fixture.ts';
import { launchBrowser, patience } from './harness.ts';

let tiny: TinyWorkspace;
let browser: Browser;

const network = 'pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 24}}';
const specOf = (type: string, data: string, more = ''): string =>
  `{name: ${data}, task: {type: ${type}, length: 24${more}}, data: ${data}, tokenizer: {corpus: tiny}, ${network}, ${demoTraining}}`;
const text = 'the cat sees the house and a bird .';

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  browser = await launchBrowser();
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});
afterAll(async () => {
  await browser.close();
  await tiny.remove();
});

async function importRows(
  name: string,
  kind: 'classes' | 'numbers' | 'several',
  labelOf: (text: string, index: number) => string,
): Promise<void> {
  const file = join(tiny.folder, `${name}.jsonl`);
  const rows = Array.from({ length: 40 }, (_, index) => {
    const sentence = `${tinyDocument(index).split('.')[0] ?? ''} ${index} .`;
    return JSON.stringify({ text: sentence, label: labelOf(sentence, index) });
  });
  await writeFile(file, rows.join('\n'));
  await importDataset(tiny.workspace, name, { sources: [file], ...(kind !== 'classes' && { labels: { kind } }) });
}

async function ask(page: Page): Promise<void> {
  await page.getByRole('textbox').first().fill(text);
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
}

/** What a page without a table answers. */
async function shownText(page: Page): Promise<string> {
  const answer = page.locator('.answers p').first();
  await answer.waitFor(patience);
  return ((await answer.textContent()) ?? '').trim();
}

describe('a demo page', () => {
  it('sorts texts into classes, and is at most 3 MB beside the weights', async () => {
    await importRows('animals', 'classes', (sentence) => (/cat|dog|bird/u.test(sentence) ? 'animal' : 'other'));
    const run = await trainDemo(tiny.workspace, specOf('text-classification', 'animals'));
    const page = await openDemo(browser, tiny.workspace, run, 'page-classes');
    await ask(page);
    expect(await shownAnswers(page)).toEqual(rowsOf(await asked(run, { text, top: 5 })));
    await expectAccessible(page);
    // This network has a few thousand weights: what is left is the lab.
    const { size } = await stat(join(tiny.workspace.folder, 'page-classes', 'demo.html'));
    expect(size).toBeLessThan(3_000_000);
  });

  it('estimates numbers of texts and of pictures, in their unit', async () => {
    await importRows('lengths', 'numbers', (sentence) => String(100 + 10 * sentence.length));
    const run = await trainDemo(tiny.workspace, specOf('regression', 'lengths'));
    const page = await openDemo(browser, tiny.workspace, run, 'page-numbers');
    await ask(page);
    const [answer] = await asked(run, { text, top: 5 });
    expect(await shownText(page)).toBe(`${answer?.question ?? ''}: ${formatNumber(answer?.value ?? NaN)}`);
    await expectAccessible(page);

    const rows = ['path,label'];
    const folder = join(tiny.folder, 'greys');
    await mkdir(folder);
    const drawn = async (name: string, level: number): Promise<string> => {
      const create = {
        width: 16,
        height: 16,
        channels: 3,
        background: { r: level, g: level, b: 255 - level },
      } as const;
      const file = join(folder, name);
      await writeFile(file, await sharp({ create }).png().toBuffer());
      return file;
    };
    for (let index = 0; index < 24; index += 1) {
      await drawn(`${index}.png`, 10 * index);
      rows.push(`${index}.png,${index}`);
    }
    await writeFile(join(folder, 'table.csv'), rows.join('\n'));
    await importImages(tiny.workspace, 'dataset', 'greys', {
      sources: [join(folder, 'table.csv')],
      options: { size: 16, nearDistance: 0, exactDuplicates: 'keep' },
      table: { labelColumn: 'label' },
      labels: { kind: 'numbers' },
      ...{ signal: new AbortController().signal, onProgress: () => undefined },
    });
    const spec = `{name: greys, task: {type: regression, nearDuplicates: anywhere}, data: greys, pipeline: {preset: patch-cnn, options: {width: 4, features: 8}}, ${demoTraining}}`;
    const ofPictures = await trainDemo(tiny.workspace, spec);
    const pictures = await openDemo(browser, tiny.workspace, ofPictures, 'page-greys');
    const file = await drawn('asked.png', 77);
    await pictures.locator('input[type=file]').setInputFiles(file);
    await using predictor = await openPredictor(ofPictures);
    const image = await readQueryImage(file, predictor.facts.images!); // networks of images have them
    const [level] = await predictor.ask({ image, top: 5 });
    expect(await shownText(pictures)).toBe(`${level?.question ?? ''}: ${formatNumber(level?.value ?? NaN)}`);
  });

  it('gives several labels, and marks those that are chosen', async () => {
    await importRows('kinds', 'several', (sentence) =>
      [/cat|dog/u.test(sentence) ? 'pet' : 'none', /house|garden/u.test(sentence) ? 'place' : 'free'].join('; '),
    );
    const run = await trainDemo(tiny.workspace, specOf('multi-label', 'kinds'));
    const page = await openDemo(browser, tiny.workspace, run, 'page-labels');
    await ask(page);
    const expected = (await asked(run, { text, top: 5 })).flatMap(({ choices }) =>
      choices.map(({ label, probability, isChosen }) => [isChosen ? `${label} ✓` : label, formatPercent(probability)]),
    );
    expect(expected.length).toBeGreaterThan(1);
    expect(await shownAnswers(page)).toEqual(expected);
    await expectAccessible(page);
  });

  it.each(['softmax', 'crf'])('tags words: %s', async (decoder) => {
    const name = `tags-${decoder}`;
    const file = join(tiny.folder, `${name}.jsonl`);
    const rows = Array.from({ length: 40 }, (_, index) => {
      const tokens = `${tinyDocument(index).split('.')[0] ?? ''} ${index}`.split(' ').filter((token) => token !== '');
      const tags = tokens.map((token) => (/cat|dog|bird|man|house/u.test(token) ? 'NOUN' : 'REST'));
      return JSON.stringify({ tokens, tags });
    });
    await writeFile(file, rows.join('\n'));
    await importDataset(tiny.workspace, name, { sources: [file], labels: { kind: 'tags' } });
    const run = await trainDemo(tiny.workspace, specOf('token-classification', name, `, decoder: ${decoder}`));
    const page = await openDemo(browser, tiny.workspace, run, `page-${name}`);
    await ask(page);
    const [{ words = [] } = {}] = await asked(run, { text, top: 5 });
    expect(words).toHaveLength(9);
    const expected = words.map(({ word, tag }) => `${word} ${tag}`).join(' ');
    expect((await shownText(page)).replace(/\s+/gu, ' ')).toBe(expected);
    await expectAccessible(page);
  });
});
