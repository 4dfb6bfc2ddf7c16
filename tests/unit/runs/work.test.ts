// What nodes of a cluster do with a study: side by side, stopped, killed and lost, with the same bits as one computer.
import { createHash } from 'node:crypto';
import { cp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LabError } from '../../../src/shared/errors.ts';
import { replaceFile } from '../../../src/main/files/durable-file.ts';
import { silenceMilliseconds } from '../../../src/main/files/heartbeat.ts';
import { takeLock } from '../../../src/main/files/process-lock.ts';
import { sealJson } from '../../../src/main/files/sealed-json.ts';
import { readClusterStudy } from '../../../src/main/runs/cluster/cluster-study.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import type { PlannedWork } from '../../../src/main/runs/cluster/plan-work.ts';
import { planWork } from '../../../src/main/runs/cluster/plan-work.ts';
import type { CellOutcome, WorkOptions, WorkReport } from '../../../src/main/runs/cluster/work.ts';
import { work } from '../../../src/main/runs/cluster/work.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { runStudy } from '../../../src/main/runs/study.ts';
import { parseStudy } from '../../../src/main/runs/study-plan.ts';
import { lockRun, readEvents, runFolder } from '../../../src/main/workspace/run-folder.ts';
import { readCell, readFailure, readFutility, readWorkState } from '../../../src/main/workspace/work-folder.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import { eventually } from '../../eventually.ts';
import { animalsExperiment, animalsStudy, createStudyWorkspace, studyBits } from '../../tiny-study.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
let workspace: Workspace;
let copies = 0;
const never = new AbortController().signal;

beforeAll(async () => {
  tiny = await createStudyWorkspace();
});
afterAll(() => tiny.remove());
beforeEach(async () => {
  workspace = await copyOf();
});
afterEach(() => rm(workspace.folder, { recursive: true, force: true }));

/** A workspace of a test's own. */
async function copyOf(): Promise<Workspace> {
  const folder = join(tiny.folder, `copy-${copies++}`);
  await cp(tiny.workspace.folder, folder, { recursive: true });
  return openWorkspace(folder);
}

function plan(spec: string, place = workspace): Promise<PlannedWork> {
  const source = parseSpecText(spec, 'study.yaml');
  return planWork(place, parseStudy(source), source);
}

function node({ folder }: PlannedWork, more: Partial<WorkOptions> = {}): Promise<WorkReport> {
  return work({ workspace, folder, index: 0, count: 1, signal: never, pollMilliseconds: 20, ...more });
}

