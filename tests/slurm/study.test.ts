// A study on a real Slurm: an array, a node that dies, a job that is killed, a time limit, cancelling; and the same bits as here.
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/shared/errors.ts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startSlurm, whyNoSlurm } from '../../scripts/slurm.ts';
import type { Slurm } from '../../scripts/slurm.ts';
import { cancelClusterStudy, readClusterStudy } from '../../src/main/runs/cluster/cluster-study.ts';
import type { ClusterStudy } from '../../src/main/runs/cluster/cluster-study.ts';
import { submitStudy } from '../../src/main/runs/cluster/submit.ts';
import type { SubmitOptions } from '../../src/main/runs/cluster/submit.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { runStudy } from '../../src/main/runs/study.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { readEvents, runFolder } from '../../src/main/workspace/run-folder.ts';
import { readPlan, workFolderOf } from '../../src/main/workspace/work-folder.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { animalsStudy, createStudyWorkspace, studyBits } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';

const folder = await mkdtemp(join(tmpdir(), 'pretext-slurm-'));
let slurm: Slurm | undefined;
/** What keeps Slurm from starting here is no fault of the lab. */
const missing =
  whyNoSlurm() ??
  (await startSlurm(folder).then(
    (started) => {
      slurm = started;
      process.env.SLURM_CONF = started.configuration;
      return undefined;
    },
    (error: unknown) => messageOf(error),
  ));
if (missing !== undefined) process.stdout.write(`Skipped: ${missing}.\n`);

/** Of one wait; a test may have several. */
const patience = { timeout: 300_000, interval: 500 };
let tiny: TinyWorkspace;

async function submit(spec: string, options: Partial<SubmitOptions> = {}) {
  const source = parseSpecText(spec, 'study.yaml');
  return submitStudy(tiny.workspace, parseStudy(source), source, { scheduler: 'slurm', ...options });
}

async function standing(study: string): Promise<ClusterStudy> {
  return (await readClusterStudy(tiny.workspace, study))!;
}

const numberOf = ({ cells }: ClusterStudy, state: string): number =>
  cells.filter((cell) => cell.state === state).length;

/**
 * What has put itself back waits for two minutes otherwise. Not at once: a node refuses a job that starts in the second in which the node
 * was told that it had ended ("Job credential revoked"), and Slurm gives up such a job.
 */
function startAgain(job: string): void {
  slurm?.ask('scontrol', 'update', `JobId=${job}`, 'StartTime=now+5');
}

/** Waits, and says what Slurm says of the job where it waits in vain. */
async function untilJob(job: string, check: () => Promise<void>): Promise<void> {
  try {
    await vi.waitFor(check, patience);
  } catch (error) {
    const logs = join(tiny.workspace.folder, 'studies');
    const said = (await readdir(logs, { recursive: true })).filter(
      (name) => name.endsWith('.log') && name.includes(`/${job}_`),
    );
    const parts = await Promise.all(said.map(async (name) => `${name}:\n${await readFile(join(logs, name), 'utf8')}`));
    const state = [slurm?.ask('scontrol', 'show', 'job', job), slurm?.ask('scontrol', 'show', 'nodes'), ...parts].join(
      '\n',
    );
    throw new Error(`${messageOf(error)}\n${state}\n${slurm?.logs()}`, { cause: error });
  }
}

async function reachesEnd(study: string, cells: number): Promise<ClusterStudy> {
  await vi.waitFor(async () => {
    expect(numberOf(await standing(study), 'done')).toBe(cells);
  }, patience);
  return standing(study);
}

