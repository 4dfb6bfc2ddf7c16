// Locks of processes that are gone, whatever the system has done with their numbers since.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silenceMilliseconds } from '../../../src/main/files/heartbeat.ts';
import { LabError } from '../../../src/shared/errors.ts';
import { holdsLock, ownerOfLock, takeLock } from '../../../src/main/files/process-lock.ts';
import { eventually, patience } from '../../eventually.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretext-lock-'));
  file = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const taken = (): LabError => new LabError('conflict', 'taken');
const lockOf = (owner: object): Promise<void> => writeFile(file, JSON.stringify({ host: hostname(), ...owner }));

/** A process that does nothing, for as long as a test takes. */
async function withProcess(work: (pid: number) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  try {
    await work(child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

describe('a lock', () => {
  it('is held by one at a time, and leaves nothing behind', async () => {
    const release = await takeLock(file, taken);
    expect((await ownerOfLock(file))?.pid).toBe(process.pid);
    await expect(takeLock(file, taken)).rejects.toThrow('taken');
    await release();
    expect(await readdir(folder)).toEqual([]);
    await (
      await takeLock(file, taken)
    )();
  });

  it('of a living process counts, and of one that is gone does not', async () => {
    let pid = 0;
    await withProcess(async (living) => {
      pid = living;
      await lockOf({ pid });
      expect((await ownerOfLock(file))?.pid).toBe(pid);
      await expect(takeLock(file, taken)).rejects.toThrow('taken');
    });
    expect(await ownerOfLock(file)).toBeUndefined();
    await (
      await takeLock(file, taken)
    )();
  });

  it.runIf(process.platform === 'linux')(
    'of a process that has ended and that nobody has asked about does not count',
    async () => {
      // The shell leaves a child behind and becomes a program that never asks how the child ended, before it does.
      const parent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        const [line] = (await once(parent.stdout, 'data')) as [Buffer];
        const pid = Number(line.toString());
        await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8'), { timeout: 20_000 }).toMatch(/\) Z /);
        await lockOf({ pid });
        expect(await ownerOfLock(file)).toBeUndefined();
      } finally {
        parent.kill('SIGKILL');
        await once(parent, 'exit');
      }
    },
  );

  it.runIf(process.platform === 'linux')('of a process whose number another one has now does not count', async () => {
    await withProcess(async (pid) => {
      await lockOf({ pid, born: '1' });
      expect(await ownerOfLock(file)).toBeUndefined();
      const release = await takeLock(file, taken);
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid });
      await release();
    });
  });

  it('from before the last start of the system does not count', async () => {
    await withProcess(async (pid) => {
      await lockOf({ pid });
      const before = Date.now() / 1000 - uptime() - 3600;
      await utimes(file, before, before);
      expect(await ownerOfLock(file)).toBeUndefined();
    });
  });

  it('is lost by a process that stood still until another one took it, and is not removed by it then', async () => {
    const release = await takeLock(file, taken);
    expect(holdsLock(file)).toBe(true);
    const other = JSON.stringify({ pid: 1, host: 'a-node', boot: 'another', beats: true });
    await writeFile(file, other);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + silenceMilliseconds });
    try {
      expect(holdsLock(file)).toBe(false);
      await release();
    } finally {
      vi.useRealTimers();
    }
    expect(await readFile(file, 'utf8')).toBe(other);
  });

  it('is taken by one of many at once, also where the one before was killed', async () => {
    for (const before of [undefined, { pid: 999_999_999 }]) {
      if (before) await lockOf(before);
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(file, taken)));
      const releases = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(releases).toHaveLength(1);
      await releases[0]?.();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('of another machine counts, whatever its number', async () => {
    await lockOf({ pid: 1, host: `${hostname()}.elsewhere` });
    await expect(takeLock(file, taken)).rejects.toThrow('taken');
  });

  it('that cannot be written says why, and not that somebody has it', async () => {
    await mkdir(join(folder, 'lock'));
    await expect(takeLock(join(folder, 'none', 'lock'), taken)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('it does not exist'),
    });
  });

  describe.runIf(process.platform === 'linux')('of another place', () => {
    const elsewhere = { pid: 1, boot: 'another', space: 'pid:[1]', beats: true };

    it('counts while it gives signs of life, and no longer, whatever the clock of this computer says', async () => {
      await lockOf({ ...elsewhere, host: 'a-node' });
      expect((await ownerOfLock(file))?.host).toBe('a-node');
      const silent = new Date(Date.now() - silenceMilliseconds - 1000);
      await utimes(file, silent, silent);
      expect(await ownerOfLock(file)).toBeUndefined();
      await (
        await takeLock(file, taken)
      )();
      expect(await readdir(folder)).toEqual([]);
    });

    it('of this computer under another name is told by its process alone', async () => {
      const release = await takeLock(file, taken);
      const ours = JSON.parse(await readFile(file, 'utf8')) as object;
      await release();
      await withProcess(async (pid) => {
        await lockOf({ ...ours, host: 'the-name-of-before', pid, born: undefined });
        const old = new Date(Date.now() - 10 * silenceMilliseconds);
        await utimes(file, old, old);
        // Its number is that of another process by now, as far as can be told: the lock is older than that.
        await lockOf({ ...ours, host: 'the-name-of-before', pid });
        expect(await ownerOfLock(file)).toBeUndefined();
      });
    });

    it('gets signs of life from a thread while this process is busy', async () => {
      const release = await takeLock(file, taken);
      const old = new Date(0);
      await utimes(file, old, old);
      await eventually(async () => {
        expect((await stat(file)).mtimeMs).toBeGreaterThan(0); // the thread is there
      });
      await utimes(file, old, old);
      const until = performance.now() + patience;
      while (statSync(file).mtimeMs === 0 && performance.now() < until); // a long step, until the next sign
      expect((await stat(file)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
      expect((await ownerOfLock(file))?.pid).toBe(process.pid);
      await release();
      expect(await readdir(folder)).toEqual([]);
    });
  });
});
