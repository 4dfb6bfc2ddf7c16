// A workspace that is opened without its database knows as much as one that was followed all along.
import { appendFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LabClient } from '../../src/shared/contract/index.ts';
import { createClient } from '../../src/shared/rpc/client.ts';
import type { NewRunEvent } from '../../src/shared/spec/run/events.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import { databaseFile } from '../../src/main/lab/store/database.ts';
import { labDispatcher } from '../../src/main/rpc/features/index.ts';
import { inProcessPair } from '../../src/main/rpc/transports/in-process.ts';
import { openEventLog } from '../../src/main/workspace/run-folder.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { temporaryFolder, testLab, writeRunFolder } from './lab-fixture.ts';

const started = (step: number, type: 'started' | 'resumed'): NewRunEvent => ({
  ...{ type, step, engine: 'onnxruntime', device: 'cpu', deviceName: 'a processor', totalSteps: 600 },
  ...{ trainingExamples: 10, examplesPerStep: 2, parameters: 5, trainable: 5 },
});
const stepped = (step: number, loss: number): NewRunEvent => ({
  ...{ type: 'step', step, scalars: { loss }, learningRate: 0.1, gradientNorm: 1, examplesPerSecond: 10 },
});

/** Trained to step 300, killed, and gone on with from step 200. */
const sessions: readonly (readonly NewRunEvent[])[] = [
  [
    { type: 'created', step: 0, id: 'long', name: 'tiny', lab: '0' },
    started(0, 'started'),
    ...Array.from({ length: 300 }, (_, index) => stepped(index + 1, Math.sin(index))),
    { type: 'evaluation', step: 300, split: 'validation', metrics: { loss: 2, accuracy: 0.5 }, best: true },
  ],
  [started(200, 'resumed'), ...Array.from({ length: 90 }, (_, index) => stepped(index + 201, Math.cos(index)))],
  [{ type: 'stopped', step: 290 }],
];

function clientOf(lab: Lab): LabClient {
  const [near, far] = inProcessPair();
  labDispatcher(lab).serve(far);
  const client = createClient({ open: () => near });
  onTestFinished(() => {
    client.close();
  });
  return client.lab;
}

/** All that is in a database of runs, but the numbers by which it names them. */
function contentOf(workspace: Workspace): unknown {
  const database = new DatabaseSync(databaseFile(workspace), { readOnly: true });
  const rows = [
    'SELECT id, state, paused, result, progress, failure, notes, events_read FROM runs ORDER BY id',
    'SELECT id, metrics.name AS metric, points.step, session, time, relative, value FROM points JOIN runs ON runs.number = run JOIN metrics ON metrics.number = metric ORDER BY 1, 2, 3',
    'SELECT id, metrics.name AS metric, size, block, highest, step, value FROM blocks JOIN runs ON runs.number = run JOIN metrics ON metrics.number = metric ORDER BY 1, 2, 3, 4, 5',
  ].map((sql) => database.prepare(sql).all());
  database.close();
  return rows;
}

/** Each a minute older than the one before it; asked as pages do. */
async function manyRuns(count: number): Promise<Workspace> {
  const workspace = await openWorkspace(join(await temporaryFolder(), 'workspace'));
  for (let number = 0; number < count; number++) {
    const run = await writeRunFolder(workspace.folder, `run-${String(number).padStart(3, '0')}`);
    const time = new Date(Date.UTC(2026, 0, 1) - number * 60_000);
    await utimes(run.folder, time, time);
  }
  return workspace;
}

describe('a workspace of many runs', () => {
  it('is there with the newest runs, those that wait ahead of them, and reads on', async () => {
    const workspace = await manyRuns(150);
    await writeFile(
      join(workspace.folder, 'queue.json'),
      JSON.stringify({ formatVersion: 1, order: ['run-140'], held: true, concurrency: 1 }),
    );
    const lab = await testLab({ folder: workspace.folder, firstRuns: 40, queue: { trains: false } });
    const client = clientOf(lab);
    const early = await client.runs.list({ limit: 1000 });
    expect(early.unread).toBeGreaterThan(0);
    expect(early.unread + early.total).toBe(150);
    const ids = early.runs.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['run-140', 'run-000', 'run-030']));
    expect(ids).not.toContain('run-149');
    expect((await client.runs.queue({})).order).toEqual(['run-140']);
    // What needs all of them waits for them.
    expect((await client.runs.get({ id: 'run-149' })).run.id).toBe('run-149');
    expect(await client.runs.list({ limit: 1 })).toMatchObject({ total: 150, unread: 0 });
  });

  it('can be closed and opened while it is read', async () => {
    const workspace = await manyRuns(120);
    const first = await testLab({ folder: workspace.folder, firstRuns: 1 });
    expect(first.unread).toBeGreaterThan(0);
    await first.close();
    await first.whole;
    expect(first.scanProblem).toBeNull();
    const second = await testLab({ folder: workspace.folder });
    expect([second.unread, second.runs.all().length]).toEqual([0, 120]);
  });

  it('with its database lists all runs at once, and says that none are to come while it looks at them', async () => {
    const workspace = await manyRuns(120);
    await (await testLab({ folder: workspace.folder })).close();
    const lab = await testLab({ folder: workspace.folder, firstRuns: 100 });
    expect(lab.unread).toBe(120);
    const client = clientOf(lab);
    expect(await client.runs.list({ limit: 1 })).toMatchObject({ total: 120, unread: 0 });
    expect((await client.runs.get({ id: 'run-119' })).run.state).toBe('stopped'); // after the look
    expect(lab.unread).toBe(0);
  });

  it('tells pages when it has read them all', async () => {
    const workspace = await manyRuns(60);
    const lab = await testLab({ folder: workspace.folder, firstRuns: 1 });
    const told: string[] = [];
    lab.changes.on((part) => told.push(`${part} ${lab.unread}`));
    await lab.whole;
    expect(told).toEqual(['runs 0', 'notices 0']);
  });
});

describe('a workspace without its database', () => {
  it('has the points, the extremes and the standing of runs that were followed while they trained', async () => {
    const workspace = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    const run = await writeRunFolder(workspace.folder, 'long');
    const lab = await testLab({ folder: workspace.folder, scanMilliseconds: 1e9 });
    let time = 1000;
    const log = openEventLog(run, () => (time += 10));
    for (const events of sessions) {
      for (const event of events) log(event);
      await lab.refresh();
    }
    await lab.close();
    const followed = contentOf(workspace);
    for (const suffix of ['', '-wal', '-shm']) await rm(databaseFile(workspace) + suffix, { force: true });
    await (await testLab({ folder: workspace.folder })).close();
    expect(contentOf(workspace)).toEqual(followed);
    expect(followed).toMatchObject([[{ id: 'long', state: 'stopped' }], { length: 4 * 290 }, expect.anything()]);
  });

  it.each([
    ['result.json', (run: RunFolder) => writeFile(run.result, '{"half": '), /result\.json is damaged/],
    ['events.jsonl', (run: RunFolder) => appendFile(run.events, 'nothing that was written\n'), /not what was written/],
  ])('shows a run whose %s is damaged, and says so', async (_file, damage, said) => {
    const workspace = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    const run = await writeRunFolder(workspace.folder, 'hurt');
    const log = openEventLog(run, () => 1000);
    for (const event of sessions[0] ?? []) log(event);
    await damage(run);
    const lab = await testLab({ folder: workspace.folder });
    expect(lab.runs.get('hurt').progress).toMatchObject({ step: 300, totalSteps: 600 });
    expect([...lab.runs.damaged.values()].join()).toMatch(said);
  });
});
