// The classifier of an imported model goes on where the data have its classes, whatever their order; pairs are written as it knows them.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Tokenizer } from 'tokenizers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextDataset } from '../../../src/main/data/text/import-dataset.ts';
import { loadTokenizer } from '../../../src/main/data/tokenizer/tokenizer.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { importModel } from '../../../src/main/runs/import-model.ts';
import { withPairSeparators } from '../../../src/main/runs/pair-separators.ts';
import { openNetworkPredictor, openPredictor } from '../../../src/main/runs/predict.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { findTrainedNetwork } from '../../../src/main/runs/trained-network.ts';
import { encodeQuery } from '../../../src/main/tasks/encode-query.ts';
import { encodeParts } from '../../../src/main/tasks/text/labelled-texts.ts';
import { encodeExample } from '../../../src/main/tasks/text/prediction.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace } from '../../tiny-images.ts';
import { tinyDocument } from '../../tiny-workspace.ts';

const fixture = (name: string): string => path.resolve(import.meta.dirname, '../../fixtures/models', name);
const quiet = { signal: new AbortController().signal };
let tiny: TinyImageWorkspace;

async function importRows(name: string, labels: readonly string[]): Promise<void> {
  const file = path.join(tiny.folder, `${name}.jsonl`);
  const rows = Array.from({ length: 60 }, (_, index) =>
    JSON.stringify({ label: labels[index % labels.length], text: tinyDocument(index).slice(0, 40) }),
  );
  await writeFile(file, rows.join('\n'));
  await importTextDataset({ sources: [file], folder: path.join(tiny.workspace.datasets, name), name });
}

beforeAll(async () => {
  tiny = await createTinyImageWorkspace();
  await importRows('same', ['good', 'bad', 'middling']);
  await importRows('fewer', ['good', 'bad']);
  await importRows('others', ['good', 'bad', 'ugly']);
  for (const name of ['bert-classifier', 'distilbert-classifier', 'modernbert-classifier', 'roberta-classifier']) {
    await importModel(tiny.workspace, name, fixture(name), quiet);
  }
  const settings = { labels: ['dark', 'green', 'bright'], height: 24, width: 24 };
  await importModel(tiny.workspace, 'resnet', fixture('resnet-timm'), { ...quiet, settings });
});
afterAll(() => tiny.remove());

/** A step so small that the weights stay what they were. */
async function train(model: string, data: string, training = '') {
  const task = data === 'colours' ? 'image-classification' : 'text-classification, length: 12';
  const text = `
name: ${model}-${data}
task: {type: ${task}, validationFraction: 0.2, testFraction: 0.2}
data: ${data}
from: {model: ${model}}
training: {steps: 1, batchSize: 4, learningRate: 1e-30${training}}
evaluation: {baselines: false, inspect: false}
engine: {threads: 1}`;
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'spec.yaml')));
  await trainRun(tiny.workspace, run, quiet);
  return readRun(runFolder(run.folder));
}

const text = 'a cat';
const shares = (answer: { choices: readonly { label: string; probability: number }[] } | undefined) =>
  new Map(answer!.choices.map(({ label, probability }) => [label, probability]));

