/**
 * Sentences with the same words in another order: a bag of words guesses, recurrent networks learn to tell them apart, on pairs
 * that they have not seen and on the lecture's own two sentences.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GROUPS_FILE } from '../../../../src/main/data/text/dataset-files.ts';
import { importTextDataset } from '../../../../src/main/data/text/import-dataset.ts';
import { wordOrderExample, wordOrderSentences } from '../../../word-order.ts';
import { createOnnxRuntimeEngine } from '../../../../src/main/engines/onnxruntime/engine.ts';
import { initialParameters, resolvePipeline } from '../../../../src/main/nn/index.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import { evaluateSplit } from '../../../../src/main/training/evaluate.ts';
import type { Model } from '../../../../src/main/training/model.ts';
import { buildModel } from '../../../../src/main/training/model.ts';
import type { TextFixture } from './text-fixtures.ts';
import { corpusOf } from './text-fixtures.ts';

const engine = createOnnxRuntimeEngine();
const task = findTask('text-classification');
const [LENGTH, BATCH, STEPS] = [20, 32, 150];

let fixture: TextFixture;
let dataset: string;

beforeAll(async () => {
  const sentences = wordOrderSentences(400);
  fixture = await corpusOf(sentences.map(({ text }) => text));
  const file = join(fixture.root, 'word-order.jsonl');
  await writeFile(file, sentences.map((sentence) => JSON.stringify(sentence)).join('\n'));
  dataset = join(fixture.root, 'word-order');
  await importTextDataset({ sources: [file], folder: dataset, name: 'word-order' });
  // A pair is one group, as repeated texts are: both sentences are on the same side of every split.
  const groups = Uint32Array.from(sentences, (_, index) => index - (index % 2));
  await writeFile(join(dataset, GROUPS_FILE), groups);
});
afterAll(() => fixture.remove());

function open(pooling: string) {
  const options = task.options.parse({ length: LENGTH, pooling, testFraction: 0.3, dropout: 0 });
  const setup = { options, dataFolder: dataset, tokenizerFile: fixture.tokenizerFile, splitSeed: 2 };
  return { options, setup, sampler: task.openSampler(setup) };
}

describe('the same words in another order', () => {
  it('come in pairs with one bag of words', () => {
    for (const sentences of [wordOrderExample, wordOrderSentences(50)]) {
      for (let index = 0; index < sentences.length; index += 2) {
        const [a, b] = [sentences[index]!, sentences[index + 1]!];
        const bag = (text: string): string[] => text.toLowerCase().match(/\w+/g)!.sort();
        expect(bag(a.text)).toEqual(bag(b.text));
        expect([a.label, b.label].sort()).toEqual(['bad', 'good']);
        expect(a.group).toBe(b.group);
      }
    }
  });

  it('leave a bag of words at chance', async () => {
    const { options, setup, sampler } = open('mean');
    const baselines = await task.baselines(sampler, options, setup, new AbortController().signal);
    expect(baselines.find(({ name }) => name === 'bag of words')!.metrics.accuracy).toBe(0.5);
    sampler.close();
  });

  it.each([
    ['rnn', 'last'],
    ['lstm', 'last'],
    ['gru', 'mean'],
    ['lstm', 'attention'],
    ['gru', 'max'],
    ['lstm', 'vector'],
  ])('are told apart by %s layers with %s pooling', async (cell, pooling) => {
    const { options, sampler } = open(pooling);
    const { input, classes } = sampler;
    const pipeline = resolvePipeline({ preset: 'rnn-classifier', options: { hiddenSize: 32, cell, dropout: 0 } });
    const model: Model = { task, options, pipeline, facts: { input, classes: classes! } };
    const program = buildModel(model, 'training', BATCH);
    const optimizer = { type: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0, clipNorm: 1 } as const;
    const trainer = await engine.compile(program, { optimizer, threads: 1 });
    await trainer.importState({ parameters: initialParameters(program, 1) });
    for (let step = 0; step < STEPS; step++) {
      await trainer.step([sampler.trainingBatch(1, step, BATCH)], { learningRate: 0.005, seed: 1, step });
    }
    const evaluator = await engine.compile(buildModel(model, 'evaluation', BATCH), {
      shareStateWith: trainer,
      threads: 1,
    });
    const result = await evaluateSplit(model, evaluator, sampler, { split: 'test', batchSize: BATCH });
    expect(result!.correct!.length).toBeGreaterThan(200);
    expect(result!.metrics.accuracy).toBeGreaterThanOrEqual(0.95);

    const asker = await engine.compile(buildModel(model, 'prediction', 1), { shareStateWith: trainer, threads: 1 });
    for (const { text, label } of wordOrderExample) {
      const asked = { ...model.facts, tokenizerFile: fixture.tokenizerFile, run: asker.run.bind(asker) };
      const [answer] = await task.predict!(asked, { text, top: 2 }, options);
      expect(answer!.choices[0]!.label).toBe(label);
    }
    for (const executable of [asker, evaluator, trainer]) await executable.release();
    sampler.close();
  });
});
