// Histograms of a run: of the weights that its checkpoints hold and of the gradients whose norms it records, each step once, the same
// bits in one piece and with interruptions, and nothing of them is believed that is not what was written.
import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { histogramInterval } from '../../../src/main/runs/record-histograms.ts';
import { prepareResume } from '../../../src/main/runs/resume-run.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { checkWorkspace } from '../../../src/main/training/check-workspace.ts';
import { readCheckpointWeights } from '../../../src/main/training/checkpoints.ts';
import { histogramOf } from '../../../src/main/training/histogram.ts';
import { checkpointFolder } from '../../../src/main/workspace/checkpoint-folders.ts';
import { readHistograms } from '../../../src/main/workspace/histogram-records.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readEvents } from '../../../src/main/workspace/run-folder.ts';
import { readTrainingRecords } from '../../../src/main/workspace/training-records.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const spec = (more = '') =>
  tinyExperiment(
    `training: {steps: 12, batchSize: 4, learningRate: 1e-2, evaluateEvery: 4, checkpointEvery: 5${more}}`,
  );

let tiny: TinyWorkspace;
let whole: RunFolder;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  whole = await createRun(tiny.workspace, spec());
  await train(whole);
});
afterAll(() => tiny.remove());

async function train(run: RunFolder, stopAt = Infinity): Promise<void> {
  const stop = new AbortController();
  const onStep = (step: number): void => {
    if (step === stopAt) stop.abort();
  };
  await trainRun(tiny.workspace, run, { signal: stop.signal, prefetch: false, onStep });
}

const fileOf = ({ artifacts }: RunFolder): string => join(artifacts, 'histograms.jsonl');
const textOf = (run: RunFolder): Promise<string> => readFile(fileOf(run), 'utf8');

