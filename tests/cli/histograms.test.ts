// `pretext show --histograms`: all parameters at the last step, one at every step, and names that are none.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import { pretextInProcess } from './in-process.ts';

let tiny: TinyWorkspace;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const training = 'training: {steps: 4, batchSize: 4, evaluateEvery: 2';
  for (const [name, more] of [
    ['recorded', ''],
    ['silent', ', histograms: false'],
  ] as const) {
    const run = await createRun(tiny.workspace, tinyExperiment(`${training}${more}}`, name));
    await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
  }
});
afterAll(() => tiny.remove());

const show = (...args: readonly string[]) => pretextInProcess('--workspace', tiny.workspace.folder, 'show', ...args);
const parameter = 'backbone/embedding/token';

it('shows all parameters at the last step', async () => {
  const { code, out } = await show('recorded', '--histograms');
  expect(code).toBe(0);
  expect(out).toMatch(/^At step 4;/u);
  expect(out).toContain('backbone/embedding/');
  expect(out).toMatch(/[▁▂▃▄▅▆▇█]/u);
  for (const line of out.split('\n').slice(2)) expect(line.length).toBeLessThanOrEqual(80);
});

it('shows one parameter at every step, its gradients from the first evaluation on', async () => {
  const { out } = await show('recorded', '--histograms', parameter);
  const steps = (part: string): string[] => part.split('\n').flatMap((line) => /^\s*(\d+)\s/u.exec(line)?.[1] ?? []);
  const [heading, weights = '', gradients = ''] = out.split('\n\n');
  expect(heading).toBe(parameter);
  expect(steps(weights)).toEqual(['0', '2', '4']);
  expect(steps(gradients)).toEqual(['2', '4']);
  const { out: json } = await show('recorded', '--histograms', parameter, '--json');
  const course = JSON.parse(json) as { parameters: string[]; records: { step: number; parameter: string }[] };
  expect(course.parameters).toContain(parameter);
  expect(course.records.map((one) => [one.step, one.parameter])).toEqual([0, 2, 4].map((step) => [step, parameter]));
});

it('says what to do about a name that is none, and about a run without', async () => {
  expect(await show('recorded', '--histograms', 'backbone/embedding/tokens')).toMatchObject({
    code: 1,
    err: expect.stringContaining(`Did you mean ${parameter}?`),
  });
  expect(await show('silent', '--histograms')).toMatchObject({
    code: 1,
    err: expect.stringContaining('training.histograms: false'),
  });
});
