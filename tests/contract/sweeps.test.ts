// Sweeps by successive halving in a lab with real trainers: rung after rung, over a restart, and to what the command line finds.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Lab } from '../../src/main/lab/lab.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { labHandlers } from '../../src/main/rpc/features/index.ts';
import type { ContractHandlers } from '../../src/main/rpc/dispatcher.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { runSweep } from '../../src/main/runs/sweep.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import type { Contract } from '../../src/shared/contract/index.ts';
import type { SweepSummary } from '../../src/shared/contract/sweeps.ts';
import { sweepResult } from '../../src/shared/spec/sweep.ts';
import { eventually } from '../eventually.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinySpec } from '../tiny-workspace.ts';
import { inProcessWorkers } from './lab-fixture.ts';

const training = 'training: {steps: 8, batchSize: 4, learningRate: 1e-2, evaluateEvery: 4}';
const halving = `{method: halving, trials: 4, reductionFactor: 2, rungs: [2, 4, 8], fields: {training.learningRate: {from: 1e-4, to: 0.1, scale: log}}}`;
const source = parseSpecText(`${tinySpec(training, 'rates')}sweep: ${halving}`, 'sweep.yaml');
const spec = { ...(source.value as object) }; // a file of members

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

async function openOn(folder: string): Promise<{ lab: Lab; handlers: ContractHandlers<Contract> }> {
  const lab = await openLab({ folder, host: 'server', processes: inProcessWorkers, tasks: taskNotes });
  onTestFinished(() => lab.close());
  return { lab, handlers: labHandlers(lab) };
}

/** The context of a request of nobody. */
const context = { signal: new AbortController().signal, progress: () => undefined };
const get = ({ sweeps }: ContractHandlers<Contract>): Promise<SweepSummary> =>
  Promise.resolve(sweeps.get({ name: 'rates' }, context)) as Promise<SweepSummary>; // what the contract makes of it

const valuesOf = ({ result }: Pick<SweepSummary, 'result'>) =>
  result.trials.map(({ number, settings, rungs }) => [number, settings, rungs.map(({ value }) => value)]);

describe('a sweep of a lab', () => {
  it('trains rung after rung, goes on when the lab is opened again, and finds what the command finds', async () => {
    const folder = join(tiny.folder, 'lab');
    await cp(tiny.workspace.folder, folder, { recursive: true });
    const first = await openOn(folder);
    const made = await first.handlers.sweeps.create({ spec }, context);
    expect(made).toMatchObject({ trainings: 4 + 2 + 1, done: 0, remainingSeconds: null });
    await eventually(async () => {
      expect((await get(first.handlers)).done).toBeGreaterThanOrEqual(4);
    });
    await first.lab.close();

    const second = await openOn(folder);
    const interrupted = (await get(second.handlers)).runs.filter(({ state }) => state === 'stopped');
    if (interrupted.length > 0) await second.handlers.sweeps.resume({ name: 'rates' }, context);
    const done = await eventually(async () => {
      const summary = await get(second.handlers);
      expect(summary).toMatchObject({ done: 7, trainings: 7, halted: 0, remainingSeconds: 0 });
      return summary;
    });
    expect(second.lab.runs.all().filter(({ state }) => state === 'finished')).toHaveLength(7);

    const alone = join(tiny.folder, 'alone');
    await cp(tiny.workspace.folder, alone, { recursive: true });
    const result = await runSweep(await openWorkspace(alone), source, {
      signal: new AbortController().signal,
      prefetch: false,
    });
    expect(valuesOf(done)).toEqual(valuesOf({ result: sweepResult.parse(result) }));
    expect(done.result.best).toBe(result?.best);
  });
});