describe.skipIf(missing !== undefined)('a study on Slurm', () => {
  beforeAll(async () => {
    tiny = await createStudyWorkspace();
  });
  afterAll(async () => {
    await slurm?.stop();
    await tiny.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('of 24 cells is done by arrays, loses a node and a step on the way, and has the bits of one computer', async () => {
    const spec = animalsStudy('array', [1, 2, 3, 4, 5, 6]);
    const untouched = await openWorkspace(join(folder, 'untouched'));
    await cp(tiny.workspace.folder, untouched.folder, { recursive: true });
    const { submission } = await submit(spec, { runsPerJob: 1, parallel: 2 });
    // Arrays have at most 15 elements here: numbers are below MaxArraySize.
    expect(submission?.jobs.map(({ first, last, offset }) => ({ first, last, offset }))).toEqual([
      { first: 0, last: 14, offset: 0 },
      { first: 0, last: 8, offset: 15 },
    ]);
    await expect(submit(spec)).rejects.toMatchObject({ code: 'conflict' });
    await vi.waitFor(async () => {
      const found = await standing('array');
      expect(numberOf(found, 'running')).toBe(2);
      expect(new Set(found.jobs.elements.map(({ node }) => node))).toContain('n2');
    }, patience);
    expect(slurm?.killNode('n2')).toBeGreaterThan(1);
    const before = numberOf(await standing('array'), 'done');
    await vi.waitFor(async () => {
      expect(numberOf(await standing('array'), 'done')).toBeGreaterThan(before);
    }, patience);
    slurm?.startNode('n2');
    // A step is killed: its job has failed, and others take what it had begun.
    const claims = join(tiny.workspace.folder, 'studies', 'array.work', 'claims');
    await vi.waitFor(async () => {
      const [claim = 'none'] = (await readdir(claims)).filter((name) => name.endsWith('.lock'));
      const { pid } = JSON.parse(await readFile(join(claims, claim), 'utf8')) as { pid: number };
      process.kill(pid, 'SIGKILL');
    }, patience);
    const end = await reachesEnd('array', 24);
    expect(end.jobs.problem).toBeNull();
    expect(end.cells.map(({ state }) => state)).toEqual(Array.from({ length: 24 }, () => 'done'));
    const source = parseSpecText(spec, 'study.yaml');
    await runStudy(untouched, parseStudy(source), source, { signal: new AbortController().signal, prefetch: false });
    expect(await studyBits(tiny.workspace, 'array')).toEqual(await studyBits(untouched, 'array'));
  });

  it('that is told to stop before its time limit puts itself back and goes on at its checkpoint', async () => {
    const spec = animalsStudy('limit', [1]).replace('steps: 6', 'steps: 700, checkpointEvery: 700');
    const { submission } = await submit(spec, { parallel: 1, runsPerJob: 4 });
    const job = submission?.jobs[0]?.job ?? '';
    const first = await vi.waitFor(async () => {
      const { cells } = await standing('limit');
      const running = cells.find(({ state }) => state === 'running');
      const steps = running ? await readEvents(runFolder(join(tiny.workspace.runs, running.id))) : [];
      expect(steps.some(({ type }) => type === 'step')).toBe(true);
      return running?.id ?? '';
    }, patience);
    slurm?.ask('scancel', '--signal=USR1', '--batch', job);
    await vi.waitFor(async () => {
      const events = await readEvents(runFolder(join(tiny.workspace.runs, first)));
      expect(events.filter(({ type }) => type === 'stopped')).toHaveLength(1);
      expect(slurm?.ask('scontrol', '--oneliner', 'show', 'job', job)).toContain('Restarts=1');
    }, patience);
    startAgain(job);
    await reachesEnd('limit', 4);
    const events = await readEvents(runFolder(join(tiny.workspace.runs, first)));
    expect(events.filter(({ type }) => type === 'resumed')).toHaveLength(1);
  });

  it('that comes near the time limit of the scheduler is told so, puts itself back and goes on', async () => {
    const spec = animalsStudy('minutes', [1]).replace('steps: 6', 'steps: 500000, checkpointEvery: 500000');
    // USR1 comes 60 seconds before the end, or up to a minute earlier: Slurm does not look at limits all the time.
    const { submission } = await submit(spec, { parallel: 1, runsPerJob: 4, options: { time: '3' } });
    const job = submission?.jobs[0]?.job ?? '';
    expect(slurm?.ask('scontrol', '--oneliner', 'show', 'job', job)).toContain('TimeLimit=00:03:00');
    const { claims } = workFolderOf(tiny.workspace, 'minutes');
    const eventsOf = async (type: string) => {
      const { cells } = await readPlan(workFolderOf(tiny.workspace, 'minutes'));
      const begun = cells.filter(({ id }) => existsSync(join(tiny.workspace.runs, id)));
      const all = await Promise.all(begun.map(({ id }) => readEvents(runFolder(join(tiny.workspace.runs, id)))));
      return all.flat().filter((event) => event.type === type);
    };
    await untilJob(job, async () => {
      expect(await eventsOf('stopped')).toHaveLength(1);
      expect(slurm?.ask('scontrol', '--oneliner', 'show', 'job', job)).toMatch(/JobState=PENDING.* Restarts=1/);
    });
    const [stopped] = await eventsOf('stopped');
    expect(stopped?.step).toBeGreaterThan(0);
    expect(await readdir(claims)).toEqual([]);
    startAgain(job);
    await untilJob(job, async () => {
      expect((await eventsOf('resumed')).map(({ step }) => step)).toEqual([stopped?.step]);
    });
    await cancelClusterStudy(tiny.workspace, 'minutes');
    await untilJob(job, async () => {
      expect(await eventsOf('stopped')).toHaveLength(2);
    });
  });

  it('that is cancelled stops at a checkpoint, and is finished when it is submitted again', async () => {
    const spec = animalsStudy('cancelled', [1]).replace('steps: 6', 'steps: 700, checkpointEvery: 700');
    await submit(spec, { parallel: 2, runsPerJob: 1 });
    await vi.waitFor(async () => {
      expect(numberOf(await standing('cancelled'), 'running')).toBeGreaterThan(0);
    }, patience);
    await cancelClusterStudy(tiny.workspace, 'cancelled');
    await vi.waitFor(async () => {
      const { jobs, cells } = await standing('cancelled');
      expect(jobs.elements.filter(({ state }) => state === 'waiting' || state === 'running')).toEqual([]);
      expect(cells.filter(({ state }) => state === 'running')).toEqual([]);
    }, patience);
    expect(numberOf(await standing('cancelled'), 'done')).toBeLessThan(4);
    await submit(spec, { parallel: 2 });
    await reachesEnd('cancelled', 4);
  });
});
