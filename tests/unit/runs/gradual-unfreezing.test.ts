/** From a language model to a classifier as in ULMFiT: layers wait for their turn, and learn at rates of their own. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/shared/spec/experiment/index.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { importDataset } from '../../../src/main/work/import-material.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
let languageModel: RunFolder;

const pipeline = 'pipeline: {preset: lstm-lm, options: {hiddenSize: 16, layers: 2}}';
const stage = 4;
/** Groups from the top: the head, two recurrent layers, the embedding. */
const turns = ['head/', 'backbone/recurrent/layer.1/', 'backbone/recurrent/layer.0/', 'backbone/embedding/'];

function experimentOf(text: string): Experiment {
  return parseExperiment(parseSpecText(`${text}\n${pipeline}\nengine: {threads: 1}\n`, 'test.yaml'));
}

const tuned = (training: string, learningRate = 0.01): Experiment =>
  experimentOf(`
name: tuned
task: {type: text-classification, length: 12, pooling: last}
data: animals
from: {run: tiny-lm}
training: {steps: 20, batchSize: 8, learningRate: ${learningRate}, checkpointEvery: 2, evaluateEvery: 20, keepCheckpoints: 100, ${training}}`);

async function train(run: RunFolder, stopAt = Infinity): Promise<RunFolder> {
  const controller = new AbortController();
  await trainRun(tiny.workspace, run, {
    signal: controller.signal,
    prefetch: false,
    onStep: (step) => {
      if (step === stopAt) controller.abort();
    },
  });
  return run;
}

const modelFile = (run: RunFolder, step: number): string => join(run.checkpoints, `step-${step}`, 'model.safetensors');

async function weightsAt(run: RunFolder, step: number): Promise<Map<string, string>> {
  const { tensors } = await readSafetensors(modelFile(run, step));
  return new Map([...tensors].map(([name, { data }]) => [name, data.join()]));
}

/** Which of the groups have a weight that is not the same in the two checkpoints. */
async function moved(run: RunFolder, from: number, to: number): Promise<string[]> {
  const [before, after] = [await weightsAt(run, from), await weightsAt(run, to)];
  return turns.filter((group) =>
    [...after].some(([name, values]) => name.startsWith(group) && before.get(name) !== values),
  );
}

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  languageModel = await train(
    await createRun(
      tiny.workspace,
      experimentOf(`
name: tiny-lm
task: {type: next-word, length: 12}
data: tiny
training: {steps: 10, batchSize: 8, learningRate: 0.01, evaluateEvery: 10}`),
    ),
  );
  const sentences = Array.from({ length: 20 }, (_, index) => tinyDocument(index).split(/(?<=\.) /)).flat();
  const rows = sentences.map((text) => JSON.stringify({ text, label: /cat|dog|bird/.test(text) ? 'animal' : 'other' }));
  await writeFile(join(tiny.folder, 'animals.jsonl'), rows.join('\n'));
  await importDataset(tiny.workspace, 'animals', { sources: [join(tiny.folder, 'animals.jsonl')] });
});
afterAll(() => tiny.remove());

describe('gradual unfreezing', () => {
  const gradual = `gradualUnfreezing: {steps: ${stage}}, discriminativeFactor: 2.6`;

  it('lets one group after the other join, from the top; until then nothing of it moves', async () => {
    const run = await train(await createRun(tiny.workspace, tuned(gradual)));
    const source = await readSafetensors(modelFile(languageModel, 10));
    const first = await readSafetensors(modelFile(run, 2));
    for (const [name, { data }] of first.tensors) {
      if (name.startsWith('backbone/')) expect(data, name).toEqual(source.tensors.get(name)!.data);
    }
    for (const [index] of turns.entries()) {
      const start = index * stage;
      expect(await moved(run, start === 0 ? 2 : start, start + stage)).toEqual(turns.slice(0, index + 1));
    }
  });

  it('is the same to the bit when it is stopped between stages and resumed', async () => {
    const whole = await train(await createRun(tiny.workspace, tuned(gradual)));
    const run = await createRun(tiny.workspace, tuned(gradual));
    for (const stopAt of [3, 9]) await train(run, stopAt);
    await train(run);
    expect(await readFile(modelFile(run, 20))).toEqual(await readFile(modelFile(whole, 20)));
  });

  it('counts stages in epochs where no steps are given', async () => {
    // 168 of the 240 sentences are for training, 8 in a step: a stage has 4 steps.
    const run = await createRun(tiny.workspace, tuned('gradualUnfreezing: {epochs: 0.15}'));
    await train(run);
    expect(await moved(run, 2, 4)).toEqual(turns.slice(0, 1));
    expect(await moved(run, 4, 6)).toEqual(turns.slice(0, 2));
  });

  it('is refused where the lowest layers would never have their turn', async () => {
    const run = await createRun(tiny.workspace, tuned('gradualUnfreezing: {steps: 7}'));
    await expect(train(run)).rejects.toMatchObject({
      code: 'bad-spec',
      message: expect.stringContaining('backbone/embedding would join at step 21 of 20'),
    });
    expect(() => tuned('gradualUnfreezing: {steps: 1, epochs: 1}')).toThrow(
      expect.objectContaining({ message: expect.stringContaining('Give steps or epochs, not both') }),
    );
  });
});

describe('discriminative rates', () => {
  it('move a layer less, the lower it is', async () => {
    const step = async (more: string): Promise<Map<string, number>> => {
      const run = await createRun(
        tiny.workspace,
        tuned(`optimizer: {type: sgd, momentum: 0, weightDecay: 0, clipNorm: 0}${more}`, 1),
      );
      await train(run, 1);
      const before = (await readSafetensors(modelFile(languageModel, 10))).tensors;
      const { tensors } = await readSafetensors(modelFile(run, 1));
      return new Map(
        [...tensors].flatMap(([name, { data }]) => {
          const old = before.get(name);
          const distance = Math.hypot(...Array.from(data, (value, index) => value - (old?.data[index] ?? 0)));
          return name.startsWith('backbone/') && old ? [[name, distance] as const] : [];
        }),
      );
    };
    const [full, scaled] = [await step(''), await step(', discriminativeFactor: 2.6')];
    const ratio = (name: string): number => full.get(name)! / scaled.get(name)!;
    expect(ratio('backbone/recurrent/layer.1/forward/input-weight') / 2.6).toBeCloseTo(1, 2);
    expect(ratio('backbone/recurrent/layer.0/forward/input-weight') / 2.6 ** 2).toBeCloseTo(1, 2);
    expect(ratio('backbone/embedding/token') / 2.6 ** 3).toBeCloseTo(1, 1);
  });
});
