// Demo pages of labelled pictures and recordings, classes, numbers and several labels, and of alignments: opened from the disk with the
// network cut, they answer what `pretext predict` answers.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { homologousFamilies, membersAsFasta, pairsAsFasta } from '../../src/main/data/samples/homologous-families.ts';
import { openPredictor } from '../../src/main/runs/predict.ts';
import { readQueryImage } from '../../src/main/runs/query-image.ts';
import { readQueryRecording } from '../../src/main/runs/query-recording.ts';
import type { PredictionAnswer } from '../../src/main/tasks/index.ts';
import { importAudio, importCorpus, importDataset, importImages } from '../../src/main/work/import-material.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace } from '../tiny-workspace.ts';
import { tone, wavFile } from '../unit/audio-fixtures.ts';
import {
  asked,
  demoTraining,
  expectAccessible,
  labelsOf,
  numberOf,
  openDemo,
  rowsOf,
  shownAnswers,
  shownText,
  trainDemo,
} from './demo-fixture.ts';
import { launchBrowser, patience } from './harness.ts';

let tiny: TinyWorkspace;
let browser: Browser;
let pictures: string;
let sounds: string;
const quiet = { signal: new AbortController().signal, onProgress: () => undefined };

/** Of each kind of labels: what the label of an example is, and how its page and the lab answer. */
interface Kind {
  readonly labels: 'classes' | 'numbers' | 'several';
  readonly labelOf: (index: number) => string;
  readonly shown: (page: Page) => Promise<unknown>;
  readonly expected: (answers: readonly PredictionAnswer[]) => unknown;
}

const classes: Kind = {
  labels: 'classes',
  labelOf: (index) => (index % 2 === 0 ? 'low' : 'high'),
  shown: shownAnswers,
  expected: rowsOf,
};
const numbers: Kind = {
  labels: 'numbers',
  labelOf: (index) => String(100 + 7 * index),
  shown: shownText,
  expected: numberOf,
};
const several: Kind = {
  labels: 'several',
  labelOf: (index) => [index % 2 === 0 ? 'low' : 'high', index % 3 === 0 ? 'odd' : 'plain'].join('; '),
  shown: shownAnswers,
  expected: labelsOf,
};

const count = 24;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  browser = await launchBrowser();
  pictures = join(tiny.folder, 'pictures');
  sounds = join(tiny.folder, 'sounds');
  await mkdir(pictures);
  await mkdir(sounds);
  for (let index = 0; index < count; index += 1) {
    const background = { r: 10 * index, g: 10 * index, b: 255 - 10 * index };
    const create = { width: 16, height: 16, channels: 3, background } as const;
    await writeFile(join(pictures, `${index}.png`), await sharp({ create }).png().toBuffer());
    const samples = tone(300 + 200 * (index % 2) + index, 0.3, 16_000);
    await writeFile(join(sounds, `${index}.wav`), wavFile([samples], 16_000, { bits: 16 }));
  }
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});
afterAll(async () => {
  await browser.close();
  await tiny.remove();
});

/** A table with the examples of a folder and their labels. */
async function table(folder: string, ending: string, { labels, labelOf }: Kind): Promise<string> {
  const rows = Array.from({ length: count }, (_, index) => `${index}.${ending},${labelOf(index)}`);
  const file = join(folder, `${labels}.csv`);
  await writeFile(file, ['path,label', ...rows].join('\n'));
  return file;
}

const askButton = (page: Page) => page.getByRole('button', { name: 'Ask', exact: true });

describe('a demo page of pictures', () => {
  it.each([
    ['numbers', numbers, 'regression'],
    ['several labels', several, 'multi-label'],
  ])('gives %s', async (_name, kind, task) => {
    const name = `pictures-${kind.labels}`;
    await importImages(tiny.workspace, 'dataset', name, {
      sources: [await table(pictures, 'png', kind)],
      options: { size: 16, nearDistance: 0, exactDuplicates: 'keep' },
      table: { labelColumn: 'label' },
      labels: { kind: kind.labels },
      ...quiet,
    });
    const spec = `{name: ${name}, task: {type: ${task}, nearDuplicates: anywhere}, data: ${name}, pipeline: {preset: patch-cnn, options: {width: 4, features: 8}}, ${demoTraining}}`;
    const run = await trainDemo(tiny.workspace, spec);
    const page = await openDemo(browser, tiny.workspace, run, `page-${name}`);
    const file = join(pictures, '8.png');
    await page.getByLabel('Picture').setInputFiles(file);
    await using predictor = await openPredictor(run);
    const image = await readQueryImage(file, predictor.facts.images!); // networks of images have them
    expect(await kind.shown(page)).toEqual(kind.expected(await predictor.ask({ image, top: 5 })));
    await expectAccessible(page);
  });
});

