/**
 * `pretext queue`: the contract in this process, and over the socket of a lab that serves the workspace. What trains, and what asks
 * over the socket, are real processes.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { QueueState } from '../../src/shared/contract/runs.ts';
import { connectLab } from '../../src/main/hosts/cli/connect-lab.ts';
import { findLab } from '../../src/main/lab/lab-lock.ts';
import { findRun, readRun } from '../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinySpec } from '../tiny-workspace.ts';
import type { Answer } from './in-process.ts';
import { pretextInProcess } from './in-process.ts';
import { eventually } from '../eventually.ts';

const script = fileURLToPath(new URL('../../src/main/cli.ts', import.meta.url));
let tiny: TinyWorkspace;
let spec: string;

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    cwd: tiny.folder,
    env: { ...process.env, FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** In a process of its own, which has to end by itself. */
async function queueProcess(...args: readonly string[]): Promise<Answer> {
  const child = start(['queue', ...args]);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (err += data.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

const queue = (...args: readonly string[]): Promise<Answer> => pretextInProcess('queue', ...args);

async function state(answer: Promise<Answer>): Promise<QueueState> {
  const { out, err } = await answer;
  expect(out, err).not.toBe('');
  return JSON.parse(out) as QueueState;
}

const status = async (id: string): Promise<string> => (await readRun(await findRun(tiny.workspace, id))).status;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  process.env.PRETEXT_WORKSPACE = tiny.workspace.folder;
  process.env.PRETEXT_SETTINGS = join(tiny.folder, 'settings');
  spec = join(tiny.folder, 'spec.yaml');
  await writeFile(spec, tinySpec());
  const endless = 'training: {steps: 500000, batchSize: 4, evaluateEvery: 100000, checkpointEvery: 10}';
  await writeFile(join(tiny.folder, 'endless.yaml'), tinySpec(endless, 'endless'));
});
afterAll(() => tiny.remove());

describe('pretext queue', () => {
  it('adds, orders, takes out, trains one after the other, adds again', async () => {
    const [first = ''] = (await state(queue('add', spec, '--json'))).order;
    const [, second = ''] = (await state(queue('add', spec, '--seed', '1', '--json'))).order;
    expect((await state(queue('first', second, '--json'))).order).toEqual([second, first]);
    expect((await state(queue('cancel', first, '--json'))).order).toEqual([second]);
    expect((await state(queue('add', first, '--json'))).order).toEqual([second, first]);
    expect(await status(second)).toBe('created'); // looking at a queue trains nothing

    const trained = await queueProcess('run', '--json');
    expect(trained).toMatchObject({ code: 0 });
    expect((JSON.parse(trained.out) as { id: string; state: string }[]).map((run) => [run.id, run.state])).toEqual([
      [second, 'finished'],
      [first, 'finished'],
    ]);
    expect(await status(second)).toBe('finished');
    expect((await queue('add', first)).err).toMatch(/is finished\. To train it again, choose Run again/);
    expect((await state(queue('retry', first, '--json'))).order).toHaveLength(1);
    expect(parse((await queue('clone', second)).out)).toMatchObject({ name: 'tiny-words', seed: 1 });
  });

  it('trains a sweep rung after rung', async () => {
    const { lab, close } = await connectLab(tiny.workspace, { trains: false });
    const { order } = await lab.runs.queue({});
    await lab.runs.cancel({ ids: order });
    const training = 'training: {steps: 4, batchSize: 4, learningRate: 1e-2, evaluateEvery: 2}';
    const sweep = `sweep: {method: halving, trials: 4, reductionFactor: 2, rungs: [2, 4], fields: {training.learningRate: {from: 1e-3, to: 0.1, scale: log}}}`;
    const made = await lab.sweeps.create({
      spec: parse(`${tinySpec(training, 'rates')}${sweep}`) as Record<string, unknown>,
    });
    expect(made).toMatchObject({ done: 0, trainings: 4 + 2 });
    await close();
    const trained = await queueProcess('run', '--json');
    expect(trained).toMatchObject({
      code: 0,
      err: expect.stringContaining('2 trials of the next rung queued') as string,
    });
    expect(JSON.parse(trained.out)).toHaveLength(4 + 2);
    const { out } = await pretextInProcess('--json', 'sweep', 'show', 'rates');
    expect(JSON.parse(out)).toMatchObject({ finished: true, best: expect.any(Number) as number });
  });

  it('asks the lab that serves the workspace, which goes on', async () => {
    const pages = join(tiny.folder, 'pages');
    await mkdir(pages);
    await writeFile(join(pages, 'index.html'), '<!doctype html>');
    const served = start(['serve', '--port', '0', '--pages', pages]);
    try {
      await eventually(async () => {
        expect((await findLab(tiny.workspace))?.origin).toMatch(/^http:/);
      });
      const { order, active } = await state(queueProcess('add', 'endless.yaml', '--json'));
      const endless = [...active, ...order].findLast((id) => id.startsWith('endless')) ?? '';
      expect((await queue('run')).err).toContain('has the workspace open');
      await eventually(async () => {
        expect(await status(endless)).toBe('running');
      });
      expect((await queue()).out).toMatch(new RegExp(`${endless} +(preparing|running)`));
      await queue('pause', endless);
      await eventually(async () => {
        expect(await status(endless)).toBe('stopped');
      });
      expect(served.exitCode).toBeNull();
    } finally {
      served.kill('SIGTERM');
      await once(served, 'close');
    }
    expect(await findLab(tiny.workspace)).toBeUndefined();
  });
});
