// Tagging to the end of a run: a network and a CRF on entities that words alone do not tell.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { predictFile } from '../../../src/main/runs/batch/predict-file.ts';
import { findTrainedNetwork } from '../../../src/main/runs/trained-network.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { windowsOf } from '../../../src/main/tasks/tagging/tagged-material.ts';
import { loadTokenizer } from '../../../src/main/data/tokenizer/tokenizer.ts';
import { importDataset } from '../../../src/main/work/import-material.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { bitsWithAndWithoutStops } from '../../stopped-run.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
const network = '{preset: bert-tiny, options: {layers: 1, hiddenSize: 16, heads: 2, maximumLength: 24}}';

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const sentences = Array.from({ length: 90 }, (_, index) => {
    const who = index % 3 === 0 ? ['old B-PER', 'man I-PER'] : index % 3 === 1 ? ['cat B-ANIMAL'] : ['dog B-ANIMAL'];
    const what = index % 2 === 0 ? ['the O', 'house O'] : ['a O', `ball${index} O`];
    return ['the O', ...who, 'sees O', ...what, '. O'].join('\n');
  });
  const folder = join(tiny.folder, 'tags');
  mkdirSync(folder);
  writeFileSync(join(folder, 'tags.conll'), sentences.join('\n\n'));
  await importDataset(tiny.workspace, 'tags', { sources: [folder], labels: { kind: 'tags' }, ...quiet });
});
afterAll(() => tiny.remove());

function experiment(name: string, task: string) {
  const text = `name: ${name}\nengine: {threads: 1}\ntask: ${task}\ndata: tags\ntokenizer: {corpus: tiny}
pipeline: ${network}\ntraining: {steps: 60, batchSize: 8, learningRate: 1e-2, evaluateEvery: 30, logEvery: 30}`;
  return parseExperiment(parseSpecText(text, `${name}.yaml`));
}

async function train(name: string, task: string) {
  const run = await createRun(tiny.workspace, experiment(name, task));
  await trainRun(tiny.workspace, run, { signal: quiet.signal, prefetch: false });
  const { result } = await readRun(run);
  return { run, result: result! };
}

describe('token classification', () => {
  it.each(['softmax', 'crf'])('with %s finds entities, and says them of a text', async (decoder) => {
    const { run, result } = await train(
      decoder,
      `{type: token-classification, length: 24, words: 12, decoder: ${decoder}}`,
    );
    expect(result.baselines.map(({ name }) => name)).toEqual(['most frequent tag']);
    expect(result.test!.metrics.entityF1).toBeGreaterThan(0.8);
    expect(result.test!.perClass?.map(({ name }) => name)).toEqual(['ANIMAL', 'PER']);
    // None of the balls of the test is in training.
    expect(result.audit?.map(({ name }) => name)).toEqual(['accuracy on known words', 'accuracy on new words']);
    await using predictor = await openPredictor(run);
    const [answer] = await predictor.ask({ text: 'the old man sees the house.', top: 1 });
    expect(answer?.words?.map(({ word, tag }) => `${word}/${tag}`)).toEqual([
      'the/O',
      'old/B-PER',
      'man/I-PER',
      'sees/O',
      'the/O',
      'house/O',
      './O',
    ]);
    expect(answer?.words?.every(({ probability }) => probability > 0 && probability <= 1)).toBe(true);
  });

  it('tags the words of a CoNLL file as they are, with tags or without', async () => {
    const network = await findTrainedNetwork(tiny.workspace, 'crf', {
      checkpoint: 'best',
      onPassedOver: () => undefined,
    });
    const input = join(tiny.folder, 'asked.conll');
    writeFileSync(input, 'the\nold\nman-\n\nthe O\ncat O\n\nthe a b c d e f g h i j\n');
    const output = join(tiny.folder, 'answers.jsonl');
    const { failures, answered } = await predictFile(network, { input, output, ...quiet });
    expect(answered).toBe(1);
    expect(failures.map(({ line }) => line)).toEqual([5, 8]); // another number of columns than that of the first line
    const [row] = readFileSync(output, 'utf8').trim().split('\n');
    const { words, tags, given } = z
      .object({ words: z.string(), tags: z.string(), given: z.null() })
      .parse(JSON.parse(row!));
    expect(words).toBe('the old man-'); // which a text would have taken apart
    expect(tags.split(' ')).toHaveLength(3);
    expect(given).toBeNull();
    writeFileSync(input, 'the O\ncat B-ANIMAL\n');
    const again = join(tiny.folder, 'again.jsonl');
    await predictFile(network, { input, output: again, ...quiet });
    expect(JSON.parse(readFileSync(again, 'utf8'))).toMatchObject({ words: 'the cat', given: 'O B-ANIMAL' });
  });

  it('goes on after stops to the same bits', async () => {
    const { whole, stopped } = await bitsWithAndWithoutStops(
      tiny.workspace,
      experiment('stops', '{type: token-classification, length: 24, words: 12, decoder: crf}'),
    );
    expect(stopped).toEqual(whole);
  });

  it('understands entities whose tags name no type', async () => {
    const sentences = Array.from({ length: 60 }, (_, index) =>
      ['the O', ...(index % 2 === 0 ? ['old B', 'man I'] : ['cat B']), 'sees O', `ball${index} O`].join('\n'),
    );
    const folder = join(tiny.folder, 'untyped');
    mkdirSync(folder);
    writeFileSync(join(folder, 'untyped.conll'), sentences.join('\n\n'));
    await importDataset(tiny.workspace, 'untyped', { sources: [folder], labels: { kind: 'tags' }, ...quiet });
    const spec = experiment('untyped', '{type: token-classification, length: 24, words: 12}');
    const run = await createRun(tiny.workspace, { ...spec, data: 'untyped' });
    await trainRun(tiny.workspace, run, { signal: quiet.signal, prefetch: false });
    const { result } = await readRun(run);
    expect(result!.test!.perClass?.map(({ name }) => name)).toEqual(['entity']);
    await using predictor = await openPredictor(run);
    const [answer] = await predictor.ask({ text: 'the old man sees it', top: 1 });
    expect(answer?.words?.map(({ tag }) => tag).slice(1, 3)).toEqual(['B-entity', 'I-entity']);
  });

  it('cuts long sentences between words', () => {
    const tokenizer = loadTokenizer(join(tiny.workspace.corpora, 'tiny', 'tokenizer.json'));
    const words = ['the', 'cat', 'sees', 'the', 'dog'];
    const windows = windowsOf(tokenizer, words, { length: 24, words: 2 });
    expect(windows.map(({ words: own }) => own)).toEqual([['the', 'cat'], ['sees', 'the'], ['dog']]);
    for (const { begins, pieces, words: own } of windows) {
      expect(begins).toHaveLength(own.length);
      expect(begins[0]).toBe(0);
      expect(pieces.length).toBeGreaterThanOrEqual(own.length);
    }
  });

  it('needs tags', async () => {
    const folder = join(tiny.folder, 'classes');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.csv'), 'text,label\na cat,animal\na rose,plant\na dog,animal\na tree,plant\n');
    await importDataset(tiny.workspace, 'classes', { sources: [folder], ...quiet });
    const text = `name: none\ntask: {type: token-classification, length: 24}\ndata: classes\ntokenizer: {corpus: tiny}\npipeline: ${network}`;
    const spec = parseExperiment(parseSpecText(text, 'none.yaml'));
    await expect(createRun(tiny.workspace, spec)).rejects.toThrow(/import it with --labels tags/);
  });
});
