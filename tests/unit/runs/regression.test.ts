// Regression to the end of a run, on texts, images, recordings and sequences: one task definition for all of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextCorpus } from '../../../src/main/data/text/import-corpus.ts';
import { decodeQueryRecording } from '../../../src/main/runs/query-recording.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { readQueryImage } from '../../../src/main/runs/query-image.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { importAudio, importDataset, importImages } from '../../../src/main/work/import-material.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { bitsWithAndWithoutStops } from '../../stopped-run.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';
import { tone, wavFile } from '../audio-fixtures.ts';

let tiny: TinyWorkspace;
const signal = new AbortController().signal;
const quiet = { signal, onProgress: () => undefined };

beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

const experiment = (name: string, more: string) =>
  parseExperiment(parseSpecText(`name: ${name}\nengine: {threads: 1}\n${more}`, `${name}.yaml`));

async function train(name: string, more: string) {
  const run = await createRun(tiny.workspace, experiment(name, more));
  await trainRun(tiny.workspace, run, { signal, prefetch: false });
  const { result } = await readRun(run);
  return { run, result: result! };
}

const folder = (name: string): string => {
  const path = join(tiny.folder, name);
  mkdirSync(path);
  return path;
};
const network = '{preset: bert-tiny, options: {layers: 1, hiddenSize: 16, heads: 2, maximumLength: 16}}';
const training = 'training: {steps: 60, batchSize: 8, learningRate: 1e-2, evaluateEvery: 20, logEvery: 20}';