describe('a demo page of recordings', () => {
  it.each([
    ['classes', classes, 'audio-classification'],
    ['numbers', numbers, 'regression'],
    ['several labels', several, 'multi-label'],
  ])('gives %s', async (_name, kind, task) => {
    const name = `sounds-${kind.labels}`;
    await importAudio(tiny.workspace, name, {
      sources: [await table(sounds, 'wav', kind)],
      options: { bands: 16 },
      labels: { kind: kind.labels },
      ...quiet,
    });
    const spec = `{name: ${name}, task: {type: ${task}}, data: ${name}, pipeline: {preset: speech-lstm, options: {hiddenSize: 8}}, ${demoTraining}}`;
    const run = await trainDemo(tiny.workspace, spec);
    const page = await openDemo(browser, tiny.workspace, run, `page-${name}`);
    const file = join(sounds, '3.wav');
    await page.getByLabel('Recording').setInputFiles(file);
    await page.getByText('3.wav: read').waitFor();
    await askButton(page).click();
    await using predictor = await openPredictor(run);
    const recording = await readQueryRecording(file, predictor.facts.audio!); // networks of recordings have them
    expect(await kind.shown(page)).toEqual(kind.expected(await predictor.ask({ recording, top: 5 })));
    await expectAccessible(page);
  });
});

describe('a demo page of alignments', () => {
  const families = homologousFamilies({
    ...({ alphabet: 'protein', families: 18, members: 4, pairs: 4 } as const),
    ...{ shortest: 12, longest: 16, divergence: 0.4, seed: 5 },
  });

  async function aligner(): Promise<RunFolder> {
    const [pairs, members] = [join(tiny.folder, 'pairs.fasta'), join(tiny.folder, 'members.fasta')];
    await writeFile(pairs, [...pairsAsFasta(families.pairs)].join(''));
    await writeFile(members, [...membersAsFasta(families.members)].join(''));
    await importDataset(tiny.workspace, 'pairs', { sources: [pairs], labels: { kind: 'alignments' }, ...quiet });
    await importCorpus(tiny.workspace, 'families', { sources: [members], tokenizer: { kind: 'characters' }, ...quiet });
    const pipeline = 'pipeline: {preset: bilstm-classifier, options: {hiddenSize: 8, dropout: 0}}';
    return trainDemo(
      tiny.workspace,
      `{name: pairs, task: {type: alignment, length: 32, embeddingSize: 8, validationFraction: 0.2}, data: pairs, tokenizer: {corpus: families}, ${pipeline}, ${demoTraining}}`,
    );
  }

  it('shows the rows, and how likely the sequences are related', async () => {
    const run = await aligner();
    const page = await openDemo(browser, tiny.workspace, run, 'page-pairs');
    const [{ first, second } = { first: { row: '' }, second: { row: '' } }] = families.pairs;
    const [text, textPair] = [first, second].map(({ row }) => row.replaceAll('-', '')) as [string, string]; // two rows
    await page.getByLabel('First sequence').fill(text);
    await page.getByLabel('Second sequence').fill(textPair);
    await askButton(page).click();
    const answers = await asked(run, { text, textPair, top: 5 });
    expect(await shownAnswers(page)).toEqual(rowsOf(answers));
    const [{ alignment } = {}] = answers;
    const shown = page.locator('.answers pre');
    await shown.waitFor(patience);
    const [top, , bottom] = ((await shown.textContent()) ?? '').split('\n');
    expect([top, bottom]).toEqual([alignment?.first, alignment?.second]);
    expect(top?.replaceAll('-', '')).toBe(text);
    await expectAccessible(page);
  });
});
