import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { appendFile, cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silenceMilliseconds } from '../../../src/main/files/heartbeat.ts';
import type { Experiment } from '../../../src/shared/spec/experiment/index.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { lockRun, openEventLog, readEvents } from '../../../src/main/workspace/run-folder.ts';
import { findRun, findTrainedRun, listRuns, readRun } from '../../../src/main/workspace/runs.ts';
import type { TrainOptions } from '../../../src/main/runs/train-run.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { TrainerMessage } from '../../../src/main/hosts/trainer/parent.ts';
import { onTheWay } from '../../eventually.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const trainer = fileURLToPath(new URL('../../../src/main/hosts/trainer/index.ts', import.meta.url));

let tiny: TinyWorkspace;
/** Trained without interruption: what all others are compared with. */
let whole: RunFolder;

async function trainWhole(experiment: Experiment, options: Partial<TrainOptions> = {}): Promise<RunFolder> {
  const run = await createRun(tiny.workspace, experiment);
  await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false, ...options });
  return run;
}

/** The bytes of the last checkpoint: weights, moments, and where the loop stood. */
async function lastCheckpoint(
  run: RunFolder,
  step = 12,
): Promise<{ model: Buffer; optimizer: Buffer; state: unknown }> {
  const folder = join(run.checkpoints, `step-${step}`);
  const {
    trainingSeconds: _seconds,
    crc32: _seal,
    ...state
  } = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as Record<string, unknown>;
  return {
    model: await readFile(join(folder, 'model.safetensors')),
    optimizer: await readFile(join(folder, 'optimizer.safetensors')),
    state,
  };
}

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  whole = await trainWhole(tinyExperiment());
});
afterAll(() => tiny.remove());

