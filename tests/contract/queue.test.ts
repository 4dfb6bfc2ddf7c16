// The queue and its trainers: order, pause and resume, crashes of trainers and of the lab itself. The trainers are real
// processes with tiny runs.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { nodeProcesses } from '../../src/main/hosts/node/processes.ts';
import type { ProcessHost, TrainerProcess } from '../../src/main/lab/process-host.ts';
import { explainExit } from '../../src/main/lab/queue/explain-exit.ts';
import { killAndWait } from '../../scripts/processes.ts';
import { isAlive } from '../../src/main/files/process-lock.ts';
import { readEvents } from '../../src/main/workspace/run-folder.ts';
import { inProcessWorkers, temporaryFolder, testLab, tinyExperiment } from './lab-fixture.ts';
import { endless, idleTrainer, newRun, passesStep, prepareWorkspace, reaches } from './queue-fixture.ts';
import { eventually, onTheWay } from '../eventually.ts';

describe('the queue', () => {
  it('trains one run at a time, in order; a paused run goes on where it stopped, with the same weights', async () => {
    const lab = await testLab({ folder: await prepareWorkspace() });
    const { runs, queue } = lab;
    const { first, second, steps, stoppedAt } = await onTheWay(async (steps) => {
      const training = { steps, evaluateEvery: steps / 2, checkpointEvery: steps / 2, logEvery: 1 };
      const [first, second] = [await newRun(lab, training), await newRun(lab, training)];
      queue.enqueue([first, second]);
      await reaches(lab, first, 'running', 'finished');
      if (runs.get(first).state === 'running') {
        expect(queue.state()).toMatchObject({ active: [first], order: [second] });
        queue.pause(first);
        expect(runs.get(first).state).toBe('stopping');
        await reaches(lab, first, 'stopped', 'finished');
      }
      if (runs.get(first).state === 'stopped') {
        return { first, second, steps, stoppedAt: runs.get(first).progress.step };
      }
      await reaches(lab, second, 'finished');
      return undefined;
    }, 40);
    expect(runs.get(first)).toMatchObject({ paused: true, failure: null });
    await reaches(lab, second, 'finished');
    queue.enqueue([first]);
    await reaches(lab, first, 'finished');
    const weights = (id: string): Promise<Buffer> =>
      readFile(join(runs.folder(id).checkpoints, `step-${steps}`, 'model.safetensors'));
    expect((await weights(first)).equals(await weights(second))).toBe(true); // same spec, same seed
    const { points } = runs.points.line(runs.get(first).number, 'training.loss', { maximumPoints: 1000 });
    // Of as many points as are asked for at most, the last is always one.
    expect(points.at(-1)?.step).toBe(steps);
    if (steps <= 1000) expect(points.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect(new Set(points.map(({ session }) => session)).size).toBe(stoppedAt === 0 ? 1 : 2);
  });

  it('explains a trainer that is killed, survives it, and goes on from the last checkpoint', async () => {
    const lab = await testLab({ folder: await prepareWorkspace() });
    const id = await newRun(lab, endless);
    lab.queue.enqueue([id]);
    await passesStep(lab, id, 7);
    process.kill(lab.queue.live(id)?.pid ?? 0, 'SIGKILL');
    await reaches(lab, id, 'failed');
    expect(lab.runs.get(id).failure).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining('SIGKILL'),
    });
    const { checkpoint } = lab.runs.get(id).progress;
    expect(checkpoint).toBeGreaterThanOrEqual(5);
    lab.queue.enqueue([id]);
    await reaches(lab, id, 'running');
    const resumed = (await readEvents(lab.runs.folder(id))).find(({ type }) => type === 'resumed');
    expect(resumed?.step).toBe(checkpoint);
    lab.queue.cancel(id, true);
    await reaches(lab, id, 'stopped');
    expect(lab.runs.get(id)).toMatchObject({ paused: false, failure: null });
  });

  it('does not start on a full disk, stops when it becomes full, and says so', async () => {
    let short: string | null = 'There are 3 MB left';
    const checkSpace = vi.fn(async () => short);
    const lab = await testLab({ folder: await prepareWorkspace(), queue: { checkSpace, spaceCheckMilliseconds: 20 } });
    const id = await newRun(lab, endless);
    lab.queue.enqueue([id]);
    await eventually(() => {
      expect(lab.queue.state()).toMatchObject({ held: true, reason: short, order: [id], active: [] });
    });
    short = null;
    lab.queue.configure({ held: false });
    await passesStep(lab, id, 1);
    short = 'There are 2 MB left';
    await reaches(lab, id, 'stopped');
    expect(lab.runs.get(id).paused).toBe(true);
    expect(lab.queue.state()).toMatchObject({ held: true, reason: short });
  });

  it('starts nothing that was taken out while the disk was looked at, and holds when that fails', async () => {
    const looks: ((short: string | null) => void)[] = [];
    const checkSpace = vi.fn(
      () =>
        new Promise<string | null>((resolve) => {
          looks.push(resolve);
        }),
    );
    const startTrainer = vi.fn((_folder: string, _id: string) => idleTrainer());
    const lab = await testLab({
      folder: await prepareWorkspace(),
      processes: { ...inProcessWorkers, startTrainer },
      queue: { checkSpace },
    });
    const [first, second] = [await newRun(lab), await newRun(lab)];
    lab.queue.enqueue([first, second]);
    await eventually(() => {
      expect(looks).toHaveLength(1);
    });
    lab.queue.cancel(first, false);
    looks[0]?.(null);
    await eventually(() => {
      expect(looks).toHaveLength(2);
    });
    looks[1]?.(null);
    await reaches(lab, second, 'preparing');
    expect(startTrainer.mock.calls.map(([, id]) => id)).toEqual([second]);
    expect(lab.runs.get(first)).toMatchObject({ state: 'stopped', paused: false });

    lab.queue.cancel(second, true);
    await reaches(lab, second, 'stopped');
    checkSpace.mockRejectedValueOnce(Object.assign(new Error('statfs'), { code: 'EACCES' }));
    lab.queue.enqueue([first]);
    await eventually(() => {
      expect(lab.queue.state()).toMatchObject({ held: true, reason: expect.stringContaining('permission is denied') });
    });
    lab.queue.configure({ held: false });
    await eventually(() => {
      expect(looks).toHaveLength(3); // it goes on
    });
    looks[2]?.('no room');
  });

  it('asks for room for the checkpoints of the network before its first step', async () => {
    const checkSpace = vi.fn(async (_folder: string, _neededBytes: number) => 'no room');
    const lab = await testLab({ folder: await prepareWorkspace(), queue: { checkSpace } });
    const id = await newRun(lab, { keepCheckpoints: 2 });
    const { total } = lab.runs.get(id).progress.parameters ?? { total: 0 };
    expect(total).toBeGreaterThan(1000);
    lab.queue.enqueue([id]);
    await eventually(() => {
      // Weights and two moments in float32: the best, the last, the one being written, and two more.
      expect(checkSpace.mock.calls).toEqual([[lab.workspace.folder, 5 * 3 * 4 * total]]);
    });
  });

  it('tells in the words of the trainer why it could not go on, where there was no room to write them down', async () => {
    const failure = { type: 'failed', code: 'disk-full', message: 'There is no room on the disk for step-3' };
    const startTrainer = (): TrainerProcess => ({
      ...idleTrainer(),
      onMessage: (listener) => {
        listener(failure);
      },
      onExit: (listener) => {
        setImmediate(() => {
          listener({ code: 1, signal: null, output: 'Error' });
        });
      },
    });
    const lab = await testLab({ folder: await prepareWorkspace(), processes: { ...inProcessWorkers, startTrainer } });
    const id = await newRun(lab);
    lab.queue.enqueue([id]);
    await reaches(lab, id, 'failed');
    expect(lab.runs.get(id).failure).toMatchObject({ code: 'disk-full', message: failure.message });
  });

  it('refuses what cannot be', async () => {
    const lab = await testLab({ folder: await prepareWorkspace() });
    lab.queue.configure({ held: true });
    const id = await newRun(lab);
    expect(() => {
      lab.queue.pause(id);
    }).toThrow('not active');
    expect(() => {
      lab.queue.reorder([id]);
    }).toThrow('does not wait');
    expect(() => {
      lab.queue.enqueue(['none']);
    }).toThrow("no run 'none'");
    lab.queue.enqueue([id]);
    lab.queue.enqueue([id]); // once is enough
    expect(lab.queue.state().order).toEqual([id]);
  });
});

