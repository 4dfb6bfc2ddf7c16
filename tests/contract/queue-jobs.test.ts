// Several runs at a time: how many there is room for, which one makes room, and that they end with the bits that they would have had
// one after the other, also in processes that have trained others before.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { setProcessThreads } from '../../src/main/engines/host/processor.ts';
import { nodeProcesses } from '../../src/main/hosts/node/processes.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import type { TrainerProcess } from '../../src/main/lab/process-host.ts';
import type { Job, Machine } from '../../src/main/lab/queue/jobs.ts';
import { shareForNext } from '../../src/main/lab/queue/jobs.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { readEvents, runFolder } from '../../src/main/workspace/run-folder.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import { inProcessWorkers, testLab } from './lab-fixture.ts';
import { idleTrainer, newRun, prepareWorkspace, reaches } from './queue-fixture.ts';
import { eventually } from '../eventually.ts';

const gibibyte = 1024 ** 3;

const machine = (cores: number, free: () => number = () => 64 * gibibyte): Machine => ({
  cores,
  freeBytes: free,
  reserveBytes: gibibyte,
});
const job = (of: Partial<Job> = {}): Job => ({
  threads: 1,
  onDevice: false,
  expectedBytes: gibibyte,
  residentBytes: gibibyte,
  ...of,
});

describe('the share of the next run', () => {
  const next = job({ threads: undefined, residentBytes: 0 });
  it.each([
    ['one at a time has all cores', 1, machine(4), [], next, 3, 'all'],
    ['one at a time waits for the other', 1, machine(4), [job()], next, 3, undefined],
    ['two at a time have half of them', 2, machine(4), [job({ threads: 2 })], next, 3, 2],
    ['many have one core each', 'auto', machine(4), [job(), job()], next, 9, 1],
    ['few have more', 'auto', machine(16), [], next, 3, 5],
    ['the last has what is left', 'auto', machine(16), [job({ threads: 5 }), job({ threads: 5 })], next, 1, 6],
    ['no core is left', 'auto', machine(2), [job(), job()], next, 1, undefined],
    ['what it asks for is respected', 'auto', machine(4), [job()], job({ threads: 3 }), 2, 3],
    ['what it asks for is not there', 'auto', machine(4), [job(), job()], job({ threads: 3 }), 2, undefined],
    ['what it asks for is more than there is, and it is alone', 'auto', machine(2), [], job({ threads: 8 }), 2, 8],
    ['memory is short', 'auto', machine(4, () => 1.9 * gibibyte), [job()], next, 2, undefined],
    ['memory is short, and it is alone', 'auto', machine(4, () => 0), [], next, 1, 4],
    [
      'others will grow',
      'auto',
      machine(4, () => 4 * gibibyte),
      [job({ expectedBytes: 4 * gibibyte })],
      next,
      2,
      undefined,
    ],
    [
      'a graphics card is used by one',
      'auto',
      machine(4),
      [job({ onDevice: true })],
      job({ onDevice: true }),
      2,
      undefined,
    ],
    ['a graphics card leaves cores to others', 'auto', machine(4), [job({ onDevice: true })], next, 3, 1],
  ] as const)('%s', (_name, concurrency, on, jobs, run, waiting, share) => {
    expect(shareForNext(concurrency, on, jobs, run, waiting)).toBe(share);
  });
});

interface Started {
  readonly id: string;
  readonly threads: number | undefined;
  readonly trainer: TrainerProcess;
  /** As the trainer would tell it. */
  tell(message: unknown): void;
}

/** A lab whose trainers do nothing until they are stopped. */
async function idleLab(on: Machine): Promise<{ readonly lab: Lab; readonly started: Started[] }> {
  const started: Started[] = [];
  const startTrainer = (_folder: string, id: string, threads?: number): TrainerProcess => {
    const listeners: ((message: unknown) => void)[] = [];
    const trainer = { ...idleTrainer(), onMessage: (listener: (message: unknown) => void) => listeners.push(listener) };
    const tell = (message: unknown): void => {
      for (const listener of listeners) listener(message);
    };
    started.push({ id, threads, trainer, tell });
    return trainer;
  };
  const lab = await testLab({
    folder: await prepareWorkspace(),
    processes: { ...inProcessWorkers, startTrainer },
    queue: { machine: on, memoryCheckMilliseconds: 10 },
  });
  lab.queue.configure({ held: true, concurrency: 'auto' });
  return { lab, started };
}