describe('the work of a study', () => {
  it('is done by nodes side by side to the same bits as on one computer, each cell once', async () => {
    const spec = animalsStudy('side', [1, 2], 'tune: {training.learningRate: [1e-3, 1e-2]}');
    const planned = await plan(spec);
    expect(planned.open).toBe(8);
    const outcomes: [string, CellOutcome | 'begun'][] = [];
    const onCell: WorkOptions['onCell'] = ({ id }, outcome) => outcomes.push([id, outcome]);
    const reports = await Promise.all([0, 1, 2].map((index) => node(planned, { index, count: 3, onCell })));
    expect(reports.reduce((sum, { trained }) => sum + trained, 0)).toBe(8);
    const done = outcomes.flatMap(([id, outcome]) => (outcome === 'done' ? [id] : []));
    expect(new Set(done).size).toBe(8);
    expect(await readdir(planned.folder.claims)).toEqual([]);

    const other = await copyOf();
    const source = parseSpecText(spec, 'study.yaml');
    const local = await runStudy(other, parseStudy(source), source, { signal: never, prefetch: false });
    expect(await studyBits(workspace, 'side')).toEqual(await studyBits(other, 'side'));
    // The local study finds all of it done, and says the same.
    const found = await runStudy(workspace, parseStudy(source), source, {
      signal: never,
      onCell: (_cell, _index, _total, reused) => {
        expect(reused).toBe(true);
      },
    });
    const plain = (result: typeof found) => result?.runs.map(({ run: _, ...one }) => one);
    expect(plain(found)).toEqual(plain(local));
    expect(found?.gains).toEqual(local?.gains);
  });

  it('makes the trials of one seed once: the other seeds wait for what they choose', async () => {
    const planned = await plan(animalsStudy('once', [1, 2, 3], 'tune: {training.learningRate: [1e-3, 1e-2]}'));
    await Promise.all([0, 1, 2, 3].map((index) => node(planned, { index, count: 4 })));
    const withTrials = (await readdir(workspace.runs, { recursive: true })).filter((path) =>
      /once\.[^/]+\/trials$/.test(path),
    );
    expect(withTrials).toHaveLength(4); // two arms, two budgets
  });

  it('stops at a checkpoint, and goes on there to the same bits', async () => {
    const planned = await plan(animalsStudy('stop', [1]));
    const controller = new AbortController();
    const [cell] = planned.plan.cells;
    const [first] = await Promise.all([
      node(planned, { signal: controller.signal }),
      eventually(async () => {
        expect(await readEvents(runFolder(join(workspace.runs, cell?.id ?? '')))).not.toEqual([]);
        controller.abort(); // the first cell has begun
      }),
    ]);
    expect(first).toMatchObject({ stopped: 'signal' });
    expect(first.left).toBeGreaterThan(2);
    expect(await node(planned)).toMatchObject({ stopped: null, left: 0, failed: 0 });
    const other = await copyOf();
    const source = parseSpecText(animalsStudy('stop', [1]), 'study.yaml');
    await runStudy(other, parseStudy(source), source, { signal: never, prefetch: false });
    expect(await studyBits(workspace, 'stop')).toEqual(await studyBits(other, 'stop'));
  });

  it('takes the cells of a node that gives no signs of life any more, and leaves those of a living one', async () => {
    const planned = await plan(animalsStudy('lost', [1]));
    const [lost, living] = planned.plan.cells;
    const elsewhere = JSON.stringify({ pid: 1, host: 'a-node', boot: 'another', space: 'pid:[1]', beats: true });
    const claim = (key = ''): string => join(planned.folder.claims, `${key}.lock`);
    for (const cell of [lost, living]) await writeFile(claim(cell?.key), elsewhere);
    const silent = new Date(Date.now() - silenceMilliseconds - 1000);
    await utimes(claim(lost?.key), silent, silent);
    // The living one has just given a sign of life, however long this machine takes for the other cells.
    const soon = new Date(Date.now() + 3600_000);
    await utimes(claim(living?.key), soon, soon);
    expect(await node(planned)).toEqual({ trained: 3, failed: 0, left: 1, stopped: null });
    const { done } = await readWorkState(planned.folder);
    expect(done.has(lost?.key ?? '')).toBe(true);
    expect(done.has(living?.key ?? '')).toBe(false);
  });

  it('leaves a run alone that the lab trains, and takes it as done when it is', async () => {
    const planned = await plan(animalsStudy('lab', [1]));
    const [cell] = planned.plan.cells;
    const { experiment } = await readCell(planned.folder, planned.plan, cell!);
    const release = await lockRun(await createRun(workspace, experiment, cell?.id));
    let others = 0;
    const working = node(planned, {
      onCell: (_cell, outcome) => {
        if (outcome === 'done' && ++others === 3) void release();
      },
    });
    expect(await working).toMatchObject({ left: 0, failed: 0 });
  });

  it('does again neither what is finished here nor what nodes have finished, and only new seeds', async () => {
    const source = parseSpecText(animalsStudy('more', [1]), 'study.yaml');
    await runStudy(workspace, parseStudy(source), source, { signal: never, prefetch: false });
    const planned = await plan(animalsStudy('more', [1, 2]));
    expect(planned.open).toBe(4);
    expect(await node(planned)).toMatchObject({ trained: 4, left: 0 });
    expect((await plan(animalsStudy('more', [1, 2]))).open).toBe(0);
    expect((await readdir(workspace.runs)).filter((name) => name.startsWith('more.'))).toHaveLength(8);
  });

  it('says of a cell why it failed, goes on with the others, and tries it anew when it is submitted again', async () => {
    const planned = await plan(animalsStudy('fail', [1]));
    const [cell] = planned.plan.cells;
    const dataset = join(workspace.datasets, 'animals', 'manifest.json');
    const manifest = await readFile(dataset, 'utf8');
    const changed = manifest.replace(
      /"contentHash": "./,
      (text) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`,
    );
    await writeFile(dataset, changed);
    // As an import writes it: with its checksum.
    const sums = join(workspace.datasets, 'animals', 'SHA256SUMS');
    const written = await readFile(sums, 'utf8');
    const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex');
    await writeFile(sums, written.replace(sumOf(manifest), sumOf(changed)));
    await expect(node(planned)).rejects.toThrow(
      /3 runs in a row have failed on .*has changed since the study was submitted/,
    );
    expect(await readFailure(planned.folder, cell?.key ?? '')).toMatchObject({ code: 'bad-spec' });
    await writeFile(dataset, manifest);
    await writeFile(sums, written);
    expect((await readWorkState(planned.folder)).failed.size).toBe(3);
    const again = await plan(animalsStudy('fail', [1]));
    expect(await node(again)).toMatchObject({ left: 0, failed: 0 });
  });

  it('is not begun where its file of experiments is damaged', async () => {
    const planned = await plan(animalsStudy('damage', [1]));
    const file = join(planned.folder.folder, planned.plan.file);
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('1e-2', '1e-1').replaceAll('0.01', '0.02'));
    await expect(node(planned)).rejects.toThrow('is not what was planned. Submit the study again');
  });

  it('stops when it is cancelled', async () => {
    const planned = await plan(animalsStudy('cancel', [1]));
    await writeFile(planned.folder.cancelled, '');
    expect(await node(planned)).toMatchObject({ trained: 0, left: 4, stopped: 'cancelled' });
    await plan(animalsStudy('cancel', [1])); // submitted again, it goes on
    expect(await node(planned)).toMatchObject({ left: 0, stopped: null });
  });
});

describe('the work of a study that may stop for futility', () => {
  // The same arm under two names: every difference is 0.
  const settings = 'settings: {from.run: tiny-words}';
  const futile = (name: string, seeds: readonly number[], more = 'stopForFutility: true'): string => `
name: ${name}
${more}
experiment:${animalsExperiment}
arms: [{name: one, ${settings}}, {name: other, ${settings}}]
seeds: ${JSON.stringify(seeds)}
metric: accuracy`;

  it('is over after the seeds that one computer would train, and says the same', async () => {
    const spec = futile('futile', [3, 1, 2, 5, 4]);
    const planned = await plan(spec);
    expect(planned.plan.cells.map(({ seed }) => seed)).toEqual([3, 3, 1, 1, 2, 2, 5, 5, 4, 4]);
    expect(await node(planned)).toEqual({ trained: 6, failed: 0, left: 0, stopped: 'futility' });
    const { cells } = (await readClusterStudy(workspace, 'futile'))!;
    expect(cells.map(({ state }) => state)).toEqual([
      ...Array.from({ length: 6 }, () => 'done'),
      ...Array.from({ length: 4 }, () => 'left out'),
    ]);
    const source = parseSpecText(spec, 'study.yaml');
    const other = await copyOf();
    const asked = { signal: never, prefetch: false };
    const local = await runStudy(other, parseStudy(source), source, asked);
    const here = await runStudy(workspace, parseStudy(source), source, asked);
    expect(here?.interim).toEqual({ seeds: 3, planned: 5 });
    expect(here?.gains).toEqual(local?.gains);
    expect(await studyBits(workspace, 'futile')).toEqual(await studyBits(other, 'futile'));
    // Laid out again, it is over; with fewer seeds to come it is asked anew, and without the wish all are trained.
    expect((await plan(spec)).open).toBe(0);
    expect((await plan(futile('futile', [3, 1, 2, 5, 4], ''))).open).toBe(4);
  });

  it('stops what was begun of later seeds, and goes on where it was asked in vain', async () => {
    const planned = await plan(futile('begun', [1, 2, 3, 4]).replace('steps: 6', 'steps: 6, checkpointEvery: 100000'));
    const { cells } = planned.plan;
    const last = cells.at(-1)!;
    // Another node has the last seed already, and trains it for long.
    const claim = join(planned.folder.claims, `${last.key}.lock`);
    const release = await takeLock(claim, () => new LabError('conflict', 'taken'));
    await writeFile(
      join(planned.folder.folder, 'futility.json'),
      '{"formatVersion":1,"seeds":3,"stop":true,"crc32":"0"}',
    );
    const report = await node(planned);
    expect(report).toMatchObject({ trained: 6, left: 0, stopped: 'futility' });
    expect(await readFutility(planned.folder)).toEqual({ formatVersion: 1, seeds: 3, stop: true });
    await release();
    // Whoever comes now has nothing to do.
    expect(await node(planned, { index: 1, count: 2 })).toMatchObject({ trained: 0, left: 0, stopped: 'futility' });
  });

  it('lets go of a run of a later seed within seconds', async () => {
    const planned = await plan(
      futile('later', [1, 2, 3, 4]).replace('steps: 6', 'steps: 200000, checkpointEvery: 200000'),
    );
    const begun = Promise.withResolvers<undefined>();
    const outcomes: CellOutcome[] = [];
    const onCell: WorkOptions['onCell'] = (_cell, outcome) => {
      if (outcome === 'begun') begun.resolve(undefined);
      else outcomes.push(outcome);
    };
    const working = node(planned, { onCell });
    await begun.promise;
    await replaceFile(planned.folder.futility, sealJson({ formatVersion: 1, seeds: 3, stop: true }));
    expect(await working).toMatchObject({ trained: 0, stopped: 'futility' });
    expect(outcomes).toEqual(['stopped']);
  });

  it('trains every seed where a difference is still to be expected', async () => {
    const spec = futile('open', [1, 2, 3, 4]).replace(
      /(name: other.*)\{from\.run: tiny-words\}/,
      '$1{from.run: tiny-words, training.learningRate: 1e-9}',
    );
    const planned = await plan(spec);
    const source = parseSpecText(spec, 'study.yaml');
    const local = await runStudy(await copyOf(), parseStudy(source), source, { signal: never, prefetch: false });
    const { trained } = await node(planned);
    expect(trained).toBe(local?.runs.length);
  });
});
