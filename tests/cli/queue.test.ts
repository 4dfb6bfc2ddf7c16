/** `pretext queue`: the contract in this process, and over the socket of a lab that serves the workspace. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import type { QueueState } from '../../src/shared/contract/runs.ts';
import { findLab } from '../../src/main/lab/lab-lock.ts';
import { findRun, readRun } from '../../src/main/lab/runs.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinySpec } from '../tiny-workspace.ts';

vi.setConfig({ testTimeout: 240_000 });
const patience = { timeout: 120_000, interval: 100 };

const script = fileURLToPath(new URL('../../src/main/cli.ts', import.meta.url));
let tiny: TinyWorkspace;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    cwd: tiny.folder,
    env: {
      ...process.env,
      PRETEXT_WORKSPACE: tiny.workspace.folder,
      PRETEXT_SETTINGS: join(tiny.folder, 'settings'),
      FORCE_COLOR: undefined,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function queue(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const child = start(['queue', ...args]);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (err += data.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

async function state(...args: readonly string[]): Promise<QueueState> {
  const { out, err } = await queue(...args, '--json');
  expect(out, err).not.toBe('');
  return JSON.parse(out) as QueueState;
}

const status = async (id: string): Promise<string> => (await readRun(await findRun(tiny.workspace, id))).status;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  await writeFile(join(tiny.folder, 'spec.yaml'), tinySpec());
  const endless = 'training: {steps: 500000, batchSize: 4, evaluateEvery: 100000, checkpointEvery: 10}';
  await writeFile(join(tiny.folder, 'endless.yaml'), tinySpec(endless, 'endless'));
});
afterAll(() => tiny.remove());

describe('pretext queue', () => {
  it('adds, orders, takes out, trains one after the other, adds again', async () => {
    const [first = ''] = (await state('add', 'spec.yaml')).order;
    const [, second = ''] = (await state('add', 'spec.yaml', '--seed', '1')).order;
    expect((await state('first', second)).order).toEqual([second, first]);
    expect((await state('cancel', first)).order).toEqual([second]);
    expect((await state('add', first)).order).toEqual([second, first]);
    expect(await status(second)).toBe('created'); // looking at a queue trains nothing

    const trained = await queue('run', '--json');
    expect(trained).toMatchObject({ code: 0 });
    expect((JSON.parse(trained.out) as { id: string; state: string }[]).map((run) => [run.id, run.state])).toEqual([
      [second, 'finished'],
      [first, 'finished'],
    ]);
    expect(await status(second)).toBe('finished');
    expect((await queue('add', first)).err).toMatch(/is finished\. To train it again, retry it/);
    expect((await state('retry', first)).order).toHaveLength(1);
    expect(parse((await queue('clone', second)).out)).toMatchObject({ name: 'tiny-words', seed: 1 });
  });

  it('asks the lab that serves the workspace, which goes on', async () => {
    const pages = join(tiny.folder, 'pages');
    await mkdir(pages);
    await writeFile(join(pages, 'index.html'), '<!doctype html>');
    const served = start(['serve', '--port', '0', '--pages', pages]);
    try {
      await vi.waitFor(async () => {
        expect((await findLab(tiny.workspace))?.origin).toMatch(/^http:/);
      }, patience);
      const { order, active } = await state('add', 'endless.yaml');
      const endless = [...active, ...order].findLast((id) => id.startsWith('endless')) ?? '';
      expect((await queue('run')).err).toContain('has the workspace open');
      await vi.waitFor(async () => {
        expect(await status(endless)).toBe('running');
      }, patience);
      expect((await queue()).out).toMatch(new RegExp(`${endless} +(preparing|running)`));
      await state('pause', endless);
      await vi.waitFor(async () => {
        expect(await status(endless)).toBe('stopped');
      }, patience);
      expect(served.exitCode).toBeNull();
    } finally {
      served.kill('SIGTERM');
      await once(served, 'close');
    }
    expect(await findLab(tiny.workspace)).toBeUndefined();
  });
});
