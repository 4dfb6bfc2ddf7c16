// The database at start: damaged and newer ones are refused and left as they are, and `reindex` builds everything anew.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { databaseFile, openDatabase } from '../../src/main/lab/store/database.ts';
import { migrations } from '../../src/main/lab/store/migrations.ts';
import { createPointStore } from '../../src/main/lab/store/points.ts';
import { reindex } from '../../src/main/lab/reindex.ts';
import { openWorkspace } from '../../src/main/lab/workspace.ts';
import { openEventLog, runFolder, writeJson } from '../../src/main/lab/run-folder.ts';
import { experimentSpec } from '../../src/shared/spec/experiment/index.ts';
import { mkdir } from 'node:fs/promises';
import { temporaryFolder, testLab, tinyExperiment } from './lab-fixture.ts';

/** A run's folder as a trainer that was stopped leaves it, with a loss for every step. */
async function writeRun(workspaceFolder: string, id: string, losses: readonly number[]): Promise<void> {
  const run = runFolder(join(workspaceFolder, 'runs', id));
  await mkdir(run.artifacts, { recursive: true });
  await writeJson(run.spec, experimentSpec.parse(tinyExperiment));
  await writeJson(run.origin, {
    formatVersion: 1,
    id,
    createdAt: '2026-01-02T03:04:05.000Z',
    data: { kind: 'text-corpus', name: 'stories', contentHash: 'abc' },
    weights: null,
    tokenizer: null,
  });
  await writeFile(run.events, '');
  const log = openEventLog(run, () => 1000);
  log({ type: 'created', step: 0, id, name: 'tiny', lab: '0' });
  log({
    type: 'started',
    step: 0,
    engine: 'onnxruntime',
    device: 'cpu',
    deviceName: 'a processor',
    totalSteps: 100,
    trainingExamples: 10,
    examplesPerStep: 2,
    parameters: 5,
    trainable: 5,
  });
  losses.forEach((loss, index) =>
    log({
      type: 'step',
      step: index + 1,
      scalars: { loss },
      learningRate: 0.1,
      gradientNorm: 1,
      examplesPerSecond: 10,
    }),
  );
  log({ type: 'stopped', step: losses.length });
}

describe('a database that cannot be used', () => {
  it.each([
    ['no database', Buffer.from('this is a text, and was never a database at all'), 'not a database'],
    ['its beginning only', undefined, 'damaged'],
  ])('%s: says so, names the way out, and leaves it as it is', async (_what, content, words) => {
    const { folder } = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    const file = join(folder, 'lab.sqlite');
    if (content) await writeFile(file, content);
    else {
      const database = await openDatabase(file);
      database.exec('PRAGMA journal_mode = DELETE');
      database.close();
      const whole = await readFile(file);
      await writeFile(file, Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 0xab)]));
    }
    const before = await readFile(file);
    await expect(testLab({ folder })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(words),
    });
    await expect(testLab({ folder })).rejects.toThrow('pretext reindex');
    expect((await readFile(file)).equals(before)).toBe(true);
  });

  it('of a newer lab: is refused with both versions, and left as it is', async () => {
    const { folder } = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    const file = join(folder, 'lab.sqlite');
    const database = await openDatabase(file);
    database.exec(
      `PRAGMA user_version = ${migrations.length + 1}; CREATE TABLE of_tomorrow (x); PRAGMA journal_mode = DELETE`,
    );
    database.close();
    const before = await readFile(file);
    await expect(testLab({ folder })).rejects.toMatchObject({
      code: 'format-version',
      message: expect.stringContaining(`version ${migrations.length + 1}; this one knows ${migrations.length}`),
    });
    expect((await readFile(file)).equals(before)).toBe(true);
  });

  it('of another program: is refused', async () => {
    const file = join(await temporaryFolder(), 'lab.sqlite');
    const database = new DatabaseSync(file);
    database.exec('PRAGMA application_id = 7; CREATE TABLE x (y)');
    database.close();
    await expect(openDatabase(file)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('another program'),
    });
  });
});

