// A run is exported from its page: formats with the reasons why not, progress, and what was written.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { chooseInMenu, launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let run = '';

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const created = await createRun(tiny.workspace, tinyExperiment());
  run = created.id;
  await trainRun(tiny.workspace, created, { signal: new AbortController().signal, prefetch: false });
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

describe('the export of a run', () => {
  showPageOfFailure(() => lab.page);

  it('is chosen, followed and told on its page', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${run}`);
    await chooseInMenu(page, 'More about this run', 'Export this run …');
    const dialog = page.getByRole('dialog', { name: 'Export the run' });
    const onnx = dialog.getByRole('radio', { name: 'ONNX' });
    await onnx.waitFor(patience);
    expect(await onnx.isChecked()).toBe(true);
    await lab.expectAccessible();
    await dialog.getByRole('checkbox', { name: '8-bit weights' }).check();
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    await dialog.getByText('model.onnx, model.json').waitFor(patience);
    await dialog.getByText('Weights as 8-bit integers').waitFor(patience);
    const folder = join(tiny.workspace.folder, 'exports', `${run}-onnx`);
    expect(await readdir(folder)).toContain('model.onnx');
    await lab.expectAccessible();
    // The same folder once more: the reason is said, and nothing is lost.
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    await dialog.getByText('exists already').first().waitFor(patience);
    expect(await readdir(folder)).toContain('model.onnx');
    expect(lab.problems).toEqual([]);
  });
});
