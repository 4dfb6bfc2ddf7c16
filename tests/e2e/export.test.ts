// Runs and models are exported and bundled from their pages: formats with the reasons why not, progress, what was written, and whether a
// bundle says the same again.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExportCase, ExportWorkspace } from '../export-cases.ts';
import { createExportWorkspace, exportCases } from '../export-cases.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { chooseInMenu, launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: ExportWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let run = '';

beforeAll(async () => {
  tiny = await createExportWorkspace();
  run = tiny.ids.words;
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
    // On the page of another run it is no news.
    await lab.goto(`/runs/${tiny.ids.pictures}`);
    await chooseInMenu(page, 'More about this run', 'Export this run …');
    await onnx.waitFor(patience);
    expect(await dialog.getByText('exists already').count()).toBe(0);
    await lab.goto(`/runs/${run}`);
    await chooseInMenu(page, 'More about this run', 'Export this run …');
    await dialog.getByText('exists already').first().waitFor(patience);
    await page.keyboard.press('Escape');
    await page.getByText(new RegExp(`^Lineage .*this run → .*${run}-onnx`, 'u')).waitFor();
    expect(lab.problems).toEqual([]);
  });
});

describe('the pages of runs and of models', () => {
  showPageOfFailure(() => lab.page);

  async function openDialog(of: ExportCase['of']) {
    const { page } = lab;
    const isRun = of === 'words' || of === 'pictures';
    await lab.goto(isRun ? `/runs/${tiny.ids[of]}` : `/models/of/${tiny.ids[of]}`);
    if (isRun) await chooseInMenu(page, 'More about this run', 'Export this run …');
    else await page.getByRole('button', { name: 'Export…' }).click();
    return page.getByRole('dialog', { name: isRun ? 'Export the run' : 'Export the model' });
  }

  it.each(['words', 'pictures', 'classifier', 'mobile'] as const)('write every format: %s', async (of) => {
    const dialog = await openDialog(of);
    const cases = exportCases.filter((one) => one.of === of);
    for (const { format, title, isRounded, files } of cases) {
      const name = `page-${of}-${format}`;
      await dialog.getByRole('radio', { name: title }).check(patience);
      if (isRounded) await dialog.getByRole('checkbox', { name: '8-bit weights' }).check();
      await dialog.getByRole('textbox', { name: 'Folder' }).fill(`exports/${name}`);
      await dialog.getByRole('button', { name: 'Export', exact: true }).click();
      await dialog.getByText(join('exports', name)).waitFor(patience);
      const written = (await readdir(join(tiny.workspace.folder, 'exports', name))).sort();
      if (files.length > 0) expect(written).toEqual(['SHA256SUMS', ...files].sort());
      else expect(written).toEqual(['SHA256SUMS', expect.stringMatching(/^events\.out\.tfevents\./u)]);
    }
    expect(lab.problems).toEqual([]);
  });
});

describe('a bundle', () => {
  showPageOfFailure(() => lab.page);

  it('of a run is written on its page and verified there', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${run}`);
    await chooseInMenu(page, 'More about this run', 'Bundle this run …');
    const dialog = page.getByRole('dialog', { name: 'Bundle the run' });
    await dialog.getByRole('button', { name: 'Write the bundle' }).click();
    await dialog.getByText(`${run}.zip`).first().waitFor(patience);
    await dialog.getByRole('button', { name: 'Verify' }).click();
    await dialog.getByText('files unchanged').waitFor(patience);
    await dialog.getByRole('cell', { name: 'same bits' }).first().waitFor(patience);
    await lab.expectAccessible();
    // The same file once more: the reason is said.
    await dialog.getByRole('button', { name: 'Write the bundle' }).click();
    await dialog.getByText('exists already').first().waitFor(patience);
    expect(lab.problems).toEqual([]);
  });

  it('of a model is written on its page, and says that the network takes its weights', async () => {
    const { page } = lab;
    await lab.goto('/models/of/classifier');
    await page.getByRole('button', { name: 'Bundle…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Bundle the model' });
    await dialog.getByRole('button', { name: 'Write the bundle' }).click();
    await dialog.getByText('classifier.zip').first().waitFor(patience);
    await dialog.getByRole('button', { name: 'Verify' }).click();
    await dialog.getByRole('cell', { name: 'weights that the network takes' }).waitFor(patience);
    await lab.expectAccessible();
    expect(await readdir(join(tiny.workspace.folder, 'exports'))).toContain('classifier.zip');
    expect(lab.problems).toEqual([]);
  });

  it('shows the export of a model, and which formats cannot take it', async () => {
    const { page } = lab;
    await lab.goto('/models/of/classifier');
    await page.getByRole('button', { name: 'Export…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export the model' });
    await dialog.getByRole('radio', { name: 'ONNX' }).waitFor(patience);
    await dialog.getByText('Not for this model: it was not trained here').waitFor(patience);
    await lab.expectAccessible();
    expect(lab.problems).toEqual([]);
  });
});
