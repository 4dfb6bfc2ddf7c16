// Demo pages of labelled texts: classes, numbers, several labels and tags, opened from the disk with the network cut, answer what
// `pretext predict` answers, and are small. So are those of a model that was imported.
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exportNetwork } from '../../src/main/runs/export/index.ts';
import { importModel } from '../../src/main/runs/import-model.ts';
import { openNetworkPredictor } from '../../src/main/runs/predict.ts';
import { networkOfModel } from '../../src/main/runs/trained-network.ts';
import { importDataset } from '../../src/main/work/import-material.ts';
import { findModel } from '../../src/main/workspace/models.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument } from '../tiny-workspace.ts';
import { fixture } from '../unit/models/recorded.ts';
import {
  asked,
  demoTraining,
  expectAccessible,
  labelsOf,
  numberOf,
  openDemo,
  openDemoIn,
  rowsOf,
  shownAnswers,
  shownText,
  trainDemo,
} from './demo-fixture.ts';
import { launchBrowser } from './harness.ts';

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

  it('estimates numbers of texts, in their unit', async () => {
    await importRows('lengths', 'numbers', (sentence) => String(100 + 10 * sentence.length));
    const run = await trainDemo(tiny.workspace, specOf('regression', 'lengths'));
    const page = await openDemo(browser, tiny.workspace, run, 'page-numbers');
    await ask(page);
    expect(await shownText(page)).toBe(numberOf(await asked(run, { text, top: 5 })));
    await expectAccessible(page);
  });

  it('gives several labels, and marks those that are chosen', async () => {
    await importRows('kinds', 'several', (sentence) =>
      [/cat|dog/u.test(sentence) ? 'pet' : 'none', /house|garden/u.test(sentence) ? 'place' : 'free'].join('; '),
    );
    const run = await trainDemo(tiny.workspace, specOf('multi-label', 'kinds'));
    const page = await openDemo(browser, tiny.workspace, run, 'page-labels');
    await ask(page);
    const expected = labelsOf(await asked(run, { text, top: 5 }));
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

  it('answers for a model that was imported', async () => {
    await importModel(tiny.workspace, 'classifier', fixture('bert-classifier'), {
      signal: new AbortController().signal,
    });
    const model = await findModel(tiny.workspace, 'classifier');
    const request = { folder: join(tiny.folder, 'page-model'), format: 'demo' };
    const { folder } = await exportNetwork(tiny.workspace, { kind: 'model', model }, request);
    const page = await openDemoIn(browser, folder);
    await ask(page);
    await using predictor = await openNetworkPredictor(await networkOfModel(model));
    expect(await shownAnswers(page)).toEqual(rowsOf(await predictor.ask({ text, top: 5 })));
    await expectAccessible(page);
  });
});
