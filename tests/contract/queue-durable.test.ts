// What was put into the queue stays in it: whatever the runs' folders tell of how they ended before, whatever the disk answers for a
// moment, and whatever becomes of the database. Trainers are stand-ins that do nothing until they are stopped.
import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startServer } from '../../src/main/hosts/server/server.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { reindex } from '../../src/main/lab/reindex.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { interceptFiles, systemError } from '../intercepted-files.ts';
import { inProcessWorkers, temporaryFolder, testLab } from './lab-fixture.ts';
import { idleTrainer, newRun, prepareWorkspace, reaches } from './queue-fixture.ts';
import { newCookie, temporarySessions } from './transports.ts';
import { eventually } from '../eventually.ts';

const processes = { ...inProcessWorkers, startTrainer: idleTrainer };

/** As trainers leave them: one that was killed in the middle, one that failed, one that was stopped. */
async function endedRuns(lab: Lab): Promise<string[]> {
  const ends = [
    { type: 'checkpoint', step: 3, path: 'step-3', best: false },
    { type: 'failed', step: 3, code: 'disk-full', message: 'no room' },
    { type: 'stopped', step: 3 },
  ];
  const ids: string[] = [];
  for (const end of ends) {
    const id = await newRun(lab);
    await appendFile(lab.runs.folder(id).events, `${JSON.stringify({ time: Date.now(), ...end })}\n`);
    ids.push(id);
  }
  await lab.refresh();
  expect(ids.map((id) => lab.runs.get(id).state)).toEqual(['interrupted', 'failed', 'stopped']);
  return ids;
}

describe('runs that are put back into the queue', () => {
  it('stay in it while the folders are looked at, and are all trained', async () => {
    const lab = await testLab({ folder: await prepareWorkspace(), processes });
    const ids = await endedRuns(lab);
    lab.queue.configure({ held: true });
    lab.queue.enqueue(ids);
    for (let look = 0; look < 3; look++) await lab.refresh();
    expect(lab.queue.state().order).toEqual(ids);
    expect(ids.map((id) => lab.runs.get(id))).toMatchObject(ids.map(() => ({ state: 'queued', failure: null })));
    lab.queue.configure({ held: false });
    for (const [place, id] of ids.entries()) {
      await reaches(lab, id, 'preparing');
      await lab.refresh();
      expect(lab.queue.state()).toMatchObject({ active: [id], order: ids.slice(place + 1) });
      lab.queue.cancel(id, true);
    }
  });

  it('are there in their order after the lab was closed, and after the database was lost', async () => {
    const folder = await prepareWorkspace();
    const lab = await testLab({ folder, processes });
    const [first = '', second = '', third = ''] = await endedRuns(lab);
    lab.queue.configure({ held: true, concurrency: 2 });
    lab.queue.enqueue([first, second, third]);
    lab.queue.reorder([third]);
    const order = [third, first, second];
    await lab.close();

    const again = await testLab({ folder, processes });
    expect(again.queue.state()).toMatchObject({ order, held: true, concurrency: 2 });
    await again.close();
    await reindex(await openWorkspace(folder), taskNotes);
    const rebuilt = await testLab({ folder, processes });
    expect(rebuilt.queue.state()).toMatchObject({ order, held: true, concurrency: 2 });
    rebuilt.queue.pause(first);
    expect(rebuilt.queue.state().order).toEqual([third, second]);
  });

  it('are in a workspace from before the queue had a file, and where that is damaged', async () => {
    const folder = await prepareWorkspace();
    const lab = await testLab({ folder, processes });
    const ids = await endedRuns(lab);
    lab.queue.configure({ held: true });
    lab.queue.enqueue(ids);
    await lab.close();
    const file = join(folder, 'queue.json');
    const text = await readFile(file, 'utf8');

    await rm(file);
    const older = await testLab({ folder, processes });
    expect(older.queue.state().order).toEqual(ids);
    await older.close();
    await writeFile(file, text.replace(ids[1] ?? '', 'q'.repeat(10)));
    const damaged = await testLab({ folder, processes });
    expect(damaged.queue.state().order).toEqual(ids);
    expect(await readFile(`${file}.damaged`, 'utf8')).toContain('qqqqqqqqqq');
  });

  it('are not told to wait where that could not be written down', async () => {
    const folder = await prepareWorkspace();
    const lab = await testLab({ folder, processes });
    const id = await newRun(lab);
    lab.queue.configure({ held: true });
    const restore = await interceptFiles(folder, (call) => {
      if (call.name === 'fsync' && call.path.includes('queue.json')) throw systemError('ENOSPC', call);
    });
    onTestFinished(restore);
    expect(() => {
      lab.queue.enqueue([id]);
    }).toThrow('no room on the disk');
    restore();
    expect(lab.queue.state().order).toEqual([]);
    expect(lab.runs.get(id).state).toBe('stopped');
  });
});