describe('reindex', () => {
  it('builds a new database from the folders, with notes and tags, and keeps the old one', async () => {
    const { folder } = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    await writeRun(folder, 'tiny-aaaaa', [3, 2, 1]);
    await writeRun(folder, 'tiny-bbbbb', [5]);
    const lab = await testLab({ folder });
    await lab.runs.annotate('tiny-aaaaa', { notes: 'the good one', tags: ['kept', 'best'], pinned: true });
    await lab.documents.save('experiments', 'draft', { name: 'x' }, false);
    await expect(reindex(lab.workspace)).rejects.toMatchObject({ code: 'conflict' });
    await lab.close();
    await writeFile(databaseFile(lab.workspace), 'broken');

    const found = await reindex(lab.workspace, () => new Date(0));
    expect(found).toMatchObject({ runs: 2, points: 16, keptAs: expect.stringContaining('lab.sqlite.1970-01-01') });
    expect(await readFile(found.keptAs ?? '', 'utf8')).toBe('broken');
    const again = await testLab({ folder });
    expect(again.runs.get('tiny-aaaaa')).toMatchObject({
      state: 'stopped',
      notes: 'the good one',
      tags: ['best', 'kept'],
      pinned: true,
      progress: { step: 3, totalSteps: 100, loss: 1 },
    });
    expect(again.documents.list('experiments')).toMatchObject([{ name: 'draft', body: { name: 'x' } }]);
    expect((await readdir(folder)).filter((name) => name.startsWith('lab.sqlite.'))).toHaveLength(1);
  });

  it('names folders that hold no run, and indexes the others', async () => {
    const { folder } = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    await writeRun(folder, 'tiny-aaaaa', [1]);
    await mkdir(join(folder, 'runs', 'nothing'));
    const { runs, damaged } = await reindex(await openWorkspace(folder));
    expect([runs, [...damaged.keys()]]).toEqual([1, [join(folder, 'runs', 'nothing')]]);
  });
});

describe('following a run that another process trains', () => {
  it('reads what is appended, and a half-written line only when it is whole', async () => {
    const { folder } = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    await writeRun(folder, 'tiny-aaaaa', [3]);
    const lab = await testLab({ folder });
    const { runs } = lab;
    const { events } = runs.folder('tiny-aaaaa');
    const line = JSON.stringify({
      time: 2000,
      type: 'step',
      step: 2,
      scalars: { loss: 2 },
      learningRate: 0.1,
      gradientNorm: 1,
      examplesPerSecond: 10,
    });
    const before = await readFile(events, 'utf8');
    await writeFile(events, before + line.slice(0, 30));
    await runs.follow('tiny-aaaaa');
    expect(runs.get('tiny-aaaaa').progress.step).toBe(1);
    await writeFile(events, `${before}${line}\n`);
    await runs.follow('tiny-aaaaa');
    expect(runs.get('tiny-aaaaa').progress).toMatchObject({ step: 2, loss: 2 });
  });

  it('forgets the points after the step at which a killed run was resumed', async () => {
    const { folder } = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    await writeRun(folder, 'tiny-aaaaa', [5, 4, 3, 2]);
    const log = openEventLog(runFolder(join(folder, 'runs', 'tiny-aaaaa')), () => 5000);
    log({
      type: 'resumed',
      step: 2,
      engine: 'onnxruntime',
      device: 'cpu',
      deviceName: 'a processor',
      totalSteps: 100,
      trainingExamples: 10,
      examplesPerStep: 2,
      parameters: 5,
      trainable: 5,
    });
    log({ type: 'step', step: 3, scalars: { loss: 9 }, learningRate: 0.1, gradientNorm: 1, examplesPerSecond: 10 });
    const { runs } = await testLab({ folder });
    const { points } = runs.points.line(runs.get('tiny-aaaaa').number, 'training.loss', { maximumPoints: 100 });
    expect(points.map(({ step, session, value }) => [step, session, value])).toEqual([
      [1, 1, 5],
      [2, 1, 4],
      [3, 2, 9],
    ]);
  });
});

describe('decimation', () => {
  it('keeps the ends and every extreme of a column, and values that are not finite as gaps', async () => {
    const database = await openDatabase(join(await temporaryFolder(), 'lab.sqlite'));
    database.exec(
      "INSERT INTO runs (number, id, name, task, data, created_at, state, spec, origin, progress) VALUES (1, 'r', 'r', 't', 'd', 0, 'finished', '{}', '{}', '{}')",
    );
    const store = createPointStore(database);
    const value = (step: number): number | null => (step === 400 ? 1000 : step === 401 ? null : Math.sin(step / 50));
    store.add(
      1,
      Array.from({ length: 1000 }, (_, step) => ({
        metric: 'm',
        step,
        session: 1,
        time: step,
        relative: step,
        value: value(step),
      })),
    );
    const { points, total } = store.line(1, 'm', { maximumPoints: 50 });
    database.close();
    expect(total).toBe(1000);
    expect(points.length).toBeLessThanOrEqual(50);
    expect(points.map(({ step }) => step)).toEqual([...points.map(({ step }) => step)].sort((a, b) => a - b));
    expect([points[0]?.step, points.at(-1)?.step]).toEqual([0, 999]);
    expect(points.find(({ step }) => step === 400)?.value).toBe(1000);
    // Of every column the least and the largest value, computed by the slow way.
    const columns = 24;
    for (let column = 0; column < columns; column++) {
      const inside = Array.from({ length: 1000 }, (_, step) => step).filter(
        (step) => Math.floor((step * columns) / 1000) === column && value(step) !== null,
      );
      const values = inside.map((step) => value(step) ?? 0);
      const kept = points.filter(({ step }) => inside.includes(step)).map((point) => point.value);
      expect(kept).toEqual(expect.arrayContaining([Math.min(...values), Math.max(...values)]));
    }
  });
});