describe('a queue that trains as many as fit', () => {
  it('fills the cores, and starts the next when one ends', async () => {
    const { lab, started } = await idleLab(machine(3));
    const ids = [await newRun(lab), await newRun(lab), await newRun(lab), await newRun(lab)];
    // Fixtures ask for a thread each.
    lab.queue.enqueue(ids);
    lab.queue.configure({ held: false });
    await eventually(() => {
      expect(started.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    });
    expect(started.map(({ threads }) => threads)).toEqual([1, 1, 1]);
    expect(lab.queue.state()).toMatchObject({ concurrency: 'auto', active: ids.slice(0, 3), order: [ids[3]] });
    lab.queue.cancel(ids[1] ?? '', true);
    await eventually(() => {
      expect(started.map(({ id }) => id).at(-1)).toBe(ids[3]);
    });
  });

  it('begins no more than the memory holds that their networks are computed to take', async () => {
    let free = 0;
    const { lab, started } = await idleLab(machine(4, () => free));
    const ids = [await newRun(lab, { batchSize: 32 }), await newRun(lab, { batchSize: 32 })];
    const { parameters, expectedMemory = 0 } = lab.runs.get(ids[0] ?? '').progress;
    expect(expectedMemory).toBeGreaterThan(64 * (parameters?.total ?? 0)); // what a step computes is more than its weights
    free = 2 * gibibyte + expectedMemory; // what is kept free, two processes, and one network
    lab.queue.enqueue(ids);
    lab.queue.configure({ held: false });
    await eventually(() => {
      expect(started).toHaveLength(1);
    });
    await lab.queue.advance();
    expect(started).toHaveLength(1);
    free += 2 * expectedMemory;
    await lab.queue.advance();
    expect(started).toHaveLength(2);
  });

  it('knows after a while how much memory a network takes', async () => {
    const { lab, started } = await idleLab(machine(4, () => 8 * gibibyte));
    const ids = [await newRun(lab), await newRun(lab), await newRun(lab)];
    lab.queue.enqueue(ids.slice(0, 1));
    lab.queue.configure({ held: false });
    await eventually(() => {
      expect(started).toHaveLength(1);
    });
    started[0]?.tell({ type: 'memory', bytes: 7.5 * gibibyte });
    lab.queue.enqueue(ids.slice(1)); // of the same network
    await lab.queue.advance();
    expect(started).toHaveLength(1);
    lab.queue.cancel(ids[0] ?? '', true);
    await eventually(() => {
      expect(started).toHaveLength(2);
    });
  });

  it('stops the last one with a checkpoint when memory is short, and goes on with it when there is some again', async () => {
    let free = 64 * gibibyte;
    const { lab, started } = await idleLab(machine(2, () => free));
    const ids = [await newRun(lab), await newRun(lab), await newRun(lab)];
    lab.queue.enqueue(ids);
    lab.queue.configure({ held: false });
    await eventually(() => {
      expect(started).toHaveLength(2);
    });
    free = 0.2 * gibibyte;
    await eventually(() => {
      expect(lab.queue.state()).toMatchObject({ active: [ids[0]], order: [ids[1], ids[2]] });
    });
    expect(lab.runs.get(ids[1] ?? '')).toMatchObject({ state: 'queued', failure: null });
    free = 64 * gibibyte;
    await eventually(() => {
      expect(started.map(({ id }) => id)).toEqual([ids[0], ids[1], ids[1]]);
    });
  });
});

describe('runs that are trained side by side', () => {
  it('share processes, and have the same weights as one after the other', async () => {
    const tiny = await createTinyWorkspace();
    try {
      const training = 'training: {steps: 12, batchSize: 4, learningRate: 1e-2, evaluateEvery: 6, logEvery: 3}';
      const create = async (seed: number, features: number): Promise<string> => {
        const experiment = tinyExperiment(`seed: ${seed}\n${training}`);
        const pipeline = {
          preset: 'bert-tiny',
          options: { layers: 1, hiddenSize: features, heads: 2, maximumLength: 16 },
        };
        return (await createRun(tiny.workspace, { ...experiment, pipeline })).id;
      };
      // Others in between, so that compiled programs are found again and thrown away.
      const kinds = [8, 8, 16, 8, 16, 8] as const;
      const alone: string[] = [];
      const together: string[] = [];
      for (const [seed, features] of kinds.entries()) {
        alone.push(await create(seed, features));
        together.push(await create(seed, features));
      }
      for (const id of alone) {
        await trainRun(tiny.workspace, runFolder(join(tiny.workspace.runs, id)), {
          signal: new AbortController().signal,
        });
      }
      const pids: (number | undefined)[] = [];
      const startTrainer: typeof nodeProcesses.startTrainer = (...given) => {
        const trainer = nodeProcesses.startTrainer(...given);
        pids.push(trainer.pid);
        return trainer;
      };
      const lab = await testLab({
        folder: tiny.workspace.folder,
        processes: { ...inProcessWorkers, startTrainer },
        queue: { machine: machine(2), concurrency: 'auto' },
      });
      lab.queue.enqueue(together);
      for (const id of together) await reaches(lab, id, 'finished', 'failed');
      expect(pids).toHaveLength(kinds.length);
      if (process.platform !== 'win32') expect(new Set(pids).size).toBeLessThanOrEqual(2);
      const weights = (id: string): Promise<Buffer> =>
        readFile(join(tiny.workspace.runs, id, 'checkpoints', 'step-12', 'model.safetensors'));
      for (const [index, id] of together.entries()) {
        expect(lab.runs.get(id).failure).toBeNull();
        expect((await weights(id)).equals(await weights(alone[index] ?? '')), `run ${index}`).toBe(true);
        expect(lab.runs.get(id).result?.engine.threads).toBe(1);
      }
      await lab.close();
    } finally {
      await tiny.remove();
    }
  });
});

describe('threads', () => {
  afterEach(() => {
    setProcessThreads(1);
  });

  it('of a run stay those that it began with', async () => {
    const tiny = await createTinyWorkspace();
    try {
      const experiment = tinyExperiment('training: {steps: 8, batchSize: 4, checkpointEvery: 4}');
      const run = await createRun(tiny.workspace, { ...experiment, engine: { name: 'onnxruntime' } });
      const stop = new AbortController();
      setProcessThreads(1);
      const onStep = (step: number): void => {
        if (step === 4) stop.abort();
      };
      await trainRun(tiny.workspace, run, { signal: stop.signal, prefetch: false, onStep });
      setProcessThreads(2);
      const result = await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
      const begun = (await readEvents(run)).filter(({ type }) => type === 'started' || type === 'resumed');
      expect(begun).toMatchObject([
        { type: 'started', threads: 1 },
        { type: 'resumed', threads: 1 },
      ]);
      expect(result?.engine.threads).toBe(1);
    } finally {
      await tiny.remove();
    }
  });
});