describe('regression', () => {
  it('of texts learns two numbers at once, in their own units, and says them again', async () => {
    const words = ['cat', 'dog', 'bird', 'river', 'garden'];
    const rows = Array.from({ length: 60 }, (_, index) => {
      const word = words[index % 5]!;
      return `the ${word} sees the house ${index},${1000 + 100 * (index % 5)},${(index % 5) / 10}`;
    });
    const file = join(folder('texts'), 'prices.csv');
    writeFileSync(file, ['text,price,share', ...rows].join('\n'));
    const labels = { kind: 'numbers', furtherColumns: ['share'] } as const;
    await importDataset(tiny.workspace, 'prices', { sources: [file], labelColumn: 'price', labels, ...quiet });
    const spec = `task: {type: regression, length: 16}\ndata: prices\ntokenizer: {corpus: tiny}\npipeline: ${network}\n${training}`;
    const { run, result } = await train('prices', spec);
    expect(result.examples).toEqual({ training: 42, validation: 6, test: 12 });
    expect(result.baselines.map(({ name }) => name)).toEqual(['mean', 'ridge regression']);
    const [mean, ridge] = result.baselines;
    expect(ridge!.metrics.standardisedError).toBeLessThan(0.1 * mean!.metrics.standardisedError!);
    expect(result.test!.metrics.standardisedError).toBeLessThan(0.5 * mean!.metrics.standardisedError!);
    const [price, share] = result.test!.targets!;
    expect([price!.name, share!.name]).toEqual(['price', 'share']);
    expect(price!.points).toHaveLength(12);
    expect(result.audit?.map(({ name }) => name)).toEqual([
      'spread of predictions, price',
      'spread of predictions, share',
    ]);
    expect(price!.rmse).toBeGreaterThan(100 * share!.rmse!);
    await using predictor = await openPredictor(run);
    const answers = await predictor.ask({ text: 'the garden sees the house 4', top: 1 });
    expect(answers.map(({ question }) => question)).toEqual(['price', 'share']);
    expect(answers[0]!.value).toBeGreaterThan(1150);
    expect(answers[1]!.value).toBeLessThan(1);

    const again = experiment('stops', spec);
    const { whole, stopped } = await bitsWithAndWithoutStops(tiny.workspace, again);
    expect(stopped).toEqual(whole);
  });

  it('of sequences reads what stands in their headers', async () => {
    const entries = Array.from({ length: 40 }, (_, index) => {
      const share = index % 8;
      // The end is different for each, so that none counts as a duplicate.
      const end = index.toString(2).padStart(6, '0').replaceAll('0', 'C').replaceAll('1', 'T');
      return `>s${index} label=${share / 8}\n${'G'.repeat(share)}${'A'.repeat(8 - share)}${end}`;
    });
    const root = folder('genes');
    writeFileSync(join(root, 'genes.fasta'), entries.join('\n'));
    const sources = [join(root, 'genes.fasta')];
    await importTextCorpus({
      sources,
      folder: join(tiny.workspace.corpora, 'genes'),
      name: 'genes',
      tokenizer: { kind: 'characters' },
    });
    await importDataset(tiny.workspace, 'shares', { sources, labels: { kind: 'numbers' }, ...quiet });
    const { result } = await train(
      'shares',
      `task: {type: regression, length: 16, loss: huber, labelBudget: {total: 20}}\ndata: shares\ntokenizer: {corpus: genes}\npipeline: ${network}\n${training}`,
    );
    expect(result.examples?.training).toBe(20);
    expect(result.test!.metrics.spearman).toBeGreaterThan(0.5);
  });

  it('of images learns how bright they are', async () => {
    const root = folder('images');
    for (let index = 0; index < 40; index += 1) {
      const grey = 20 + index * 5;
      const background = { r: grey, g: grey, b: (index * 37) % 256 };
      await sharp({ create: { width: 8, height: 8, channels: 3, background } })
        .png()
        .toFile(join(root, `${index}.png`));
    }
    const rows = Array.from({ length: 40 }, (_, index) => `${index}.png,${20 + index * 5}`);
    writeFileSync(join(root, 'table.csv'), ['path,grey', ...rows].join('\n'));
    await importImages(tiny.workspace, 'dataset', 'greys', {
      sources: [join(root, 'table.csv')],
      options: { size: 8, nearDistance: 0, exactDuplicates: 'keep' },
      table: { labelColumn: 'grey' },
      labels: { kind: 'numbers' },
      ...quiet,
    });
    const { run, result } = await train(
      'greys',
      `task: {type: regression, nearDuplicates: anywhere, augmentation: {horizontalFlip: 0.5}}\ndata: greys\npipeline: {preset: patch-cnn, options: {width: 4, features: 8}}\n${training}`,
    );
    expect(result.baselines.map(({ name }) => name)).toEqual(['mean', 'ridge regression']);
    expect(result.test!.metrics.r2).toBeGreaterThan(0);
    await using predictor = await openPredictor(run);
    const image = await readQueryImage(join(root, '20.png'), predictor.facts.images!);
    const [answer] = await predictor.ask({ image, top: 1 });
    expect(answer).toMatchObject({ question: 'grey', choices: [] });
    expect(answer!.value).toBeGreaterThan(-500);
  });

  it('of recordings reads numbers from the names of folders', async () => {
    const root = folder('sounds');
    const pitches = [200, 300, 400, 600, 800];
    for (const pitch of pitches) {
      mkdirSync(join(root, String(pitch)));
      for (let take = 0; take < 6; take += 1) {
        const bytes = wavFile([tone(pitch + take * 5, 0.12, 8000)], 8000, { bits: 16 });
        writeFileSync(join(root, String(pitch), `${take}.wav`), bytes);
      }
    }
    await importAudio(tiny.workspace, 'pitches', {
      sources: [root],
      options: { maximumFrequency: 3800, bands: 8, normalise: false },
      labels: { kind: 'numbers' },
      ...quiet,
    });
    const { run, result } = await train(
      'pitches',
      `task: {type: regression, loss: absolute}\ndata: pitches\npipeline: {preset: speech-lstm, options: {hiddenSize: 8, layers: 1}}\n${training}`,
    );
    expect(result.test!.targets).toHaveLength(1);
    expect(result.test!.metrics.mae).toBeLessThan(result.baselines[0]!.metrics.mae!);
    await using predictor = await openPredictor(run);
    const bytes = Buffer.from(wavFile([tone(400, 0.12, 8000)], 8000, { bits: 16 }));
    const recording = await decodeQueryRecording(bytes, '400.wav', predictor.facts.audio!);
    const [answer] = await predictor.ask({ recording, top: 1 });
    expect(answer!.value).toBeGreaterThan(0);
  });

  it('is refused on classes that are no numbers', async () => {
    const file = join(folder('words'), 'words.csv');
    writeFileSync(file, 'text,label\na cat,animal\na rose,plant\na dog,animal\na tree,plant\n');
    await importDataset(tiny.workspace, 'words', { sources: [file], ...quiet });
    const spec = `task: {type: regression, length: 16}\ndata: words\ntokenizer: {corpus: tiny}\npipeline: ${network}`;
    await expect(train('words', spec)).rejects.toThrow(/which is no number: import it with --labels numbers/);
  });
});
