/** Runs with each optimizer: stopped and resumed to the same bits, and with averaged weights. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const steps = 6;
let tiny: TinyWorkspace;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

const training = (more: string): string =>
  `training: {steps: ${steps}, batchSize: 4, learningRate: 1e-2, evaluateEvery: 3, checkpointEvery: 4,
  schedule: {type: wsd, warmupFraction: 0.2, decayFraction: 0.4, decay: one-minus-sqrt}, ${more}}`;

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

const create = (more: string): Promise<RunFolder> => createRun(tiny.workspace, tinyExperiment(training(more)));

function lastCheckpoint(run: RunFolder): Promise<Buffer[]> {
  const folder = join(run.checkpoints, `step-${steps}`);
  return Promise.all(['model', 'optimizer'].map((part) => readFile(join(folder, `${part}.safetensors`))));
}

const optimizers = {
  Muon: 'optimizer: {type: muon}',
  'Muon with layers that join late':
    'optimizer: {type: muon}, layerwiseLearningRateDecay: 0.8, gradualUnfreezing: {steps: 1}',
  'averaged weights': 'weightAverage: 0.9, gradientAccumulationSteps: 2',
  'a chain': `weightAverage: 0.8, optimizer: {type: chain, transforms: [{type: clip, norm: 0.5}, {type: adam}, {type: decay}],
    matrices: [{type: momentum, decay: 0.9}, {type: orthogonalise}, {type: scale, factor: 2}]}`,
};

describe.each(Object.entries(optimizers))('a run with %s', (_, more) => {
  it('that was stopped and resumed ends with the same bytes', async () => {
    const whole = await train(await create(more));
    const parts = await create(more);
    for (const stopAt of [2, 5]) await train(parts, stopAt);
    await train(parts);
    expect(await lastCheckpoint(parts)).toEqual(await lastCheckpoint(whole));
    const [a, b] = [await readRun(parts), await readRun(whole)];
    expect([a.result?.validation, a.result?.test]).toEqual([b.result?.validation, b.result?.test]);
  });
});

describe('averaged weights', () => {
  it('are what is evaluated and saved; training goes on as without them', async () => {
    const [plain, averaged] = [await train(await create('')), await train(await create('weightAverage: 0.9'))];
    const read = async (run: RunFolder, part: string) =>
      (await readSafetensors(join(run.checkpoints, `step-${steps}`, `${part}.safetensors`))).tensors;
    const trained = await read(averaged, 'optimizer');
    const name = 'backbone/encoder/layer.0/attention/query/weight';
    expect(trained.get(`${name}/trained`)!.data).toEqual((await read(plain, 'model')).get(name)!.data);
    expect((await read(averaged, 'model')).get(name)!.data).not.toEqual(trained.get(`${name}/trained`)!.data);
    const { result, events } = await readRun(averaged);
    const best = events.findLast((event) => event.type === 'evaluation' && event.best && event.split === 'validation');
    expect(result?.validation.metrics).toEqual(best?.type === 'evaluation' ? best.metrics : undefined);
    expect(result?.validation.metrics).not.toEqual((await readRun(plain)).result?.validation.metrics);
  });
});

describe('a schedule in a chain', () => {
  it('is the factor of the learning rate, in the place of the training’s own', async () => {
    const shape = '{type: cosine, warmupSteps: 2, finalFraction: 0.1}';
    const chain = (more: string) => `optimizer: {type: chain, transforms: [{type: adam}${more}]}`;
    const inChain = await train(await create(chain(`, {type: schedule, schedule: ${shape}}`)));
    const plain = training(chain('')).replace(/schedule: \{[^}]*\}/, `schedule: ${shape}`);
    const beside = await train(await createRun(tiny.workspace, tinyExperiment(plain)));
    const other = await train(await create(chain('')));
    expect(await lastCheckpoint(inChain)).toEqual(await lastCheckpoint(beside));
    expect(await lastCheckpoint(inChain)).not.toEqual(await lastCheckpoint(other));
  });
});

describe('the optimizer of an experiment', () => {
  it('is refused where its chain makes no sense', () => {
    const wrong = (transforms: string): string => training(`optimizer: {type: chain, transforms: ${transforms}}`);
    expect(() => tinyExperiment(wrong('[{type: adam}, {type: clip}]'))).toThrow(/clip comes first/);
    expect(() => tinyExperiment(wrong('[{type: orthogonalise}, {type: orthogonalise}]'))).toThrow(/once/);
    const schedule = '{type: schedule, schedule: {type: cosine}}';
    expect(() => tinyExperiment(wrong(`[${schedule}, {type: adam}]`))).toThrow(/schedule comes last/);
    expect(() => tinyExperiment(wrong('[]'))).toThrow(/optimizer/);
    expect(() => tinyExperiment(wrong('[{type: adan}]'))).toThrow(/Did you mean 'adam'/);
  });
});
