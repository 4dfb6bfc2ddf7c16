// From a queued run to a demo, in a browser and with real training: watch, reload in the middle, stop, resume, compare, ask.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { chooseInMenu, expectState, launchBrowser, openWindow, patience, serve, stepOf } from './harness.ts';

const long = 'training: {steps: 500000, batchSize: 4, learningRate: 1e-3, evaluateEvery: 200, logEvery: 10}';

describe('runs in a browser', () => {
  let workspace: TinyWorkspace;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  const ids: string[] = [];
  let longId = '';

  beforeAll(async () => {
    workspace = await createTinyWorkspace();
    for (const seed of [0, 1]) {
      ids.push((await createRun(workspace.workspace, { ...tinyExperiment(), seed })).id);
    }
    longId = (await createRun(workspace.workspace, tinyExperiment(long, 'tiny-long'))).id;
    served = await serve(workspace.workspace.folder);
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address);
  });

  afterAll(async () => {
    await browser.close();
    await served.stop();
    await workspace.remove();
  });

  it('starts a run, survives a reload in its middle, stops and resumes it', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${longId}`);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expectState(page, /Running/);
    await expect.poll(() => stepOf(page), patience).toBeGreaterThan(10);
    await page.reload();
    await expectState(page, /Running/);
    const beforeStop = await stepOf(page);
    expect(beforeStop).toBeGreaterThan(10);
    await page
      .getByRole('figure')
      .first()
      .getByRole('button', { name: /^Controls of/ })
      .click();
    await page.getByRole('menuitem', { name: 'Show the numbers' }).click();
    const rows = page.getByRole('region', { name: /^Table of/ }).getByRole('row');
    await expect.poll(() => rows.count(), patience).toBeGreaterThan(2);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expectState(page, /Stopped|Paused/);
    const stoppedAt = await stepOf(page);
    expect(stoppedAt).toBeGreaterThanOrEqual(beforeStop);
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expectState(page, /Running/);
    await expect.poll(() => stepOf(page), patience).toBeGreaterThan(stoppedAt);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expectState(page, /Stopped|Paused/);
    await page.getByRole('tab', { name: 'Log' }).click();
    await expect.poll(() => page.getByRole('log').innerText(), patience).toMatch(/resum/i);
    await lab.expectAccessible();
  });

  it('lists runs, selects some by keyboard and queues them', async () => {
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
    await expect.poll(() => page.locator('tbody').getByText('Finished').count(), patience).toBe(2);
  });

  it('shows the columns that are wanted, groups by two fields, and folds a group', async () => {
    const { page } = lab;
    await lab.goto('/runs');
    await page.getByRole('button', { name: 'Columns' }).click();
    const dialog = page.getByRole('dialog', { name: 'Columns' });
    await dialog.getByRole('button', { name: 'Leave Data out' }).click();
    await dialog.getByRole('combobox', { name: 'Add a column' }).selectOption('spec.training.steps');
    await dialog.getByRole('button', { name: 'Move Seed ahead' }).click();
    await lab.expectAccessible();
    await dialog.getByRole('button', { name: 'Done' }).click();
    const headers = () => page.getByRole('columnheader').allInnerTexts();
    await expect
      .poll(headers, patience)
      .toEqual(['', 'Run', 'State', 'Progress', 'Result', 'Seed', 'Task', 'Created↓', expect.any(String)]);
    await page.getByRole('gridcell', { name: '500000' }).waitFor();
    // A pinned column comes first, and stays beside the name when the table is scrolled.
    await page.getByRole('button', { name: 'Columns' }).click();
    await dialog.getByRole('button', { name: 'Pin Seed' }).click();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await expect.poll(async () => (await headers()).slice(1, 4), patience).toEqual(['Run', 'Seed', 'State']);
    await page.setViewportSize({ width: 700, height: 900 });
    const left = (name: string) =>
      page.getByRole('columnheader', { name }).evaluate((cell) => Math.round(cell.getBoundingClientRect().left));
    const [before, stateBefore] = [await left('Seed'), await left('State')];
    await page.locator('.runs-table').evaluate((table) => {
      table.scrollLeft = 150;
    });
    await expect.poll(() => left('State'), patience).toBeLessThan(stateBefore);
    const pickColumn = 60; // the boxes before the name give way
    expect(before - (await left('Seed'))).toBeLessThanOrEqual(pickColumn);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('combobox', { name: 'Group by' }).selectOption({ label: 'seed' });
    await page.getByRole('combobox', { name: 'then by' }).selectOption('spec.training.steps');
    const groups = page.locator('tr.group');
    await expect.poll(() => groups.count(), patience).toBe(3);
    await groups.first().click();
    await expect.poll(() => page.getByRole('checkbox', { name: /^Select tiny/ }).count(), patience).toBe(2);
    await lab.expectAccessible();
  });

  it('shows what a finished run reached, step by step', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${ids[0]}`);
    await expectState(page, /Finished/);
    await expect.poll(() => page.getByRole('figure').count(), patience).toBeGreaterThan(2);
    await lab.expectAccessible();
    for (const [part, shown] of [
      ['Samples', page.getByRole('slider')],
      ['Results', page.getByRole('region', { name: 'Results beside baselines' })],
      ['Gradients', page.getByRole('region', { name: 'Gradient flow' })],
      ['Histograms', page.getByRole('img', { name: /^Histograms of the weights of backbone/ })],
      ['Resources', page.getByRole('img', { name: /^Busy cores/ })],
      ['Spec', page.getByRole('region', { name: 'Spec as JSON' })],
      ['Files', page.getByRole('table', { name: 'Checkpoints' })],
    ] as const) {
      await page.getByRole('tab', { name: part }).click();
      await shown.waitFor();
      await lab.expectAccessible();
    }
  });

  it('shows how weights and gradients were distributed, by step, on either scale', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${ids[0]}/histograms`);
    await page.getByRole('combobox', { name: 'Parameter' }).selectOption('head/masked-words/bias');
    const picture = (kind: string, from: number) =>
      page.getByRole('img', { name: new RegExp(`the ${kind} of head/.* from step ${from} to 12$`) });
    await picture('weights', 0).waitFor();
    const step = page.getByRole('slider');
    await step.focus();
    await page.keyboard.press('Home');
    await page.getByText('After step 0').waitFor();
    const maximum = page.getByRole('term').filter({ hasText: 'Maximum' });
    await maximum.waitFor();
    const deviation = () =>
      page.locator('dl div', { hasText: 'Standard deviation' }).getByRole('definition').innerText();
    await expect.poll(deviation, patience).toBe('0');
    await page.keyboard.press('End');
    await expect.poll(deviation, patience).not.toBe('0');
    await page.getByRole('combobox', { name: 'Of its' }).selectOption('gradients');
    await picture('gradients', 4).waitFor();
    await page.getByRole('checkbox', { name: 'Logarithmic values' }).check();
    await page.getByRole('checkbox', { name: 'Logarithmic counts' }).check();
    await lab.expectAccessible();
    await page.getByText('As a table').click();
    const rows = page.getByRole('region', { name: /^Table of/ }).getByRole('row');
    await expect.poll(() => rows.count(), patience).toBe(4);
    await lab.expectAccessible();
  });

  it('shows one place in all charts of a run, by pointer and by keys, and the curve of a pinned run', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${ids[0]}`);
    await chooseInMenu(page, 'More about this run', 'Pin');
    await page.getByText('★ Pinned').waitFor();
    await lab.goto(`/runs/${ids[1]}`);
    await page
      .getByRole('list', { name: 'Lines' })
      .getByText(/★.*dashed/)
      .waitFor();
    const loss = page.getByRole('img', { name: /^Loss/ });
    await loss.hover();
    const crosshairs = page.locator('[data-at]');
    const places = () => crosshairs.evaluateAll((found) => found.map((one) => one.getAttribute('data-at')));
    await expect.poll(async () => (await places()).length, patience).toBeGreaterThan(1);
    expect(new Set(await places()).size).toBe(1);
    await crosshairs
      .getByText(/^★ tiny.* \d/)
      .first()
      .waitFor();
    await page.getByRole('heading', { level: 1 }).hover();
    await expect.poll(() => crosshairs.count(), patience).toBe(0);
    await loss.press('Shift+ArrowRight');
    await expect.poll(async () => new Set(await places()).size, patience).toBe(1);
    const [first] = await places();
    await loss.press('Shift+ArrowRight');
    await expect.poll(async () => Number((await places())[0]), patience).toBeGreaterThan(Number(first));
    await lab.expectAccessible();
    await loss.press('Escape');
    await expect.poll(() => crosshairs.count(), patience).toBe(0);
  });

  it('says when samples cannot be read, and reads them again', async () => {
    const { page } = lab;
    const corpus = join(workspace.workspace.corpora, 'tiny');
    await rename(corpus, `${corpus}-away`);
    try {
      await lab.goto(`/runs/${ids[1]}/samples`);
      await page.getByRole('alert').getByText(/tiny/).waitFor();
      await lab.expectAccessible();
    } finally {
      await rename(`${corpus}-away`, corpus);
    }
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('slider').waitFor();
  });

  it('compares runs: curves, differences, pairs, files', async () => {
    const { page } = lab;
    await lab.goto('/compare');
    await page.getByRole('main').getByRole('button', { name: 'Choose runs' }).last().click();
    for (const id of ids) await page.getByRole('checkbox', { name: id }).check();
    await page.getByRole('button', { name: 'Compare 2' }).click();
    await page.getByRole('figure').first().waitFor();
    await lab.expectAccessible();
    await page.getByRole('tab', { name: 'Differences' }).click();
    await page.getByRole('rowheader', { name: /seed/i }).first().waitFor();
    const table = page.getByRole('region', { name: 'What differs' });
    expect(await table.getByRole('columnheader').count()).toBe(3); // the settings and two runs
    await table.getByRole('button', { name: /^Order the runs by Loss, validation/ }).click();
    const [least = '', most = ''] = await table
      .getByRole('row', { name: /Loss, validation/ })
      .getByRole('cell')
      .allInnerTexts();
    expect(Number.parseFloat(least)).toBeLessThanOrEqual(Number.parseFloat(most));
    await lab.expectAccessible();
    await page.getByRole('tab', { name: 'Parallel coordinates' }).click();
    await page.getByRole('group', { name: /2 runs over/ }).waitFor();
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

  it('asks a trained run for masked words', async () => {
    const { page } = lab;
    await lab.goto(`/demos/${ids[0]}`);
    await page.getByRole('textbox', { name: 'Text' }).fill('the cat sees the [MASK] .');
    const answers = page.locator('.answers');
    await expect.poll(() => answers.getByRole('listitem').count(), patience).toBeGreaterThan(2);
    await lab.expectAccessible();
    // The other run is asked the same beside it.
    await page.getByRole('combobox', { name: 'A second model, asked the same' }).selectOption(ids[1] ?? '');
    await expect.poll(() => answers.count(), patience).toBe(2);
    await page.getByText(/^(?:Both say the same|They say different things)\.$/).waitFor();
    await lab.expectAccessible();
    await answers.first().getByRole('button').first().click();
    await expect.poll(() => page.getByRole('textbox', { name: 'Text' }).inputValue(), patience).not.toContain('[MASK]');
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
