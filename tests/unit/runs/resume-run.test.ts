// What may change when a run goes on: its length, upwards. All else is told before anything happens.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { prepareResume } from '../../../src/main/runs/resume-run.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { Experiment } from '../../../src/shared/spec/experiment/index.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const experiment = tinyExperiment('training: {steps: 2, batchSize: 4, learningRate: 1e-2, evaluateEvery: 2}');
let tiny: TinyWorkspace;
let run: RunFolder;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  run = await createRun(tiny.workspace, experiment);
  await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
});

afterAll(() => tiny.remove());

const withTraining = (change: Partial<Experiment['training']>): Experiment => ({
  ...experiment,
  training: { ...experiment.training, ...change },
});

it('says that it is finished, and how to train it longer', async () => {
  await expect(prepareResume(run, experiment)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/finished already.*training\.steps/),
  });
});

it.each([
  ['another learning rate', { learningRate: 0.5 }, 'Only its length can change'],
  ['fewer steps', { steps: 1 }, 'longer, not shorter'],
])('refuses %s', async (_, change, message) => {
  await expect(prepareResume(run, withTraining(change))).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(message),
  });
  expect(existsSync(run.result)).toBe(true);
});

it('goes on with more steps', async () => {
  await prepareResume(run, withTraining({ steps: 4 }));
  const result = await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
  expect(result).toMatchObject({ steps: 4 });
  expect((await readRun(run)).events.filter(({ type }) => type === 'resumed')).toMatchObject([{ step: 2 }]);
});