describe('a run', () => {
  it('learns, and leaves everything about itself in its folder', async () => {
    const details = await readRun(whole);
    expect(details).toMatchObject({ id: whole.id, status: 'finished', step: 12, totalSteps: 12, failure: null });
    const { result, events } = details;
    expect(result).toMatchObject({ steps: 12, engine: { name: 'onnxruntime', device: 'cpu' }, reason: 'steps' });
    expect(result?.baselines.length).toBeGreaterThan(0);
    expect(result?.test?.metrics.loss).toBeGreaterThan(0);
    expect(result?.validation.correct).toMatch(/^[01]+$/);
    const losses = events.flatMap((event) => (event.type === 'step' ? [event.scalars.loss ?? NaN] : []));
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    expect(
      events.flatMap((event) => (event.type === 'evaluation' && event.split === 'validation' ? [event.step] : [])),
    ).toEqual([4, 8, 12]);
    expect(await readdir(whole.checkpoints)).toContain('step-12');
    expect(await readdir(whole.folder)).not.toContain('lock');
  });

  it('is the same whether a worker prepares its batches or not', async () => {
    const other = await trainWhole(tinyExperiment(), { prefetch: true });
    expect(await lastCheckpoint(other)).toEqual(await lastCheckpoint(whole));
  });

  it('depends on its seed', async () => {
    const other = await trainWhole({ ...tinyExperiment(), seed: 1 });
    expect((await lastCheckpoint(other)).model).not.toEqual((await lastCheckpoint(whole)).model);
  });

  it('that was stopped and resumed ends with the same bytes', async () => {
    const run = await createRun(tiny.workspace, tinyExperiment());
    for (const stopAt of [3, 7]) {
      const controller = new AbortController();
      const result = await trainRun(tiny.workspace, run, {
        signal: controller.signal,
        prefetch: false,
        onStep: (step) => { if (step === stopAt) controller.abort(); },
      }); // prettier-ignore
      expect(result).toBeUndefined();
      expect(await readRun(run)).toMatchObject({ status: 'stopped', step: stopAt });
    }
    await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
    expect(await lastCheckpoint(run)).toEqual(await lastCheckpoint(whole));
    const [a, b] = [await readRun(run), await readRun(whole)];
    expect(a.result?.test).toEqual(b.result?.test);
    expect(a.events.filter(({ type }) => type === 'resumed').map(({ step }) => step)).toEqual([3, 7]);
  });

  it('that was stopped in the middle of evaluations does them when it goes on, and ends with the same bytes', async () => {
    const run = await createRun(tiny.workspace, tinyExperiment('', 'tiny-evaluations'));
    // Step 4 is evaluated anew; so is the last step, and then its best weights, on both splits.
    const stops: [RegExp, number][] = [
      [/^Evaluating$/, 4],
      [/^Evaluating$/, 4],
      [/^Evaluating$/, 8],
      [/^Evaluating$/, 12],
      [/on the validation split$/, 12],
      [/on the test split$/, 12],
    ];
    for (const [phase, step] of stops) {
      const controller = new AbortController();
      const seen = (): boolean => controller.signal.aborted;
      let reached = (await readRun(run)).step;
      const result = await trainRun(tiny.workspace, run, {
        signal: controller.signal,
        prefetch: false,
        onStep: (at) => { reached = at; },
        onPhase: (name) => { if (phase.test(name) && reached === step) controller.abort(); },
      }); // prettier-ignore
      expect([result, seen()]).toEqual([undefined, true]);
      expect(await readRun(run)).toMatchObject({ status: 'stopped', step });
    }
    await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
    expect(await lastCheckpoint(run)).toEqual(await lastCheckpoint(whole));
    const [a, b] = [await readRun(run), await readRun(whole)];
    expect([a.result?.test, a.result?.validation, a.result?.bestStep]).toEqual([
      b.result?.test,
      b.result?.validation,
      b.result?.bestStep,
    ]);
    const evaluations = ({ events }: typeof a) =>
      events.flatMap((event) => (event.type === 'evaluation' ? [[event.step, event.split, event.metrics]] : []));
    expect(evaluations(a)).toEqual(evaluations(b)); // each of them once
  });

  const long = (steps: number) =>
    tinyExperiment(
      `training: {steps: ${steps}, batchSize: 4, learningRate: 1e-2, evaluateEvery: ${steps / 2}, checkpointEvery: 7}`,
    );
  /** In a process of its own, to which something is done when it has come to a step; undefined where that came too late. */
  const interrupted = (at: number, interrupt: (child: ChildProcess) => void) =>
    onTheWay(async (steps) => {
      const run = await createRun(tiny.workspace, long(steps));
      const child = fork(trainer, [tiny.workspace.folder, run.id], { stdio: 'ignore' });
      child.on('message', (message: TrainerMessage) => {
        if (message.type === 'step' && message.step === at) interrupt(child);
      });
      const exit: unknown[] = await once(child, 'exit');
      return exit[0] === 0 ? undefined : { run, steps, exit };
    });

  it('whose trainer process was killed ends with the same bytes', async () => {
    const { run, steps, exit } = await interrupted(10, (child) => child.kill('SIGKILL'));
    expect(exit).toEqual([null, 'SIGKILL']);
    expect(await readRun(run)).toMatchObject({ status: 'interrupted', result: null });

    const second = fork(trainer, [tiny.workspace.folder, run.id], { stdio: 'ignore' });
    expect(await once(second, 'exit')).toEqual([0, null]);
    const { status, events } = await readRun(run);
    expect(status).toBe('finished');
    const resumed = events.find(({ type }) => type === 'resumed')?.step ?? NaN;
    expect(resumed).toBeGreaterThanOrEqual(7);
    expect(resumed).toBeLessThan(steps);
    expect(await lastCheckpoint(run, steps)).toEqual(await lastCheckpoint(await trainWhole(long(steps)), steps));
  });

  it('stops at a checkpoint when its trainer process is told to', async () => {
    const { run, steps, exit } = await interrupted(2, (child) => child.send({ type: 'stop' }));
    expect(exit).toEqual([130, null]);
    const { status, step } = await readRun(run);
    expect(status).toBe('stopped');
    expect(step).toBeLessThan(steps);
    expect(await readdir(run.checkpoints)).toContain(`step-${step}`);
  });

  it('is readable when a half-written line ends its events, and goes on after it', async () => {
    const run = await createRun(tiny.workspace, tinyExperiment());
    await appendFile(run.events, '{"time": 1, "step": 3, "type": "st');
    expect((await readEvents(run)).map(({ type }) => type)).toEqual(['created']);
    await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
    const lines = (await readFile(run.events, 'utf8')).trimEnd().split('\n');
    expect(lines.every((line) => typeof JSON.parse(line) === 'object')).toBe(true);
  });

  it('records its failure, and refuses data that have changed', async () => {
    const run = await createRun(tiny.workspace, tinyExperiment());
    const origin = JSON.parse(await readFile(run.origin, 'utf8')) as { data: { contentHash: string } };
    origin.data.contentHash = 'another';
    await writeFile(run.origin, JSON.stringify(origin));
    await rm(join(run.folder, 'SHA256SUMS')); // as if it had been so when the run was created
    await expect(trainRun(tiny.workspace, run, { signal: new AbortController().signal })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await readRun(run)).toMatchObject({ status: 'failed', failure: expect.stringContaining('imported again') });
  });

  it('is trained by one process at a time; a lock of a dead process does not count', async () => {
    const run = await createRun(tiny.workspace, tinyExperiment());
    await writeFile(run.lock, JSON.stringify({ pid: process.ppid, host: (await import('node:os')).hostname() }));
    await expect(lockRun(run)).rejects.toMatchObject({ code: 'conflict' });
    expect((await readRun(run)).status).toBe('running');
    await writeFile(run.lock, JSON.stringify({ pid: 2 ** 30, host: (await import('node:os')).hostname() }));
    const unlock = await lockRun(run);
    await expect(lockRun(run)).rejects.toMatchObject({ code: 'conflict' });
    await unlock();
    const unlockAgain = await lockRun(run);
    await unlockAgain();
  });
});

