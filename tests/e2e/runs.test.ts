// From a queued run to a demo, in a browser and with real training: watch, reload in the middle, stop, resume, compare, ask.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../src/main/lab/create-run.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import type { OpenedLab } from './harness.ts';
import { chromiumFile, openLabInBrowser } from './harness.ts';

const long = 'training: {steps: 500000, batchSize: 4, learningRate: 1e-3, evaluateEvery: 200, logEvery: 10}';
const patience = { timeout: 60_000 };

describe.skipIf(chromiumFile === undefined)('runs in a browser', () => {
  let workspace: TinyWorkspace;
  let lab: OpenedLab;
  const ids: string[] = [];
  let longId = '';

  beforeAll(async () => {
    workspace = await createTinyWorkspace();
    for (const seed of [0, 1]) {
      ids.push((await createRun(workspace.workspace, { ...tinyExperiment(), seed })).id);
    }
    longId = (await createRun(workspace.workspace, tinyExperiment(long, 'tiny-long'))).id;
    lab = await openLabInBrowser(workspace.workspace.folder);
  }, 120_000);

  afterAll(async () => {
    await lab.close();
    await workspace.remove();
  }, 60_000);

  const state = () => lab.page.locator('main').getByRole('status').first();
  const step = async (): Promise<number> => {
    const words = await lab.page.getByRole('progressbar').first().getAttribute('aria-valuetext');
    return Number(/Step (\S+)/.exec(words ?? '')?.[1]?.replaceAll(/\D/g, '') ?? 0);
  };
  const expectState = (words: RegExp) => expect.poll(() => state().innerText(), patience).toMatch(words);

  it('starts a run, survives a reload in its middle, stops and resumes it', { timeout: 180_000 }, async () => {
    const { page } = lab;
    await lab.goto(`/runs/${longId}`);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expectState(/Running/);
    await expect.poll(step, patience).toBeGreaterThan(10);
    await page.reload();
    await expectState(/Running/);
    const beforeStop = await step();
    expect(beforeStop).toBeGreaterThan(10);
    await page.getByRole('figure').first().getByRole('button', { name: 'table' }).click();
    await expect
      .poll(
        () =>
          page
            .getByRole('region', { name: /^Table of/ })
            .getByRole('row')
            .count(),
        patience,
      )
      .toBeGreaterThan(2);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expectState(/Stopped|Paused/);
    const stoppedAt = await step();
    expect(stoppedAt).toBeGreaterThanOrEqual(beforeStop);
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expectState(/Running/);
    await expect.poll(step, patience).toBeGreaterThan(stoppedAt);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expectState(/Stopped|Paused/);
    await page.getByRole('link', { name: 'Log' }).click();
    await expect.poll(() => page.getByRole('log').innerText(), patience).toMatch(/resum/i);
    await lab.expectAccessible();
  });

  it('lists runs, selects some by keyboard and queues them', { timeout: 180_000 }, async () => {
    const { page } = lab;
    await lab.goto('/runs');
    await page.getByRole('searchbox').fill('tiny-words');
    await expect.poll(() => page.getByRole('checkbox', { name: /^Select tiny/ }).count(), patience).toBe(2);
    await lab.expectAccessible();
    await page.locator('tr[data-index="0"]').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowDown');
    await page.locator('tr[data-index="1"]:focus').waitFor();
    await page.keyboard.press('Space');
    await expect.poll(() => page.getByText('2 selected').count(), patience).toBe(1);
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => page.locator('tbody').getByText('Finished').count(), { timeout: 120_000 }).toBe(2);
  });

  it('shows what a finished run reached, step by step', { timeout: 180_000 }, async () => {
    const { page } = lab;
    await lab.goto(`/runs/${ids[0]}`);
    await expectState(/Finished/);
    await expect.poll(() => page.getByRole('figure').count(), patience).toBeGreaterThan(2);
    await lab.expectAccessible();
    for (const [part, shown] of [
      ['Samples', page.getByRole('slider')],
      ['Results', page.getByRole('region', { name: 'Results beside baselines' })],
      ['Gradients', page.getByRole('region', { name: 'Gradient flow' })],
      ['Spec', page.getByRole('region', { name: 'Spec as JSON' })],
      ['Files', page.getByRole('table', { name: 'Checkpoints' })],
    ] as const) {
      await page.getByRole('navigation', { name: 'Parts of the run' }).getByRole('link', { name: part }).click();
      await shown.waitFor();
      await lab.expectAccessible();
    }
  });

  it('compares runs: curves, differences, pairs, files', { timeout: 180_000 }, async () => {
    const { page } = lab;
    await lab.goto('/compare');
    await page.getByRole('main').getByRole('button', { name: 'Choose runs' }).last().click();
    for (const id of ids) await page.getByRole('checkbox', { name: id }).check();
    await page.getByRole('button', { name: 'Compare 2' }).click();
    await page.getByRole('figure').first().waitFor();
    await lab.expectAccessible();
    await page.getByRole('tab', { name: 'Differences' }).click();
    await page.getByRole('columnheader', { name: /seed/i }).first().waitFor();
    expect(await page.getByRole('region', { name: 'What differs' }).getByRole('row').count()).toBe(3);
    await lab.expectAccessible();
    await page.getByRole('tab', { name: 'Parallel coordinates' }).click();
    await page.getByRole('img', { name: /2 runs over/ }).waitFor();
    await lab.expectAccessible();
    await page.getByRole('tab', { name: 'Paired difference' }).click();
    await lab.expectAccessible();
    await page.getByRole('button', { name: 'Export the comparison' }).click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Results as CSV' }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/\.csv$/);
  });

  it('asks a trained run for masked words', { timeout: 180_000 }, async () => {
    const { page } = lab;
    await lab.goto(`/demos/${ids[0]}`);
    await page.getByRole('textbox', { name: 'Text' }).fill('the cat sees the [MASK] .');
    const answers = page.locator('.answers');
    await expect.poll(() => answers.getByRole('listitem').count(), patience).toBeGreaterThan(2);
    await lab.expectAccessible();
    await answers.getByRole('button').first().click();
    await expect.poll(() => page.getByRole('textbox', { name: 'Text' }).inputValue(), patience).not.toContain('[MASK]');
  });

  it('meets no bug on the way', () => {
    expect(lab.problems).toEqual([]);
  });
});
