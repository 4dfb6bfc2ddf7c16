// Where a person could go wrong without noticing, in a browser: the suggestion that does not fit, the pipeline that is replaced, the
// draft that is lost, the data with one class, the command that is not found.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextCorpus } from '../../src/main/data/text/import-corpus.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import type { TinyImageWorkspace } from '../tiny-images.ts';
import { createTinyImageWorkspace } from '../tiny-images.ts';
import { tinyExperiment, writeTinyText } from '../tiny-workspace.ts';
import { demoTraining } from './demo-fixture.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { chooseInMenu, launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: TinyImageWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let run: string;

beforeAll(async () => {
  tiny = await createTinyImageWorkspace(); // the corpus pictures, and colours of three classes
  await writeTinyText(join(tiny.folder, 'text'));
  await importTextCorpus({
    sources: [join(tiny.folder, 'text')],
    folder: join(tiny.workspace.corpora, 'tiny'),
    name: 'tiny',
    tokenizer: { vocabularySize: 100 },
  });
  const created = await createRun(tiny.workspace, tinyExperiment());
  await trainRun(tiny.workspace, created, { signal: new AbortController().signal });
  run = created.id;
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
});

afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

const button = (name: string) => lab.page.getByRole('button', { name, exact: true });
/** The pipeline that is chosen. */
const pipeline = () =>
  lab.page.getByRole('combobox', { name: /^Pipeline/ }).evaluate((select) => (select as HTMLSelectElement).value);
const task = (title: string) => lab.page.getByRole('radio', { name: new RegExp(`^${title}`) });
/** Its card: the radio button itself is out of sight. */
const choose = (title: string) => lab.page.getByText(title, { exact: true }).first().click();