describe('finding runs', () => {
  it('works by id, unique beginning and experiment, the latest of them', async () => {
    const older = await createRun(tiny.workspace, tinyExperiment('', 'search'));
    const newer = await createRun(tiny.workspace, tinyExperiment('', 'search'));
    expect((await findRun(tiny.workspace, older.id)).id).toBe(older.id);
    expect((await findRun(tiny.workspace, newer.id.slice(0, -1))).id).toBe(newer.id);
    expect((await findRun(tiny.workspace, 'search')).id).toBe(newer.id);
    await expect(findRun(tiny.workspace, 'sear')).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining(older.id),
    });
    await expect(findRun(tiny.workspace, 'serach')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining("Did you mean 'search'?"),
    });
    await expect(findRun(tiny.workspace, '../corpora')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('takes the latest finished run where what was trained is needed, and says which later one it passes over', async () => {
    const finished = await createRun(tiny.workspace, tinyExperiment('', 'wanted'));
    await cp(whole.result, finished.result);
    const failed = await createRun(tiny.workspace, tinyExperiment('', 'wanted'));
    openEventLog(failed)({ type: 'failed', step: 0, code: 'engine-unavailable', message: 'no such device' });
    const said: string[] = [];
    const say = (message: string) => said.push(message);
    expect((await findTrainedRun(tiny.workspace, 'wanted', say)).id).toBe(finished.id);
    expect(said).toEqual([expect.stringContaining(`${failed.id}, is failed`)]);
    expect((await findTrainedRun(tiny.workspace, failed.id, say)).id).toBe(failed.id); // who names it means it
    expect((await findRun(tiny.workspace, 'wanted')).id).toBe(failed.id);
    const latest = await createRun(tiny.workspace, tinyExperiment('', 'untrained'));
    expect((await findTrainedRun(tiny.workspace, 'untrained', say)).id).toBe(latest.id);
    expect(said).toHaveLength(1);
  });

  it('names folders that hold no run', async () => {
    const folder = join(tiny.workspace.runs, 'broken');
    await cp(whole.folder, folder, { recursive: true });
    await writeFile(join(folder, 'spec.json'), '{');
    expect((await listRuns(tiny.workspace)).damaged).toEqual([folder]);
    await rm(folder, { recursive: true });
  });
});

