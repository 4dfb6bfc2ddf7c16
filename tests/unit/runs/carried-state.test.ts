/** Language models from the experiment to the continued text, with a state carried from batch to batch. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/shared/spec/experiment/index.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
let whole: RunFolder;
const steps = 150;

const experiment: () => Experiment = () =>
  parseExperiment(
    parseSpecText(
      `
name: tiny-lm
task: {type: next-word, length: 12, validationFraction: 0.2, testFraction: 0.1}
data: tiny
pipeline: {preset: lstm-lm, options: {hiddenSize: 32, cell: gru}}
engine: {threads: 1}
training: {steps: ${String(steps)}, batchSize: 8, learningRate: 0.02, evaluateEvery: ${String(steps)}, checkpointEvery: 40}
`,
      'tiny-lm.yaml',
    ),
  );

async function train(run: RunFolder, stopAt = Infinity): Promise<void> {
  const controller = new AbortController();
  await trainRun(tiny.workspace, run, {
    signal: controller.signal,
    prefetch: false,
    onStep: (step) => {
      if (step === stopAt) controller.abort();
    },
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const modelFile = (run: RunFolder): string => join(run.checkpoints, `step-${String(steps)}`, 'model.safetensors');

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  whole = await createRun(tiny.workspace, experiment());
  await train(whole);
});
afterAll(() => tiny.remove());

describe('a language model', () => {
  it('learns more than its baselines know', async () => {
    const { result } = await readRun(whole);
    const [unigram, bigram] = result!.baselines;
    expect(result!.test!.metrics.perplexity).toBeLessThan(unigram!.metrics.perplexity!);
    expect(result!.test!.metrics.perplexity).toBeLessThan(bigram!.metrics.perplexity!);
  });

  it('that was stopped in the middle of an epoch and resumed ends with the same bytes, its state included', async () => {
    const run = await createRun(tiny.workspace, experiment());
    for (const stopAt of [2, 61]) await train(run, stopAt);
    await train(run);
    expect(await readFile(modelFile(run))).toEqual(await readFile(modelFile(whole)));
    const { tensors } = await readSafetensors(modelFile(run));
    const state = tensors.get('backbone/recurrent/layer.0/forward/hidden-state')!;
    expect(state.shape).toEqual([8, 32]);
    expect(state.data.some((value) => Math.abs(value) > 0.01)).toBe(true);
  });

  it('continues texts with true probabilities', async () => {
    const predictor = await openPredictor(whole, 'last');
    const [answer] = await predictor.ask({ text: 'The cat sees the', top: 200 });
    expect(answer!.question).toBe('the cat sees the …');
    expect(answer!.choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
    const [few] = await predictor.ask({ text: 'The cat sees the', top: 2 });
    expect(few!.choices).toEqual(answer!.choices.slice(0, 2)); // not renormalised
    const generated = await collect(
      predictor.generate({ text: 'The cat', tokens: 12, temperature: 0.5, topK: 5, seed: 3 }),
    );
    expect(generated).toHaveLength(12);
    expect(generated.at(-1)!.text.startsWith('the cat ')).toBe(true);
    await predictor.close();
  });
});
