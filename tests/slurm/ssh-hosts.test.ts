// Hosts without a scheduler, reached by a real SSH: two names of this machine, by a server of its own with keys of its own.
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { messageOf } from '../../src/shared/errors.ts';
import type { SshServer } from '../../scripts/sshd.ts';
import { startSshd, whyNoSshd } from '../../scripts/sshd.ts';
import { cancelClusterStudy, readClusterStudy } from '../../src/main/runs/cluster/cluster-study.ts';
import type { ClusterStudy } from '../../src/main/runs/cluster/cluster-study.ts';
import { submitStudy } from '../../src/main/runs/cluster/submit.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { runStudy } from '../../src/main/runs/study.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { readEvents, runFolder } from '../../src/main/workspace/run-folder.ts';
import { workFolderOf } from '../../src/main/workspace/work-folder.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { animalsStudy, createStudyWorkspace, studyBits } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';

const folder = await mkdtemp(join(tmpdir(), 'pretext-sshd-'));
let server: SshServer | undefined;
const missing =
  whyNoSshd() ??
  (await startSshd(folder, ['one', 'two']).then(
    (started) => {
      server = started;
      return undefined;
    },
    (error: unknown) => messageOf(error),
  ));
if (missing !== undefined) process.stdout.write(`Skipped: ${missing}.\n`);

const patience = { timeout: 300_000, interval: 250 };
let tiny: TinyWorkspace;

const submit = (spec: string, hosts = 'one,two') => {
  const source = parseSpecText(spec, 'study.yaml');
  return submitStudy(tiny.workspace, parseStudy(source), source, { scheduler: 'ssh', options: { hosts } });
};
const standing = async (study: string): Promise<ClusterStudy> => (await readClusterStudy(tiny.workspace, study))!;
const elementsOf = ({ jobs }: ClusterStudy): readonly string[] => jobs.elements.map(({ state }) => state);
const cellsOf = ({ cells }: ClusterStudy): readonly string[] => cells.map(({ state }) => state);

describe.skipIf(missing !== undefined)('a study on hosts that SSH reaches', () => {
  beforeAll(async () => {
    tiny = await createStudyWorkspace();
  });
  beforeEach(() => {
    vi.stubEnv('PATH', `${server?.programs}:${process.env.PATH}`);
  });
  afterAll(async () => {
    await server?.stop();
    await tiny.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('is done by both, after the connection has ended, with the bits of one computer', async () => {
    const untouched = await openWorkspace(join(folder, 'untouched'));
    await cp(tiny.workspace.folder, untouched.folder, { recursive: true });
    const spec = animalsStudy('hosts', [1, 2]);
    const { submission } = await submit(spec);
    expect(submission?.jobs.map(({ host }) => host)).toEqual(['one', 'two']);
    await vi.waitFor(async () => {
      const now = await standing('hosts');
      expect(now.jobs.problem).toBeNull();
      expect(cellsOf(now)).toEqual(Array.from({ length: 8 }, () => 'done'));
    }, patience);
    await vi.waitFor(async () => {
      expect(elementsOf(await standing('hosts'))).toEqual(['ended', 'ended']);
    }, patience);
    const logs = await readdir(workFolderOf(tiny.workspace, 'hosts').logs);
    expect(logs.sort()).toEqual(['0.log', '1.log']);
    const source = parseSpecText(spec, 'study.yaml');
    await runStudy(untouched, parseStudy(source), source, { signal: new AbortController().signal, prefetch: false });
    expect(await studyBits(tiny.workspace, 'hosts')).toEqual(await studyBits(untouched, 'hosts'));
  });

  it('stops at checkpoints when it is cancelled, and goes on when it is submitted again', async () => {
    const spec = animalsStudy('cancelled', [1]).replace('steps: 6', 'steps: 400, checkpointEvery: 400');
    await submit(spec);
    const begun = await vi.waitFor(async () => {
      const now = await standing('cancelled');
      expect(elementsOf(now)).toEqual(['running', 'running']);
      const running = now.cells.filter(({ state }) => state === 'running');
      expect(running.length).toBeGreaterThan(0);
      const { id } = running[0]!;
      const events = await readEvents(runFolder(join(tiny.workspace.runs, id)));
      expect(events.some(({ type }) => type === 'step')).toBe(true);
      return id;
    }, patience);
    await expect(submit(spec)).rejects.toMatchObject({ code: 'conflict' });
    await cancelClusterStudy(tiny.workspace, 'cancelled');
    await vi.waitFor(async () => {
      expect(elementsOf(await standing('cancelled'))).toEqual(['ended', 'ended']);
    }, patience);
    expect(cellsOf(await standing('cancelled'))).not.toContain('running');
    await submit(spec, 'two');
    await vi.waitFor(async () => {
      expect(cellsOf(await standing('cancelled'))).toEqual(Array.from({ length: 4 }, () => 'done'));
    }, patience);
    const types = (await readEvents(runFolder(join(tiny.workspace.runs, begun)))).map(({ type }) => type);
    if (types.includes('stopped')) expect(types).toContain('resumed');
  });

  it('is left to the other host when one is killed', async () => {
    const spec = animalsStudy('killed', [1]).replace('steps: 6', 'steps: 400, checkpointEvery: 20');
    await submit(spec);
    const { claims } = workFolderOf(tiny.workspace, 'killed');
    await vi.waitFor(async () => {
      const taken = (await readdir(claims)).filter((name) => name.endsWith('.lock'));
      expect(taken).toHaveLength(2);
      const { pid } = JSON.parse(await readFile(join(claims, taken[0]!), 'utf8')) as { pid: number };
      process.kill(pid, 'SIGKILL');
    }, patience);
    await vi.waitFor(async () => {
      expect(cellsOf(await standing('killed'))).toEqual(Array.from({ length: 4 }, () => 'done'));
    }, patience);
  });

  it('is not begun where a host cannot be reached, and says which', async () => {
    await mkdir(join(tiny.folder, 'unreached'));
    const asked = submit(animalsStudy('unreached', [1]), 'one,nowhere.invalid');
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('nowhere.invalid') });
    await vi.waitFor(async () => {
      expect(cellsOf(await standing('unreached'))).not.toContain('running');
    }, patience);
  });
});
