// The range test of an experiment: what it trains is what a run would train, and nothing of it stays.
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { geometricRates } from '../../../src/shared/learning-rate-test.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { testLearningRates } from '../../../src/main/runs/test-learning-rates.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { readEvents } from '../../../src/main/workspace/run-folder.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const signal = new AbortController().signal;
const range = { first: 1e-5, last: 10, steps: 40, signal };
let tiny: Awaited<ReturnType<typeof createTinyWorkspace>>;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(async () => {
  await tiny.remove();
});

describe('testLearningRates', () => {
  it('takes the batches, weights and steps of a run', async () => {
    // With the learning rate as good as 0 in both, the weights stay, and every step tells the loss of its own batch.
    const still = tinyExperiment(
      'training: {steps: 6, batchSize: 4, learningRate: 1e-30, schedule: {type: constant}, evaluateEvery: 6, logEvery: 1, gradientAccumulationSteps: 2}',
    );
    const { points } = await testLearningRates(tiny.workspace, still, { first: 1e-30, last: 2e-30, steps: 6, signal });
    const run = await createRun(tiny.workspace, still);
    await trainRun(tiny.workspace, run, { signal });
    const losses = (await readEvents(run)).flatMap((event) => (event.type === 'step' ? [event.scalars.loss] : []));
    expect(losses).toHaveLength(6);
    expect(points.map(({ loss }) => loss)).toEqual(losses);
  });

  it('finds the fall of the loss, ends where it grows beyond bounds, and leaves nothing', async () => {
    const before = await readdir(tiny.workspace.folder, { recursive: true });
    const done: number[] = [];
    const found = await testLearningRates(
      tiny.workspace,
      tinyExperiment(
        'training: {steps: 12, batchSize: 16, learningRate: 1e-2, optimizer: {type: sgd, momentum: 0, clipNorm: 0}}',
      ),
      { ...range, last: 1e4, onStep: (count) => done.push(count) },
    );
    expect(found.points.map(({ learningRate }) => learningRate)).toEqual(
      geometricRates(1e-5, 1e4, 40).slice(0, found.points.length),
    );
    expect(done).toEqual(found.points.map((_, index) => index + 1));
    expect(found.diverged).toBe(true);
    expect(found.points.length).toBeLessThan(40);
    const largest = Math.max(...found.points.map(({ learningRate }) => learningRate));
    for (const { learningRate } of found.suggestions) expect(learningRate).toBeLessThan(largest);
    expect(await readdir(tiny.workspace.folder, { recursive: true })).toEqual(before);
  });

  it('is cancelled, and refuses what has no learning rate', async () => {
    const stop = new AbortController();
    const cancelled = testLearningRates(tiny.workspace, tinyExperiment(), {
      ...range,
      signal: stop.signal,
      onStep: () => {
        stop.abort();
      },
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'aborted' });
    await expect(
      testLearningRates(tiny.workspace, tinyExperiment(), { ...range, first: 1, last: 0.1 }),
    ).rejects.toMatchObject({ code: 'bad-input' });
    await expect(
      testLearningRates(tiny.workspace, { ...tinyExperiment(), method: 'baseline' }, range),
    ).rejects.toMatchObject({ code: 'bad-spec' });
  });
});
