// A lab that is killed does not end what it trains: its trainers go on, and a lab that is opened again takes them over. All of
// it with real processes and real kills.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { killAndWait } from '../../scripts/processes.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { isAlive, ownerOfLock } from '../../src/main/files/process-lock.ts';
import { readEvents, runFolder } from '../../src/main/workspace/run-folder.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { testLab, tinyExperiment } from './lab-fixture.ts';
import { prepareWorkspace, reaches } from './queue-fixture.ts';
import { eventually } from '../eventually.ts';

/** Checkpoints are rare, so that what a crash would cost shows. */
const long = { ...tinyExperiment.training, steps: 4000, evaluateEvery: 2000, checkpointEvery: 2000, logEvery: 50 };

/** A lab in its own process trains a run, and is killed. */
async function killLab(folder: string, training: object) {
  const entry = fileURLToPath(new URL('lab-process.ts', import.meta.url));
  const lab = fork(entry, [folder, JSON.stringify({ ...tinyExperiment, training })], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ first, second, trainer }] = (await once(lab, 'message')) as [
    { first: string; second: string; trainer: number },
  ];
  onTestFinished(() => killAndWait(trainer)); // its folder is removed afterwards
  lab.kill('SIGKILL');
  await once(lab, 'close');
  return { first, second, trainer, run: runFolder(join(folder, 'runs', first)) };
}

describe('a trainer whose lab was killed', () => {
  it('goes on; the next lab shows it running, stops it with a checkpoint, and trains it to the same bits', async () => {
    const folder = await prepareWorkspace();
    const { first, second, trainer, run } = await killLab(folder, long);
    expect(isAlive(trainer)).toBe(true);
    const passed = (await readEvents(run)).at(-1)?.step ?? 0;

    const lab = await testLab({ folder });
    expect(lab.runs.get(first).state).toBe('running');
    expect(lab.queue.state()).toMatchObject({ active: [first], order: [second] });
    expect(lab.interrupted).toEqual([]);
    await eventually(() => {
      expect(lab.runs.get(first).progress.step).toBeGreaterThan(passed + 50); // it is followed
    });
    lab.queue.configure({ held: true });
    lab.queue.pause(first);
    await reaches(lab, first, 'stopped');
    expect(await ownerOfLock(run.lock)).toBeUndefined(); // a process that nobody has asked about yet is none
    const { progress, paused } = lab.runs.get(first);
    expect(paused).toBe(true);
    expect(progress.checkpoint).toBe(progress.step);
    expect(progress.step).toBeLessThan(long.steps);

    lab.queue.enqueue([first]);
    lab.queue.reorder([first]);
    lab.queue.configure({ held: false });
    await reaches(lab, first, 'finished');
    lab.queue.cancel(second, true);
    const weights = (of: typeof run): Promise<Buffer> =>
      readFile(join(of.checkpoints, `step-${long.steps}`, 'model.safetensors'));
    const workspace = await openWorkspace(folder);
    const whole = await createRun(
      workspace,
      parseExperiment({ value: { ...tinyExperiment, training: long }, locate: () => 'test' }),
    );
    await trainRun(workspace, whole, { signal: new AbortController().signal });
    expect((await weights(run)).equals(await weights(whole))).toBe(true);
  });

  it('is left alone by a look at the queue', async () => {
    const folder = await prepareWorkspace();
    const { first, trainer, run } = await killLab(folder, { ...long, steps: 100_000 });
    const look = await testLab({ folder, host: 'command-line', queue: { trains: false } });
    expect(look.queue.state().active).toEqual([first]);
    await look.close();
    expect(isAlive(trainer)).toBe(true);

    const lab = await testLab({ folder });
    lab.queue.configure({ held: true });
    lab.queue.cancel(first, true);
    await reaches(lab, first, 'stopped');
    expect(await ownerOfLock(run.lock)).toBeUndefined(); // a process that nobody has asked about yet is none
  });
});
