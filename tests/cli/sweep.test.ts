// `pretext sweep` as a person uses it: look, train, be interrupted and go on, show, and take the winner.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { listRuns } from '../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinySpec } from '../tiny-workspace.ts';
import type { Answer } from './in-process.ts';
import { pretextInProcess } from './in-process.ts';

let tiny: TinyWorkspace;
let file: string;
const training = 'training: {steps: 6, batchSize: 4, learningRate: 1e-2, evaluateEvery: 3, checkpointEvery: 3}';

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  file = join(tiny.folder, 'rates.yaml');
  await writeFile(
    file,
    `${tinySpec(training, 'rates')}sweep: {method: grid, fields: {training.learningRate: [1e-3, 1e-2, 1e-1]}}`,
  );
});
afterAll(() => tiny.remove());

const pretext = (...args: string[]): Promise<Answer> => pretextInProcess('--workspace', tiny.workspace.folder, ...args);

describe('pretext sweep', () => {
  it('lists the trials of a dry run, and trains nothing', async () => {
    const { code, out, err } = await pretext('sweep', file, '--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/Trial {2}training\.learningRate\n +1 +0\.001\n +2 +0\.01\n +3 +0\.1/);
    expect(err).toContain('3 trainings; compared by loss of the validation split, the test split is not evaluated');
    const planned = await pretext('--json', 'sweep', file, '--dry-run');
    expect(JSON.parse(planned.out)).toMatchObject({
      trials: [{ number: 1, settings: { 'training.learningRate': 1e-3 } }, {}, {}],
    });
    expect((await listRuns(tiny.workspace)).runs).toEqual([]);
  });

  it('says what is wrong, with the line', async () => {
    const wrong = join(tiny.folder, 'wrong.yaml');
    await writeFile(wrong, `${tinySpec(training)}sweep:\n  fields:\n    training.learningRte: [1, 2]\n  trials: 2`);
    const { code, err } = await pretext('sweep', wrong);
    expect(code).toBe(1);
    expect(err).toMatch(/wrong\.yaml:10: training\.learningRte: unknown option\. Did you mean 'learningRate'/);
    expect((await pretext('sweep', 'show', 'rates')).err).toContain("There is no sweep 'rates'");
  });

  it.runIf(process.platform !== 'win32')('stops at Ctrl-C, and the same command goes on', async () => {
    const cli = fileURLToPath(new URL('../../src/main/cli.ts', import.meta.url));
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', cli, '--workspace', tiny.workspace.folder, 'sweep', file],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let told = '';
    child.stderr.on('data', (text: Buffer) => {
      told += text.toString();
      if (told.includes('Training 2 of 3') && !told.includes('Stopping')) child.kill('SIGINT');
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(130);
    expect(told).toContain('Stopped. The same command goes on where it stopped.');
    const show = await pretext('--json', 'sweep', 'show', 'rates');
    expect(JSON.parse(show.out)).toMatchObject({ finished: false, best: 1 });
    const { code: end, out, err } = await pretext('--json', 'sweep', file);
    expect(end).toBe(0);
    expect(err).not.toContain('Training 1 of 3');
    expect(err).toMatch(/Training 2 of 3: trial 2, learningRate 0\.01; about .* left/);
    expect(JSON.parse(out)).toMatchObject({ finished: true, trials: [{ number: 1 }, { number: 2 }, { number: 3 }] });
    expect((await listRuns(tiny.workspace)).runs).toHaveLength(3);
  });

  it('shows the trials, best first, and whether it can tell what matters', async () => {
    const result = await pretext('--json', 'sweep', file);
    const { best } = JSON.parse(result.out) as { best: number };
    expect(JSON.parse((await pretext('--json', 'sweep', 'show')).out)).toEqual(['rates']);
    const { out } = await pretext('sweep', 'show', 'rates');
    expect(out).toMatch(new RegExp(String.raw`rates: finished\n\nTrial  training\.learningRate  +loss\n +${best} `));
    expect(out).toContain('3 trials are too few to tell which field matters');
    expect(out).toContain(`Best: trial ${best}.`);
  });

  it('trains several at a time to the same table', async () => {
    const again = join(tiny.folder, 'again.yaml');
    await writeFile(again, (await readFile(file, 'utf8')).replace('name: rates', 'name: again'));
    const { code, out } = await pretext('--json', 'sweep', again, '--jobs', '2');
    expect(code).toBe(0);
    const valuesOf = (text: string): unknown =>
      (JSON.parse(text) as { trials: { rungs: { value: number }[] }[] }).trials.map(({ rungs }) => rungs[0]?.value);
    expect(valuesOf(out)).toEqual(valuesOf((await pretext('--json', 'sweep', 'show', 'rates')).out));
  });

  it('writes the winner as an experiment that trains as it stands', async () => {
    const winner = join(tiny.folder, 'winner.yaml');
    expect((await pretext('sweep', 'best', 'rates', winner)).code).toBe(0);
    const { best, trials } = JSON.parse((await pretext('--json', 'sweep', 'show', 'rates')).out) as {
      best: number;
      trials: { number: number; settings: Record<string, unknown> }[];
    };
    expect(parse(await readFile(winner, 'utf8'))).toMatchObject({
      name: `rates-trial-${best}`,
      training: { steps: 6, learningRate: trials[best - 1]?.settings['training.learningRate'] },
    });
    const twice = await pretext('sweep', 'best', 'rates', winner);
    expect(twice).toMatchObject({ code: 1, err: expect.stringContaining('cannot be written') as string });
    const { code, out } = await pretext('--json', 'run', winner);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toHaveProperty('test.metrics.loss');
  });

  it('is deleted without its runs, taken up again, and deleted with them', async () => {
    const runsOf = async () => (await listRuns(tiny.workspace)).runs.map(({ experiment }) => experiment.name);
    const before = await runsOf();
    expect(before.filter((name) => name.startsWith('rates.'))).toHaveLength(3);
    expect(await pretext('sweep', 'delete', 'rates')).toMatchObject({ code: 0, err: 'rates is deleted\n' });
    expect(await runsOf()).toEqual(before);
    expect(await pretext('sweep', 'show', 'rates')).toMatchObject({
      code: 1,
      err: expect.stringContaining("There is no sweep 'rates'") as string,
    });
    const again = await pretext('--json', 'sweep', file);
    expect([again.code, await runsOf()]).toEqual([0, before]);
    const deleted = await pretext('--json', 'sweep', 'delete', 'rates', '--runs');
    expect(JSON.parse(deleted.out)).toEqual({ deleted: 'rates', runs: 3 });
    expect(await runsOf()).toEqual(before.filter((name) => !name.startsWith('rates.'))); // those of another sweep, and the winner's own
    expect((await pretext('study', 'delete', 'rates')).err).toContain("There is no study 'rates'");
  });
});