describe('a disk that does not answer for a moment', () => {
  it.each(['readdir', 'open', 'stat', 'readFile'])('leaves what is known as it is when %s fails', async (failing) => {
    const folder = await prepareWorkspace();
    const lab = await testLab({ folder, processes });
    const ids = await endedRuns(lab);
    lab.queue.configure({ held: true });
    lab.queue.enqueue(ids);
    const points = lab.runs.all().map(({ eventsRead }) => eventsRead);
    const restore = await interceptFiles(folder, (call) => {
      if (call.name === failing) throw systemError('EMFILE', call);
    });
    onTestFinished(restore);
    await lab.refresh();
    expect(lab.queue.state().order).toEqual(ids);
    expect(lab.materials.list()).toHaveLength(1);
    expect([...lab.runs.all()].map(({ state }) => state)).toEqual(['queued', 'queued', 'queued']);
    expect(lab.runs.all().map(({ eventsRead }) => eventsRead)).toEqual(points);
    const told = [lab.scanProblem, ...lab.runs.damaged.values()].join(' ');
    expect(told).toContain('too many files are open');
    restore();
    await lab.refresh();
    expect(lab.scanProblem).toBeNull();
    expect(lab.runs.damaged.size).toBe(0);
  });

  it('keeps a lab from opening with nothing in it', async () => {
    const folder = await prepareWorkspace();
    const lab = await testLab({ folder, processes });
    const id = await newRun(lab);
    await lab.close();
    const restore = await interceptFiles(folder, (call) => {
      if (call.name === 'readdir') throw systemError('EIO', call);
    });
    onTestFinished(restore);
    await expect(testLab({ folder, processes })).rejects.toMatchObject({
      message: expect.stringContaining('the disk reports an error'),
    });
    restore();
    expect((await testLab({ folder, processes })).runs.get(id).state).toBe('stopped');
  });

  it('finds everything again when the folder of runs was away', async () => {
    const folder = await prepareWorkspace();
    const lab = await testLab({ folder, processes });
    const ids = await endedRuns(lab);
    lab.queue.configure({ held: true });
    lab.queue.enqueue(ids);
    await rename(lab.workspace.runs, `${lab.workspace.runs}-away`);
    await lab.refresh();
    await rename(`${lab.workspace.runs}-away`, lab.workspace.runs);
    await lab.refresh();
    expect(lab.queue.state().order).toEqual(ids);
  });
});

describe('closing a lab', () => {
  it('closes everything when the folder of a run that is trained has vanished', async () => {
    const folder = await prepareWorkspace();
    const lab = await testLab({ folder, processes });
    const id = await newRun(lab);
    lab.queue.enqueue([id]);
    await reaches(lab, id, 'preparing');
    await rename(lab.runs.folder(id).folder, join(folder, 'gone'));
    await lab.refresh();
    await lab.refresh();
    expect(lab.queue.state().active).toEqual([id]);
    await lab.close();
    const again = await testLab({ folder, processes });
    expect(again.runs.find(id)).toBeUndefined();
  });

  it('closes the rest, and tells, when a part cannot be closed', async () => {
    const folder = await prepareWorkspace();
    const lab = await openLab({ folder, processes, host: 'server', tasks: taskNotes });
    vi.spyOn(lab.trash, 'empty').mockRejectedValueOnce(new Error('the trash is stuck'));
    vi.spyOn(lab.workers, 'close').mockImplementationOnce(() => {
      throw new Error('a worker is stuck');
    });
    await expect(lab.close()).rejects.toThrow('a worker is stuck');
    await testLab({ folder, processes }); // neither lock nor database is in the way
  });
});

describe('connections of strangers', () => {
  it('make room for each other, and for whoever has a session', async () => {
    const pages = await temporaryFolder();
    await writeFile(join(pages, 'index.html'), '<p>The lab</p>');
    const lab = await testLab();
    const server = await startServer({ lab, pages, sessions: await temporarySessions(), maximumConnections: 8 });
    onTestFinished(() => server.close());
    const { port } = new URL(server.origin);
    let closed = 0;
    for (let index = 0; index < 40; index++) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('close', () => closed++).on('error', () => undefined);
      onTestFinished(() => {
        socket.destroy();
      });
    }
    await eventually(() => {
      expect(closed).toBe(32);
    });
    const answer = await fetch(server.origin, { headers: { cookie: newCookie(server) } });
    expect(answer.status).toBe(200);
  });
});