describe('a classifier that came along', () => {
  it.each(['bert-classifier', 'distilbert-classifier', 'modernbert-classifier', 'roberta-classifier'])(
    'goes on with data of its classes: %s',
    async (model) => {
      const { folder, transfer } = await train(model, 'same');
      expect(transfer!.fresh).toEqual([]);
      await using trained = await openPredictor(runFolder(folder));
      await using original = await openNetworkPredictor(await findTrainedNetwork(tiny.workspace, `model:${model}`));
      const [[answer], [expected]] = [await trained.ask({ text, top: 3 }), await original.ask({ text, top: 3 })];
      expect(shares(answer).size).toBe(3);
      for (const [label, probability] of shares(expected)) {
        expect(shares(answer).get(label)).toBeCloseTo(probability, 5);
      }
    },
  );

  it('goes on with some of its classes, whose shares keep their proportion', async () => {
    const { folder, transfer } = await train('bert-classifier', 'fewer');
    expect(transfer!.fresh).toEqual([]);
    await using trained = await openPredictor(runFolder(folder));
    await using original = await openNetworkPredictor(
      await findTrainedNetwork(tiny.workspace, 'model:bert-classifier'),
    );
    const [[answer], [expected]] = [await trained.ask({ text, top: 2 }), await original.ask({ text, top: 3 })];
    const [own, all] = [shares(answer), shares(expected)];
    expect(own.get('good')! / own.get('bad')!).toBeCloseTo(all.get('good')! / all.get('bad')!, 4);
  });

  it('goes on with images, too', async () => {
    const { transfer } = await train('resnet', 'colours');
    expect(transfer!.fresh).toEqual([]);
  });

  it.each([
    ['other classes', 'others', ''],
    ['a linear probe first', 'same', ', linearProbeFirst: true'],
  ])('is a new one with %s', async (_what, data, training) => {
    const { transfer, experiment } = await train('bert-classifier', data, training);
    expect(transfer!.fresh.map(({ name }) => name)).toEqual([
      'head/text-classes/output/weight',
      'head/text-classes/output/bias',
    ]);
    expect(experiment.task.hidden).toBe('none');
  });
});

describe('pairs for RoBERTa', () => {
  it('are written with two separators, as the library does', async () => {
    const file = path.join(fixture('roberta-classifier'), 'tokenizer.json');
    const own = loadTokenizer(file);
    const { classify, separate } = own.special;
    const marks = { sep: ['</s>', separate], cls: ['<s>', classify], trim_offsets: true, add_prefix_space: false };
    const content = JSON.parse(await readFile(file, 'utf8')) as object; // of a tokenizer
    const processed = { ...content, post_processor: { type: 'RobertaProcessing', ...marks } };
    const library = Tokenizer.fromString(JSON.stringify(processed));
    const [a, b] = ['the cat sat', ' on the mat'];
    const parts = encodeParts(own, a, b, 64, 2);
    const { tokens, feeds } = encodeExample(own, 64, parts.text, parts.pair, 2);
    const expected = (await library.encode(a, b)).getIds();
    expect([...tokens].slice(0, expected.length)).toEqual(expected);
    expect([...(feeds.mask ?? [])].reduce((sum, value) => sum + value, 0)).toBe(expected.length);
  });

  it('fit into the length that is read', () => {
    const own = loadTokenizer(path.join(fixture('roberta-classifier'), 'tokenizer.json'));
    const long = 'the cat sat on the mat and '.repeat(9);
    const { text: first, pair, isTruncated } = encodeParts(own, long, long, 16, 2);
    expect([first.length + pair!.length, isTruncated]).toEqual([12, true]);
    expect(encodeExample(own, 16, first, pair, 2).tokens).toHaveLength(16);
  });

  it('are so in experiments that begin with it', async () => {
    expect((await train('roberta-classifier', 'others')).experiment.task.separators).toBe(2);
    expect((await train('bert-classifier', 'others')).experiment.task.separators).toBe(1);
  });

  it('are so in what begins with a run that began with it, and in vectors of pairs', async () => {
    const { id } = await train('roberta-classifier', 'others');
    const pair = { text: 'the cat sat', textPair: ' on the mat' };
    for (const reference of [id, 'model:roberta-classifier']) {
      const { separators, tokenizerFile, backbone } = await findTrainedNetwork(tiny.workspace, reference);
      expect(separators).toBe(2);
      const read = { ...backbone.facts, ...(tokenizerFile !== undefined && { tokenizerFile }) };
      const { separate } = loadTokenizer(tokenizerFile!).special;
      const { tokens } = encodeQuery(read, pair, separators).feeds;
      expect([...tokens!].filter((token) => token === separate)).toHaveLength(3);
    }
    const again = await withPairSeparators(
      tiny.workspace,
      parseExperiment({
        value: {
          ...{ name: 'again', data: 'others', from: { run: id }, pipeline: 'bert-tiny' },
          task: { type: 'regression', length: 16 },
        },
        locate: () => 'again',
      }),
    );
    expect(again.task.separators).toBe(2);
  });
});