describe('fine-tuning', () => {
  const more = (source: string, rest = ''): string => `
from: {run: ${source}}
training: {steps: 3, batchSize: 4, learningRate: 1e-3, layerwiseLearningRateDecay: 0.5}
${rest}`;

  it('starts from the best weights of another run and says what was matched', async () => {
    const run = await trainWhole(tinyExperiment(more(whole.id), 'tuned'));
    const { transfer, origin, events } = await readRun(run);
    expect(origin.weights?.label).toMatch(new RegExp(`^run ${whole.id}, step \\d+$`));
    expect(transfer?.mismatched).toEqual([]);
    expect(transfer?.matched.every(({ name }) => name.startsWith('backbone/'))).toBe(true);
    expect(transfer?.fresh.every(({ name }) => name.startsWith('head/'))).toBe(true);
    expect(events.find(({ type }) => type === 'transfer')).toMatchObject({ matched: transfer?.matched.length });
    expect(await readFile(run.tokenizer)).toEqual(await readFile(whole.tokenizer));
  });

  it('starts from a file of weights just the same', async () => {
    const best = (await readRun(whole)).result?.bestStep ?? 0;
    const file = join(whole.checkpoints, `step-${best}`, 'model.safetensors');
    const fromFile = more(whole.id).replace(/\{run: .*\}/, `{file: ${file}}`);
    const [a, b] = [await trainWhole(tinyExperiment(more(whole.id))), await trainWhole(tinyExperiment(fromFile))];
    expect((await lastCheckpoint(b, 3)).model).toEqual((await lastCheckpoint(a, 3)).model);
  });

  it('leaves frozen parts as they were', async () => {
    const frozen = 'backbone/encoder/layer.0';
    const run = await trainWhole(tinyExperiment(more(whole.id, `freeze: [backbone/embedding, ${frozen}]`), 'frozen'));
    const { readSafetensors } = await import('../../../src/main/formats/safetensors.ts');
    const best = (await readRun(whole)).result?.bestStep ?? 0;
    const before = (await readSafetensors(join(whole.checkpoints, `step-${best}`, 'model.safetensors'))).tensors;
    const after = (await readSafetensors(join(run.checkpoints, 'step-3', 'model.safetensors'))).tensors;
    const changed = [...after]
      .filter(([name, { data }]) => before.get(name)?.data.join() !== data.join())
      .map(([name]) => name);
    expect(changed.filter((name) => name.startsWith(`${frozen}/`) || name.startsWith('backbone/embedding/'))).toEqual(
      [],
    );
    expect(changed.some((name) => name.startsWith('backbone/encoder/layer.1/'))).toBe(true);
    await expect(
      createRun(tiny.workspace, tinyExperiment(more(whole.id, 'freeze: [backbone/encoder/layer.7]'))),
    ).rejects.toMatchObject({
      code: 'bad-spec',
      message: expect.stringContaining("Did you mean 'backbone/encoder/layer.0'?"),
    });
  });

  it('does not begin with positions that the source never learned', async () => {
    const experiment = tinyExperiment(more(whole.id), 'longer');
    const run = await createRun(tiny.workspace, {
      ...experiment,
      pipeline: { preset: 'bert-tiny', options: { layers: 2, hiddenSize: 8, heads: 2, maximumLength: 32 } },
    });
    await expect(trainRun(tiny.workspace, run, { signal: new AbortController().signal })).rejects.toMatchObject({
      code: 'bad-spec',
      message: expect.stringContaining('maximumLength to 16'),
    });
  });
});

describe('a trained run', () => {
  it('answers without its corpus', async () => {
    const copy = join(tiny.folder, 'elsewhere');
    await cp(whole.folder, copy, { recursive: true });
    const { runFolder } = await import('../../../src/main/workspace/run-folder.ts');
    const predictor = await openPredictor(runFolder(copy));
    try {
      const [answer] = await predictor.ask({ text: 'the cat [MASK] the house.', top: 3 });
      const probabilities = answer?.choices.map(({ probability }) => probability) ?? [];
      expect(probabilities).toHaveLength(3);
      expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
      // True probabilities: the three best of a hundred do not add up to one.
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeLessThan(1);
    } finally {
      await predictor.close();
    }
  });
});

describe('a run that another process has taken over', () => {
  it('is not written any more by the one that stood still', async () => {
    const run = await createRun(tiny.workspace, tinyExperiment());
    const elsewhere = JSON.stringify({ pid: 1, host: 'a-node', boot: 'another', beats: true });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    try {
      const training = trainRun(tiny.workspace, run, {
        signal: new AbortController().signal,
        prefetch: false,
        onStep: (step) => {
          if (step !== 6) return;
          writeFileSync(run.lock, elsewhere);
          vi.setSystemTime(Date.now() + silenceMilliseconds);
        },
      });
      await expect(training).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('was taken over'),
      });
    } finally {
      vi.useRealTimers();
    }
    const events = await readEvents(run);
    expect(events.at(-1)?.step).toBeLessThan(6);
    expect(events.some(({ type }) => type === 'failed')).toBe(false);
    expect(await readFile(run.lock, 'utf8')).toBe(elsewhere);
    await rm(run.folder, { recursive: true });
  });
});
