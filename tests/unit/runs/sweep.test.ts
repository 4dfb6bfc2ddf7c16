// Sweeps in a small workspace: trained to their end, stopped and gone on with to the same bits, and with trials that diverge.
import { cp, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SweepResult } from '../../../src/shared/spec/sweep.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import type { SweepRunOptions } from '../../../src/main/runs/sweep.ts';
import { listSweeps, loadSweep, runSweep } from '../../../src/main/runs/sweep.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import { listRuns } from '../../../src/main/workspace/runs.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinySpec } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

async function copyOf(name: string): Promise<Workspace> {
  const folder = join(tiny.folder, name);
  await cp(tiny.workspace.folder, folder, { recursive: true });
  return openWorkspace(folder);
}

const training = 'training: {steps: 4, batchSize: 4, learningRate: 1e-2, evaluateEvery: 2, checkpointEvery: 2}';
const sourceOf = (sweep: string, name = 'tiny') =>
  parseSpecText(`${tinySpec(training, name)}sweep: ${sweep}`, 'sweep.yaml');

function sweep(
  workspace: Workspace,
  source: ReturnType<typeof sourceOf>,
  options: Partial<SweepRunOptions> = {},
): Promise<SweepResult | undefined> {
  return runSweep(workspace, source, { signal: new AbortController().signal, prefetch: false, ...options });
}

const halving = `{method: halving, trials: 6, reductionFactor: 2, rungs: [2, 4, 6], fields: {training.learningRate: {from: 1e-4, to: 0.1, scale: log}, training.batchSize: [2, 4]}}`;

/** Of all runs, by the names of their experiments: the weights after the last step. */
async function bitsOf({ runs }: Workspace): Promise<Readonly<Record<string, string>>> {
  const bits = (await readdir(runs)).map(async (id) => {
    const run = runFolder(join(runs, id));
    const spec = parseExperiment({ value: JSON.parse(await readFile(run.spec, 'utf8')), locate: () => id });
    const file = join(run.checkpoints, `step-${spec.training.steps ?? 0}`, 'model.safetensors');
    return [spec.name, await readFile(file, 'base64')] as const;
  });
  return Object.fromEntries(await Promise.all(bits));
}

describe('a sweep by successive halving', () => {
  let workspace: Workspace;
  let result: SweepResult;
  beforeAll(async () => {
    workspace = await copyOf('halving');
    result = (await sweep(workspace, sourceOf(halving)))!;
  });

  it('trains the best of each rung for longer, by their validation loss and never with the test', async () => {
    expect(result).toMatchObject({ metric: 'loss', direction: 'minimise', finished: true });
    expect(result.rungs.map(({ trials }) => trials)).toEqual([6, 3, 1]);
    const { runs } = await listRuns(workspace);
    expect(runs).toHaveLength(6 + 3 + 1);
    expect(runs.filter((run) => run.result?.test !== undefined)).toEqual([]);
    const lossesAfter = (steps: number): { trial: number; loss: number }[] =>
      runs
        .filter(({ experiment }) => experiment.training.steps === steps)
        .map(({ experiment, result: found }) => ({
          trial: Number(experiment.name.split('.').at(-1)),
          loss: found!.validation.metrics.loss!,
        }))
        .sort((a, b) => a.loss - b.loss);
    const trialsOf = (list: readonly { trial: number }[]): number[] => list.map(({ trial }) => trial).sort();
    expect(trialsOf(lossesAfter(4))).toEqual(trialsOf(lossesAfter(2).slice(0, 3)));
    expect(trialsOf(lossesAfter(6))).toEqual(trialsOf(lossesAfter(4).slice(0, 1)));
    expect(result.best).toBe(lossesAfter(6)[0]!.trial);
    const best = result.trials.find(({ number }) => number === result.best)!;
    expect(best.rungs.map(({ value }) => value)).toEqual(
      [2, 4, 6].map((steps) => lossesAfter(steps).find(({ trial }) => trial === result.best)!.loss),
    );
  });

  it('is not trained again, and is found by its name', async () => {
    const steps: number[] = [];
    expect(await sweep(workspace, sourceOf(halving), { onStep: (step) => steps.push(step) })).toEqual(result);
    expect(steps).toEqual([]);
    expect(await listSweeps(workspace)).toEqual(['tiny']);
    expect((await loadSweep(workspace, 'tiny')).result).toEqual(result);
    await expect(loadSweep(workspace, 'tinny')).rejects.toThrow("There is no sweep 'tinny'. There is: tiny");
  });

  it('has the same bits when it was stopped again and again', async () => {
    const stopped = await copyOf('stopped');
    let answer: SweepResult | undefined;
    let stops = 0;
    while (!answer) {
      const control = new AbortController();
      let steps = 0;
      const onStep = (): void => {
        if (++steps === 3) control.abort();
      };
      answer = await sweep(stopped, sourceOf(halving), { signal: control.signal, onStep });
      if (!answer) stops++;
    }
    expect(stops).toBeGreaterThan(5);
    const { runs } = await listRuns(stopped);
    expect(runs).toHaveLength(10);
    expect(await bitsOf(stopped)).toEqual(await bitsOf(workspace));
    const valuesOf = ({ trials }: SweepResult) =>
      trials.map(({ number, settings, rungs }) => [number, settings, rungs.map(({ value }) => value)]);
    expect(valuesOf(answer)).toEqual(valuesOf(result));
  });
});

describe('a trial that diverges', () => {
  const source = sourceOf('{method: grid, fields: {training.learningRate: [0.01, 1e30]}}', 'diverging');

  it('is the worst, ends nothing, and is not trained again', async () => {
    const workspace = await copyOf('diverging');
    const result = (await sweep(workspace, source))!;
    expect(result).toMatchObject({ best: 1, finished: true });
    expect(result.trials[1]?.rungs).toMatchObject([{ value: null }]);
    expect(await sweep(workspace, source)).toEqual(result);
    expect((await listRuns(workspace)).runs.map(({ status }) => status).sort()).toEqual(['failed', 'finished']);
  });
});

it('refuses settings that do not go together before anything is trained', async () => {
  const workspace = await copyOf('refused');
  const source = sourceOf('{method: grid, fields: {pipeline.options.heads: [2, 3]}}', 'refused');
  await expect(sweep(workspace, source)).rejects.toThrow(/^Trial 2 \(pipeline\.options\.heads: 3\): /);
  expect(await readdir(workspace.runs)).toEqual([]);
  expect(await listSweeps(workspace)).toEqual([]);
});
