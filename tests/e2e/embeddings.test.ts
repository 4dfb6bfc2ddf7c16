// Embeddings of any data with any model: a plane that is enlarged and moved, pictures on it, and two models side by side.
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import type { TinyImageWorkspace } from '../tiny-images.ts';
import { createTinyImageWorkspace } from '../tiny-images.ts';
import { demoTraining } from './demo-fixture.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

describe('embeddings', () => {
  let tiny: TinyImageWorkspace;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  let page: Page;
  const runs = new Map<string, string>();

  beforeAll(async () => {
    tiny = await createTinyImageWorkspace();
    const network = `pipeline: {preset: resnet-mini, options: {width: 8}}, ${demoTraining}`;
    for (const [name, rest] of [
      ['turned', `task: {type: rotation}, data: pictures, ${network}`],
      ['classes', `task: {type: image-classification}, data: colours, ${network}`],
    ] as const) {
      const spec = parseExperiment(parseSpecText(`{name: ${name}, ${rest}}`, `${name}.yaml`));
      const run = await createRun(tiny.workspace, spec);
      await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
      runs.set(name, run.id);
    }
    served = await serve(tiny.workspace.folder);
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address);
    ({ page } = lab);
  });
  afterAll(async () => {
    await browser.close();
    await served.stop();
    await tiny.remove();
  });
  showPageOfFailure(() => page);

  const plane = (name: string): Locator => page.getByRole('img', { name: new RegExp(`^${name}: `) });
  const drawn = (name: string): Promise<string> =>
    plane(name).evaluate((element) => (element as HTMLCanvasElement).toDataURL()); // planes are drawn on canvases

  it('are of data that the model was not trained on, by two models with the same example chosen in both', async () => {
    await lab.goto(`/demos/${runs.get('turned') ?? ''}?part=embeddings`);
    await page.getByRole('combobox', { name: 'Data', exact: true }).selectOption('colours');
    await page.getByRole('combobox', { name: 'Beside' }).selectOption({ label: 'classes (Image classification)' });
    await page.getByRole('combobox', { name: 'Method' }).selectOption('principal-components');
    await page.getByRole('button', { name: 'Project' }).click();
    await plane('turned').waitFor();
    await plane('classes').waitFor();
    await lab.expectAccessible();
    const before = await drawn('classes');
    await plane('turned').press('ArrowRight');
    await page.getByText('example 1', { exact: true }).waitFor();
    await expect.poll(async () => (await drawn('classes')) !== before, patience).toBe(true);
    await page.locator('.example img').waitFor();
  });

  it('can be enlarged and moved, with the wheel and with keys, each plane for itself', async () => {
    await plane('turned').press('+');
    await expect.poll(() => plane('turned').getAttribute('aria-label'), patience).toContain('1.5 times enlarged');
    expect(await plane('classes').getAttribute('aria-label')).toContain('1.0 times enlarged');
    const before = await drawn('turned');
    await plane('turned').press('Shift+ArrowLeft');
    await plane('turned').press('Shift+ArrowUp');
    await plane('turned').press('Shift+ArrowRight');
    await expect.poll(async () => (await drawn('turned')) !== before, patience).toBe(true);
    await plane('turned').press('0');
    await expect.poll(() => plane('turned').getAttribute('aria-label'), patience).toContain('1.0 times enlarged');
    await plane('classes').hover();
    await page.mouse.wheel(0, -400);
    await expect.poll(() => plane('classes').getAttribute('aria-label'), patience).toContain('2.7 times enlarged');
    await page.getByRole('button', { name: 'Whole plane, classes' }).click();
    await expect.poll(() => plane('classes').getAttribute('aria-label'), patience).toContain('1.0 times enlarged');
  });

  it('show pictures, or points', async () => {
    const pictures = await drawn('turned');
    await page.getByRole('checkbox', { name: 'Thumbnails' }).uncheck();
    await expect.poll(async () => (await drawn('turned')) !== pictures, patience).toBe(true);
  });

  it('meet no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