describe('a person who goes on with what is offered', () => {
  showPageOfFailure(() => lab.page);

  it('gets the task and the network that labelled images are for', async () => {
    await lab.goto('/datasets/dataset/colours');
    await button('New experiment').click();
    await expect.poll(() => task('Image classification').isChecked(), patience).toBe(true);
    await expect.poll(pipeline, patience).toBe('preset resnet-mini');
  });

  it('keeps the pipeline of the editor when a task is chosen, and is told where it does not fit', async () => {
    const { page } = lab;
    await lab.goto('/pipelines?preset=patch-cnn');
    await button('Use in an experiment').click();
    await choose('Rotation');
    await expect.poll(pipeline, patience).toBe('graph');
    await button('Text').click();
    await choose('Masked words');
    await page.getByText(/does not fit what was chosen for Masked words/).waitFor();
    await page.getByRole('button', { name: /all the same$/ }).click();
    await expect.poll(pipeline, patience).toBe('graph');
    await lab.expectAccessible();
  });

  it('finds an unsaved experiment again when the page is loaded anew, and is asked before it is left', async () => {
    const { page } = lab;
    await lab.goto('/experiments?data=pictures&group=corpus');
    const name = page.getByRole('textbox', { name: /^Name/ });
    await name.fill('unsaved');
    await expect
      .poll(() => page.evaluate(() => sessionStorage.getItem('pretext-experiment-draft') ?? ''), patience)
      .toContain('unsaved');
    const asked = page.waitForEvent('dialog');
    const reloaded = page.reload();
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.accept();
    await reloaded;
    await expect.poll(() => name.inputValue(), patience).toBe('unsaved');
    await chooseInMenu(page, 'Saved experiments', 'Save this one');
    await page.getByText('unsaved is saved').first().waitFor();
  });

  it('is told in the review that one class is too few', async () => {
    const { page } = lab;
    const folder = join(tiny.folder, 'one');
    await mkdir(folder);
    const rows = Array.from({ length: 12 }, (_, index) => `"a text of some words, number ${index}",spam`);
    await writeFile(join(folder, 'mails.csv'), ['text,label', ...rows, ''].join('\n'));
    await lab.goto('/datasets/import');
    await page.getByLabel('or a path on the lab’s machine').fill(join(folder, 'mails.csv'));
    await button('Look at it').click();
    await page.getByRole('radio', { name: /^Labelled text/ }).check();
    await page
      .getByText(/Every row has the label “spam”|^Column with/)
      .first()
      .waitFor();
    const label = page.getByRole('combobox', { name: /label/i }).first();
    await label.selectOption('label');
    await page.getByText('Every row has the label “spam”').waitFor();
    expect(await button('Import').isDisabled()).toBe(true);
  });

  it('finds what can be done with a run by its name, and what comes next first', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${run}`);
    await expect.poll(() => page.title(), patience).toContain(run);
    await page.getByRole('link', { name: 'Fine-tune this' }).waitFor();
    await page.getByRole('region', { name: 'Verdict' }).waitFor();
    for (const wanted of ['Run again', 'Export this run …', 'Fine-tune this']) {
      await page.keyboard.press('Control+k');
      await page.getByRole('textbox', { name: /^Find a command/ }).fill(wanted);
      await page.getByRole('option', { name: wanted }).first().waitFor();
      await page.keyboard.press('Escape');
    }
    await button('More about this run').click();
    const entries = await page.getByRole('menuitem').allInnerTexts();
    expect(entries.at(-1)).toBe('Delete');
    await page.keyboard.press('Escape');
    await lab.expectAccessible();
  });

  it('keeps the model of a demo and the text that was typed while another run is trained', async () => {
    const { page } = lab;
    await lab.goto('/demos');
    const models = page.getByRole('navigation', { name: 'Models' });
    const current = models.locator('[aria-current=page]');
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.fill('the cat sees the [MASK]');
    const address = await current.getAttribute('href');
    const later = await createRun(tiny.workspace, tinyExperiment(undefined, 'later'));
    await trainRun(tiny.workspace, later, { signal: new AbortController().signal });
    const links = models.getByRole('link');
    await models.getByRole('link', { name: /^later/ }).waitFor();
    expect(await links.count()).toBe(2);
    expect(await links.first().getAttribute('href')).toContain(later.id); // where one used to be taken along
    expect(await current.getAttribute('href')).toBe(address);
    expect(await text.inputValue()).toBe('the cat sees the [MASK]');
  });

  it('sees pictures as the network will, with the fit beside them, before an import and in a demo', async () => {
    const { page } = lab;
    const folder = join(tiny.folder, 'wide');
    await mkdir(folder);
    // Red at the left, blue in the middle, red at the right: a square that is filled has no red in it.
    const band = (channels: readonly [number, number, number]) =>
      sharp({ create: { width: 80, height: 80, channels: 3, background: `rgb(${channels.join()})` } })
        .png()
        .toBuffer();
    const blue = await band([0, 0, 255]);
    const wide = sharp({ create: { width: 240, height: 80, channels: 3, background: 'rgb(255,0,0)' } });
    const file = join(folder, 'wide.png');
    await wide
      .composite([{ input: blue, left: 80, top: 0 }])
      .png()
      .toFile(file);
    /** How much of what is seen is red, from 0 to 1. */
    const red = async (picture: Locator): Promise<number> => {
      const { data } = await sharp(await picture.locator('xpath=..').screenshot())
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      let found = 0;
      for (let at = 0; at < data.length; at += 3) if (data[at]! > 200 && data[at + 2]! < 100) found += 3;
      return found / data.length;
    };
    await lab.goto('/datasets/import');
    await page.getByLabel('or a path on the lab’s machine').fill(folder);
    await button('Look at it').click();
    const preview = page.getByRole('img', { name: 'wide.png' });
    await preview.waitFor();
    await page.getByRole('combobox', { name: 'Fit' }).first().selectOption('stretch');
    await expect.poll(() => red(preview), patience).toBeGreaterThan(0.5);
    await page.getByRole('combobox', { name: 'Fit' }).first().selectOption('cover');
    await expect.poll(() => red(preview), patience).toBeLessThan(0.05);
    const spec = `{name: coloured, task: {type: image-classification}, data: colours, pipeline: {preset: resnet-mini, options: {width: 8}}, ${demoTraining}}`;
    const created = await createRun(tiny.workspace, parseExperiment(parseSpecText(spec, 'coloured.yaml')));
    await trainRun(tiny.workspace, created, { signal: new AbortController().signal, prefetch: false });
    await lab.goto(`/demos/${created.id}`);
    await page.locator('input[type=file]').setInputFiles(file);
    const shown = page.getByRole('img', { name: 'The picture you chose, as the network sees it' });
    await shown.waitFor();
    const box = await shown.locator('xpath=..').boundingBox();
    expect(Math.abs((box?.width ?? 0) - (box?.height ?? 1))).toBeLessThan(2);
    await expect.poll(() => red(shown), patience).toBeLessThan(0.05);
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