describe('a lab that is opened again', () => {
  it('finds a run without its trainer interrupted, and the queue as it was', async () => {
    const folder = await prepareWorkspace();
    const entry = fileURLToPath(new URL('lab-process.ts', import.meta.url));
    const child = fork(
      entry,
      [folder, JSON.stringify({ ...tinyExperiment, training: { ...tinyExperiment.training, ...endless } })],
      {
        execArgv: ['--disable-warning=ExperimentalWarning'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    const [{ first, second, trainer }] = (await once(child, 'message')) as [
      { first: string; second: string; trainer: number },
    ];
    child.kill('SIGKILL');
    await once(child, 'close');
    await killAndWait(trainer); // as if the whole computer had been switched off
    const lab = await testLab({ folder, processes: { ...inProcessWorkers, startTrainer: idleTrainer } });
    expect(lab.interrupted).toEqual([first]);
    expect(lab.runs.get(first)).toMatchObject({ state: 'interrupted', failure: { code: 'interrupted' } });
    await eventually(() => {
      expect(lab.queue.state().active).toEqual([second]);
    });
  });

  it('refuses a workspace that another lab has open', async () => {
    const folder = join(await temporaryFolder(), 'workspace');
    await testLab({ folder });
    await expect(testLab({ folder })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('another lab'),
    });
  });

  it('stops its trainers with a checkpoint when it is closed', async () => {
    const folder = await prepareWorkspace();
    const processes: ProcessHost = { ...inProcessWorkers, startTrainer: nodeProcesses.startTrainer };
    const lab = await testLab({ folder, processes });
    const id = await newRun(lab, endless);
    lab.queue.enqueue([id]);
    await passesStep(lab, id, 2);
    const pid = lab.queue.live(id)?.pid ?? 0;
    await lab.close();
    expect(isAlive(pid)).toBe(false);
    const again = await testLab({ folder, processes: { ...inProcessWorkers, startTrainer: idleTrainer } });
    expect(again.runs.get(id)).toMatchObject({ state: 'stopped', paused: true });
    expect(again.runs.get(id).progress.checkpoint).toBe(again.runs.get(id).progress.step);
  });
});

describe('why a trainer is gone', () => {
  it.each([
    [
      {
        code: 1,
        signal: null,
        output: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      },
      'out-of-memory',
      'ran out of memory',
    ],
    [{ code: 1, signal: null, output: 'std::bad_alloc' }, 'out-of-memory', 'ran out of memory'],
    [{ code: null, signal: 'SIGKILL', output: '' }, 'out-of-memory', 'SIGKILL'],
    [{ code: null, signal: 'SIGSEGV', output: 'at kernel\nlast line' }, 'engine-failed', '“last line”'],
    [{ code: null, signal: 'SIGTERM', output: '' }, 'interrupted', 'from outside'],
    [{ code: 7, signal: null, output: 'Error: odd' }, 'internal', 'code 7'],
  ])('%j', (exit, code, words) => {
    expect(explainExit(exit)).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it('has nothing to explain when it ended as it should', () => {
    expect([0, 130].map((code) => explainExit({ code, signal: null, output: '' }))).toEqual([null, null]);
  });
});
