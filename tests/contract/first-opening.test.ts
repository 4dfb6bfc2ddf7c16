// A workspace that is opened without its database knows as much as one that was followed all along.
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { NewRunEvent } from '../../src/shared/spec/run/events.ts';
import { databaseFile } from '../../src/main/lab/store/database.ts';
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
