// Many models asked at once, of which few stay loaded; and what 'last' means while a run is trained on.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { withPredictor } from '../../../src/main/work/loaded-models.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

const settings = 'training: {steps: 6, batchSize: 4, evaluateEvery: 3, checkpointEvery: 3, keepCheckpoints: 5}';

/** Stops after a step. */
async function train(run: RunFolder, until: number): Promise<void> {
  const stop = new AbortController();
  const onStep = (step: number): void => {
    if (step >= until) stop.abort();
  };
  await trainRun(tiny.workspace, run, { signal: stop.signal, prefetch: false, onStep });
}

const ask = (run: RunFolder): Promise<string> =>
  withPredictor(tiny.workspace, run.id, 'last', async (predictor) => {
    const answers = await predictor.ask({ text: 'the cat [MASK] the house.', top: 3 });
    return JSON.stringify([predictor.step, answers]);
  });

it('keeps every model while it answers, however many are asked at once', async () => {
  const runs: RunFolder[] = [];
  for (let seed = 1; seed <= 4; seed++) {
    const run = await createRun(tiny.workspace, { ...tinyExperiment(settings), seed });
    await train(run, 3);
    runs.push(run);
  }
  const alone = [];
  for (const run of runs) alone.push(await ask(run));
  expect(new Set(alone).size).toBe(4);
  for (let round = 0; round < 5; round++) expect(await Promise.all(runs.map(ask))).toEqual(alone);
});

it('answers with the checkpoint that is the last one now, and loads a model again that could not be loaded', async () => {
  const run = await createRun(tiny.workspace, tinyExperiment(settings));
  await expect(ask(run)).rejects.toMatchObject({ code: 'not-found' });
  await train(run, 3);
  expect(JSON.parse(await ask(run))).toMatchObject([3, expect.anything()]);
  await train(run, 6);
  expect(JSON.parse(await ask(run))).toMatchObject([6, expect.anything()]);
});
