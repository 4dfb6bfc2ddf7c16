// Models of others come in by the button, dropped, and from the page for data; what their files do not say is said on the page, whose
// preview follows: the layer for the head, the size and the normalisation of images, the names of classes.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabProcess, LabWindow } from './harness.ts';
import { dropOn, launchBrowser, openWindow, serve, showPageOfFailure } from './harness.ts';

const fixtures = path.resolve(import.meta.dirname, '../fixtures');

describe('the import of a model', () => {
  let folder: string;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pretext-import-model-'));
    await cp(path.join(fixtures, 'models/bert'), path.join(folder, 'tiny-bert'), { recursive: true });
    served = await serve(path.join(folder, 'workspace'));
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address);
    ({ page } = lab);
  });

  afterAll(async () => {
    await browser.close();
    await served.stop();
    await rm(folder, { recursive: true, force: true });
  });

  showPageOfFailure(() => page);

  const link = (name: string) => page.getByRole('link', { name, exact: true }).first();
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const name = () => page.getByRole('textbox', { name: /^Name/u });
  const recognised = () => page.getByText('BERT, 2 layers of 8 features');

  it('takes a folder that is dropped', async () => {
    await lab.goto('/models/import');
    await button('Choose files').waitFor();
    await dropOn(page, path.join(folder, 'tiny-bert'));
    await recognised().waitFor();
    expect(await name().inputValue()).toBe('tiny-bert');
    await button('Choose something else').click();
  });

  it('takes files that are chosen one by one as one model', async () => {
    const files = ['config.json', 'model.safetensors', 'vocab.txt'].map((file) => path.join(folder, 'tiny-bert', file));
    await page.getByLabel('Files').setInputFiles(files);
    await recognised().waitFor();
    await name().fill('chosen');
    await button('Import').click();
    await link('chosen').waitFor();
  });

  it('puts the head of an ONNX network on the layer that is chosen, and takes what is said of its images and classes', async () => {
    await lab.goto('/models/import');
    await page.getByLabel('or a path on the lab’s machine').fill(path.join(fixtures, 'onnx/convolutional-17.onnx'));
    await button('Look at it').click();
    const facts = page.locator('dl.facts');
    const parameters = () => facts.locator('dt:text-is("Parameters") + dd').innerText();
    await page.getByText(/^ONNX network of/u).waitFor();
    const all = await parameters();
    const layers = page.getByRole('group', { name: /^Steps of the network/u });
    const chosen = layers.getByRole('radio', { checked: true });
    expect(await chosen.count()).toBe(1);
    await lab.expectAccessible();

    await page.getByText(/^Names of its \d+ classes$/u).click();
    await page.getByRole('textbox', { name: 'Labels' }).fill('only\none');
    await page.getByRole('textbox', { name: 'Labels' }).blur();
    await page
      .getByRole('alert')
      .getByText(/names for \d+ outputs/u)
      .waitFor();
    expect(await button('Import').isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'Labels' }).fill('');
    await page.getByRole('textbox', { name: 'Labels' }).blur();

    await page.getByText('How images become its input').click();
    await page.getByRole('textbox', { name: 'Mean' }).fill('0.1, 0.2, 0.3');
    await facts.getByText(/mean 0\.100, 0\.200, 0\.300/u).waitFor();
    await layers.locator('input[type=radio]:enabled').first().check();
    await expect.poll(parameters).not.toBe(all);
    await lab.expectAccessible();
    await name().fill('part');
    await expect.poll(() => button('Import').isEnabled()).toBe(true);
    const fewer = await parameters();
    await button('Import').click();
    await link('part').click();
    await facts.getByText(/mean 0\.100, 0\.200, 0\.300/u).waitFor();
    expect(await parameters()).toBe(fewer);
  });

  it('is offered where a model is given as data', async () => {
    await lab.goto('/datasets/import');
    await page.getByLabel('or a path on the lab’s machine').fill(path.join(folder, 'tiny-bert'));
    await button('Look at it').click();
    await page.getByText(/This is a model: BERT, 2 layers of 8 features/u).waitFor();
    expect(await button('Import').count()).toBe(0);
    await lab.expectAccessible();
    await button('Import it as a model').click();
    await recognised().waitFor();
    expect(await name().inputValue()).toBe('tiny-bert');
    expect(lab.problems).toEqual([]);
  });
});
