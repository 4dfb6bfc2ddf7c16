// The database at start: damaged and newer ones are refused and left as they are, and `reindex` builds everything anew.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { databaseFile, openDatabase } from '../../src/main/lab/store/database.ts';
import { migrations } from '../../src/main/lab/store/migrations.ts';
import { columnWidth, createPointStore } from '../../src/main/lab/store/points.ts';
import { createRunStore } from '../../src/main/lab/store/run-store.ts';
import { reindex } from '../../src/main/lab/reindex.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { lockRun, openEventLog, runFolder } from '../../src/main/workspace/run-folder.ts';
import { mkdir } from 'node:fs/promises';
import { temporaryFolder, testLab, writeRunFolder } from './lab-fixture.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';

/** A run's folder as a trainer that was stopped leaves it, with a loss for every step. */
async function writeRun(workspaceFolder: string, id: string, losses: readonly number[]): Promise<void> {
  const run = await writeRunFolder(workspaceFolder, id);
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

describe('the place of the database', () => {
  it('is the workspace, and the cache of this computer for one on a network, where it would not work', async () => {
    const [folder, cache] = [await temporaryFolder(), await temporaryFolder()];
    vi.stubEnv('XDG_CACHE_HOME', cache);
    vi.stubEnv('LOCALAPPDATA', cache);
    const workspace = await openWorkspace(folder);
    expect(databaseFile(workspace)).toBe(join(folder, 'lab.sqlite'));
    const nfs = (): number => 0x6969;
    const elsewhere = databaseFile(workspace, nfs);
    expect(elsewhere).not.toContain(folder);
    (await openDatabase(elsewhere)).close();
    expect(databaseFile(workspace, nfs)).toBe(elsewhere);
    expect(databaseFile(await openWorkspace(await temporaryFolder()), nfs)).not.toBe(elsewhere);
    await writeFile(join(folder, 'lab.sqlite'), ''); // one of before stays where it is
    expect(databaseFile(workspace, nfs)).toBe(join(folder, 'lab.sqlite'));
  });
});

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
    await expect(reindex(lab.workspace, taskNotes)).rejects.toMatchObject({ code: 'conflict' });
    await lab.close();
    await writeFile(databaseFile(lab.workspace), 'broken');

    const found = await reindex(lab.workspace, taskNotes, () => new Date(0));
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
    const { runs, damaged } = await reindex(await openWorkspace(folder), taskNotes);
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

  it('sees that a run that was at rest is taken up again, and that its trainer then dies', async () => {
    const { folder } = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    await writeRun(folder, 'tiny-aaaaa', [5, 4]);
    const lab = await testLab({ folder, scanMilliseconds: 3_600_000 });
    const state = async (): Promise<string> => {
      await lab.refresh();
      return lab.runs.get('tiny-aaaaa').state;
    };
    expect([await state(), await state()]).toEqual(['stopped', 'stopped']);
    const run = runFolder(join(folder, 'runs', 'tiny-aaaaa'));
    const unlock = await lockRun(run);
    const log = openEventLog(run, () => 5000);
    log({ type: 'step', step: 3, scalars: { loss: 3 }, learningRate: 0.1, gradientNorm: 1, examplesPerSecond: 10 });
    expect([await state(), await state()]).toEqual(['running', 'running']);
    expect(lab.runs.get('tiny-aaaaa').progress.step).toBe(3);
    await unlock(); // without a word of an end
    expect(await state()).toBe('interrupted');
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

describe('a database that has no room left', () => {
  it('loses nothing: what could not be written is written when there is room', async () => {
    const workspace = await openWorkspace(join(await temporaryFolder(), 'workspace'));
    await writeRun(workspace.folder, 'tiny-aaaaa', [1]);
    const database = await openDatabase(databaseFile(workspace));
    onTestFinished(() => {
      database.close();
    });
    const runs = createRunStore(workspace, database, taskNotes);
    await runs.scan(() => false);
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() ?? {};
    database.exec(`PRAGMA max_page_count = ${Number(pages)}`);
    const log = openEventLog(runs.folder('tiny-aaaaa'), () => 2000);
    for (let step = 2; step <= 2000; step += 1) {
      log({ type: 'step', step, scalars: { loss: step }, learningRate: 1, gradientNorm: 1, examplesPerSecond: 1 });
    }
    await expect(runs.follow('tiny-aaaaa')).rejects.toThrow('full');
    expect(runs.get('tiny-aaaaa').progress).toMatchObject({ step: 1, loss: 1 });
    const reason = 'x'.repeat(20_000);
    runs.change('tiny-aaaaa', { state: 'failed', failure: { code: 'internal', message: reason, details: {} } });
    await runs.scan(() => false);
    expect([...runs.damaged.keys()]).toEqual([]);

    database.exec('PRAGMA max_page_count = 100000');
    await runs.scan(() => false);
    const { points, total } = runs.points.line(1, 'training.loss', { maximumPoints: 5000 });
    expect([total, points.at(-1)?.value]).toEqual([2000, 2000]);
    const again = createRunStore(workspace, database, taskNotes);
    expect(again.get('tiny-aaaaa').progress).toMatchObject({ step: 2000, loss: 2000 });
    expect(again.get('tiny-aaaaa').failure?.message).toBe(reason);
  });
});

describe('decimation', () => {
  /** A store with one run, and the way to add values by step. */
  async function emptyStore() {
    const database = await openDatabase(join(await temporaryFolder(), 'lab.sqlite'));
    onTestFinished(() => {
      database.close();
    });
    database.exec(
      "INSERT INTO runs (number, id, name, task, data, created_at, state, spec, origin, progress) VALUES (1, 'r', 'r', 't', 'd', 0, 'finished', '{}', '{}', '{}')",
    );
    const store = createPointStore(database);
    const add = (values: ReadonlyMap<number, number | null>, session = 1): void => {
      const place = (step: number) => ({ step, session, time: step, relative: step });
      store.add(
        1,
        [...values].map(([step, value]) => ({ metric: 'm', ...place(step), value })),
      );
    };
    return { store, add };
  }

  /** The slow way: of every column the least and the largest of all values. */
  function expectExtremes(
    points: readonly { readonly step: number; readonly value: number | null }[],
    values: ReadonlyMap<number, number | null>,
    [from, to, maximumPoints]: readonly [number, number, number],
  ): void {
    const inside = [...values].filter(([step]) => step >= from && step <= to).sort(([a], [b]) => a - b);
    const [first = 0] = inside.map(([step]) => step);
    const last = inside.reduce((furthest, [step]) => Math.max(furthest, step), first);
    const steps = points.map(({ step }) => step);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect([steps[0], steps.at(-1)]).toEqual([first, last]);
    expect(points.length).toBeLessThanOrEqual(maximumPoints);
    for (const { step, value } of points) expect(value).toBe(values.get(step));
    const { width } = columnWidth(last - first + 1, maximumPoints - 2);
    expect(width).toBeLessThanOrEqual((1.3 * (last - first + 1)) / ((maximumPoints - 4) / 2) + 1);
    const columns = Map.groupBy(inside, ([step]) => Math.floor(step / width));
    for (const [column, members] of columns) {
      const known = members.flatMap(([, value]) => value ?? []);
      if (known.length === 0) continue;
      const kept = points.filter(({ step }) => Math.floor(step / width) === column).map(({ value }) => value);
      expect(kept).toEqual(expect.arrayContaining([Math.min(...known), Math.max(...known)]));
    }
  }

  const waves = (steps: number, every: number, shift = 0): Map<number, number | null> =>
    new Map(
      Array.from({ length: Math.floor(steps / every) }, (_, index) => {
        const step = index * every;
        const spike = step % 997 === 0 ? 50 : 0;
        return [step, step % 401 === 0 ? null : Math.sin(step / 50 + shift) * Math.exp(-step / steps) + spike];
      }),
    );

  it.each([
    ['short: point by point', waves(1000, 1), 50],
    ['by blocks of 16 steps', waves(10_000, 1), 200],
    ['by blocks of 256 steps', waves(200_000, 20), 300],
    ['sparse', waves(3_000_000, 3000), 100],
  ])('keeps the ends and every extreme of a column, %s', async (_which, values, maximumPoints) => {
    const { store, add } = await emptyStore();
    add(values);
    const whole = store.line(1, 'm', { maximumPoints });
    expect(whole.total).toBe(values.size);
    expectExtremes(whole.points, values, [0, Infinity, maximumPoints]);
    const last = Math.max(...values.keys());
    const [fromStep, toStep] = [Math.floor(last * 0.111) + 1, Math.floor(last * 0.777) + 3];
    const zoomed = store.line(1, 'm', { maximumPoints, fromStep, toStep });
    expectExtremes(zoomed.points, values, [fromStep, toStep, maximumPoints]);
  });

  it('knows the points beside a range, so that sparse lines go on to the edges of what is zoomed to', async () => {
    const { store, add } = await emptyStore();
    add(
      new Map([
        [100, 1],
        [200, 2],
        [300, 3],
      ]),
    );
    const stepsBeside = (from: number, to: number) => store.beside(1, 'm', from, to).map((point) => point?.step);
    expect(stepsBeside(120, 180)).toEqual([100, 200]);
    expect(stepsBeside(200, 200)).toEqual([100, 300]);
    expect(stepsBeside(0, 300)).toEqual([undefined, undefined]);
    expect(store.beside(1, 'm', 250, 1000)).toEqual([expect.objectContaining({ step: 200, value: 2 }), undefined]);
  });

  it('forgets the extremes of what a resumed run does anew', async () => {
    const { store, add } = await emptyStore();
    const values = waves(10_000, 1);
    add(values);
    store.dropAfter(1, 4444);
    for (const step of values.keys()) if (step > 4444) values.delete(step);
    expectExtremes(store.line(1, 'm', { maximumPoints: 100 }).points, values, [0, Infinity, 100]);
    // As they come while it trains: a few at a time.
    const again = [...waves(8000, 1, 1)].filter(([step]) => step > 4444);
    for (let start = 0; start < again.length; start += 7) add(new Map(again.slice(start, start + 7)), 2);
    for (const [step, value] of again) values.set(step, value);
    expectExtremes(store.line(1, 'm', { maximumPoints: 100 }).points, values, [0, Infinity, 100]);
    store.dropAfter(1, -1);
    expect(store.line(1, 'm', { maximumPoints: 100 })).toMatchObject({ points: [], total: 0 });
  });

  it('is the same for a database of before blocks', async () => {
    const file = join(await temporaryFolder(), 'lab.sqlite');
    const old = new DatabaseSync(file);
    old.exec(migrations[0] ?? '');
    old.exec(
      "PRAGMA user_version = 1; INSERT INTO runs (number, id, name, task, data, created_at, state, spec, origin, progress) VALUES (1, 'r', 'r', 't', 'd', 0, 'finished', '{}', '{}', '{}'); INSERT INTO metrics VALUES (1, 'm')",
    );
    const values = waves(10_000, 1);
    const insert = old.prepare('INSERT INTO points VALUES (1, 1, ?, 1, 0, 0, ?)');
    old.exec('BEGIN');
    for (const [step, value] of values) insert.run(step, value);
    old.exec('COMMIT');
    old.close();
    const database = await openDatabase(file);
    onTestFinished(() => {
      database.close();
    });
    const { points } = createPointStore(database).line(1, 'm', { maximumPoints: 200 });
    expectExtremes(points, values, [0, Infinity, 200]);
  });
});