describe('histograms of a run', () => {
  it('are those of the weights in its checkpoints', async () => {
    const { parameters, records, damaged } = await readHistograms(whole);
    expect(damaged).toBe(0);
    expect([...new Set(records.map(({ step }) => step))]).toEqual([0, 4, 8, 12]);
    expect(records).toHaveLength(4 * parameters.length);
    const weights = await readCheckpointWeights(checkpointFolder(whole.checkpoints, 12));
    for (const { parameter, weights: found } of records.filter(({ step }) => step === 12)) {
      const { data } = weights.get(parameter)!;
      expect(found).toEqual(histogramOf(data as Float32Array)); // parameters of checkpoints are float32
    }
  });

  it('are those of the gradients whose norms are recorded', async () => {
    const { records } = await readHistograms(whole);
    const { gradients } = await readTrainingRecords(whole);
    expect(gradients.map(({ step }) => step)).toEqual([4, 8, 12]);
    expect(records.filter(({ step }) => step === 0).every((record) => record.gradients === undefined)).toBe(true);
    for (const { step, norms } of gradients) {
      const squares = Object.values(norms).reduce<number>((sum, norm) => sum + (norm ?? NaN) ** 2, 0);
      const found = records
        .filter((record) => record.step === step)
        .reduce((sum, { gradients: one }) => sum + (one!.std! ** 2 + one!.mean! ** 2) * one!.count, 0);
      expect(found / squares).toBeCloseTo(1, 6);
    }
  });

  it('are the same bits where a run was stopped, and killed after it had recorded what it does again', async () => {
    const run = await createRun(tiny.workspace, spec());
    await train(run, 6);
    const all = (await textOf(whole)).split('\n');
    const later = all.filter((line) => line.startsWith('{"step":8,'));
    expect(later.length).toBeGreaterThan(10);
    await appendFile(fileOf(run), `${later.join('\n')}\n${later[0]!.slice(0, 40)}`);
    await train(run);
    expect(await textOf(run)).toBe(await textOf(whole));

    const killed = await createRun(tiny.workspace, spec());
    await writeFile(fileOf(killed), await textOf(whole)); // before its first checkpoint
    await train(killed);
    expect(await textOf(killed)).toBe(await textOf(whole));
  });

  it('leave out a line with a flipped bit, which a check names', async () => {
    const folder = join(tiny.folder, 'flipped');
    await cp(tiny.workspace.folder, folder, { recursive: true });
    const run = { ...whole, artifacts: join(folder, 'runs', whole.id, 'artifacts') };
    const bytes = await readFile(fileOf(run));
    const at = bytes.indexOf('"mean":') + 9;
    bytes[at] = bytes[at]! ^ 1;
    await writeFile(fileOf(run), bytes);
    const [found, before] = [await readHistograms(run), await readHistograms(whole)];
    expect(found.damaged).toBe(1);
    expect(found.records).toHaveLength(before.records.length - 1);
    const problems: string[] = [];
    for await (const one of checkWorkspace(await openWorkspace(folder), new AbortController().signal)) {
      problems.push(...one.problems);
    }
    expect(problems).toEqual([expect.stringMatching(/histograms\.jsonl is damaged: a line is not what was written/)]);
  });

  it('of one parameter are read by its name, and of the first without one', async () => {
    const { parameters } = await readHistograms(whole);
    const second = await readHistograms(whole, parameters[1]);
    expect(second.records.map(({ step, parameter }) => [step, parameter])).toEqual(
      [0, 4, 8, 12].map((step) => [step, parameters[1]]),
    );
    const first = await readHistograms(whole, null);
    expect(first.parameters).toEqual(parameters);
    expect(first.records.map(({ parameter }) => parameter)).toEqual(Array(4).fill(parameters[0]));
    expect((await readHistograms(whole, 'none')).records).toEqual([]);
  });

  it('are recorded at every second evaluation, or not at all, and a run that goes on may change that', async () => {
    const seldom = await createRun(tiny.workspace, spec(', histograms: 2'));
    await train(seldom);
    const steps = async (run: RunFolder) => [...new Set((await readHistograms(run)).records.map(({ step }) => step))];
    expect(await steps(seldom)).toEqual([0, 8, 12]);
    const without = await createRun(tiny.workspace, spec(', histograms: false'));
    await train(without, 6);
    expect(await steps(without)).toEqual([]);
    await prepareResume(without, spec(', histograms: true'));
    await train(without);
    expect(await steps(without)).toEqual([8, 12]);
  });

  it('are left out by themselves where many weights are trained', () => {
    expect([1e6, 3e7].map((trained) => histogramInterval(undefined, trained))).toEqual([1, undefined]);
    expect([true, 5, false].map((setting) => histogramInterval(setting, 3e7))).toEqual([1, 5, undefined]);
  });

  it('that cannot be written are told once, and the run goes on', async () => {
    const run = await createRun(tiny.workspace, spec());
    await cp(tiny.workspace.corpora, fileOf(run), { recursive: true }); // a folder in the way
    await train(run);
    const events = await readEvents(run);
    expect(events.map(({ type }) => type)).toContain('finished');
    expect(events.flatMap((event) => (event.type === 'notice' ? [event.message] : []))).toEqual([
      expect.stringContaining('Histograms are not recorded any more'),
    ]);
    // What else is recorded is as in a run where nothing was in the way.
    const [found, expected] = [await readTrainingRecords(run), await readTrainingRecords(whole)];
    expect(found.gradients).toEqual(expected.gradients);
    expect(found.samples).toEqual(expected.samples);
  });

  it('are whole where norms and samples cannot be written', async () => {
    const run = await createRun(tiny.workspace, spec());
    for (const file of ['gradients.jsonl', 'samples.jsonl']) {
      await cp(tiny.workspace.corpora, join(run.artifacts, file), { recursive: true });
    }
    await train(run);
    const notices = (await readEvents(run)).flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(notices).toEqual([
      expect.stringContaining('Gradient norms are not recorded any more'),
      expect.stringContaining('Samples are not recorded any more'),
    ]);
    expect(await textOf(run)).toBe(await textOf(whole));
  });
});
