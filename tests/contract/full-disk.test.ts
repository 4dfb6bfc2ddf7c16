// A disk on which nothing can be written any more, the database included: the lab opens to look and to delete.
import { DatabaseSync } from 'node:sqlite';
import { fileExists } from '../../src/main/files/file-exists.ts';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createClient } from '../../src/shared/rpc/client.ts';
import { labDispatcher } from '../../src/main/rpc/features/index.ts';
import { inProcessPair } from '../../src/main/rpc/transports/in-process.ts';
import { sessionsIn } from '../../src/main/hosts/server/sessions.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { interceptFiles, systemError } from '../intercepted-files.ts';
import { inProcessWorkers, temporaryFolder, testLab } from './lab-fixture.ts';
import { idleTrainer, newRun, prepareWorkspace } from './queue-fixture.ts';

const processes = { ...inProcessWorkers, startTrainer: idleTrainer };
const writing = new Set(['write', 'writeFile', 'appendFile', 'mkdir', 'copyFile', 'link']);

/** Until the returned function is called. */
async function fillDisk(folder: string): Promise<() => void> {
  const restore = await interceptFiles(folder, (call) => {
    if (writing.has(call.name)) throw systemError('ENOSPC', call);
  });
  const original = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'exec')?.value as (sql: string) => void; // a method
  vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
    if (this.location() !== null) throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
    original.call(this, sql);
  });
  return () => {
    restore();
    vi.restoreAllMocks();
  };
}

it.each(['the lock', 'the database'])('a lab that has no room for %s opens to look and to delete', async (what) => {
  const folder = await prepareWorkspace();
  const before = await testLab({ folder, processes });
  const [finished, waiting] = [await newRun(before), await newRun(before)];
  before.queue.configure({ held: true });
  before.queue.enqueue([waiting]);
  await trainRun(before.workspace, before.runs.folder(finished), { signal: new AbortController().signal });
  await before.close();

  const restore = what === 'the lock' ? await fillDisk(folder) : await fillDatabase();
  onTestFinished(restore);
  const lab = await testLab({ folder, processes });
  expect(lab.scanProblem).toContain('is full');
  const [near, far] = inProcessPair();
  labDispatcher(lab).serve(far);
  const { lab: client, close } = createClient({ open: () => near });
  onTestFinished(close);
  const { runs } = await client.runs.list({});
  expect(runs.map(({ id, state }) => [id, state]).sort()).toEqual(
    [
      [finished, 'finished'],
      [waiting, 'queued'],
    ].sort(),
  );
  const [loss] = await client.runs.series({ ids: [finished], metrics: ['training.loss'] });
  expect(loss?.steps.length).toBeGreaterThan(0);
  expect((await client.materials.list({})).materials.map(({ name }) => name)).toEqual(['stories']);
  expect((await client.workspace.info({})).notices.map(({ message }) => message).join()).toContain('is full');
  await lab.refresh();
  await lab.queue.advance();
  expect(lab.queue.state().active).toEqual([]); // nothing is trained
  await client.runs.delete({ ids: [finished] });
  expect(await fileExists(lab.runs.folder(finished).folder)).toBe(false); // at once: room is what is wanted
  expect((await client.runs.list({})).runs.map(({ id }) => id)).toEqual([waiting]);
  await lab.close();
  restore();

  const after = await testLab({ folder, processes, queue: { trains: false } });
  expect(after.scanProblem).toBeNull();
  expect(after.runs.all().map(({ id, state }) => [id, state])).toEqual([[waiting, 'queued']]);
});

/** As a disk that takes small files still, but not what SQLite needs. */
async function fillDatabase(): Promise<() => void> {
  return fillDisk(await temporaryFolder());
}

it('browsers are let in where sessions cannot be written', async () => {
  const folder = await temporaryFolder();
  const sessions = sessionsIn(folder);
  const restore = await interceptFiles(folder, (call) => {
    if (writing.has(call.name)) throw systemError('ENOSPC', call);
  });
  const token = sessions.createLink();
  const secret = sessions.redeem(token, 'a browser') ?? '';
  expect(sessions.redeem(token, 'a browser')).toBeUndefined();
  const id = sessions.find(secret)?.id ?? '';
  expect(sessions.list()).toHaveLength(1);
  expect(sessions.revoke(id)).toBe(true);
  expect(sessions.find(secret)).toBeUndefined();
  restore();
});
