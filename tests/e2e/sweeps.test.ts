// A sweep in the browser: from the form of an experiment to settings that are tried, watched to its end, looked at, and the winner taken.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { chooseInMenu, launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let page: Page;
let run: string;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  run = (await createRun(tiny.workspace, tinyExperiment())).id;
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

const rows = () => page.getByRole('region', { name: 'Trials' }).locator('tbody tr:not([aria-hidden])');

describe('a sweep', () => {
  showPageOfFailure(() => page);

  it('is made from the form of an experiment, and says what is wrong before it starts', async () => {
    await lab.goto(`/experiments?clone=${run}`);
    await page.getByRole('link', { name: 'Sweep …' }).click();
    await page.getByRole('heading', { level: 1, name: 'New sweep' }).waitFor();
    const first = page.getByRole('group', { name: 'Setting 1' });
    await expect
      .poll(() => first.getByRole('combobox', { name: 'Setting' }).inputValue(), patience)
      .toBe('training.learningRate');
    expect(await first.getByRole('textbox', { name: 'From' }).inputValue()).toBe('0.001');
    await page.getByRole('button', { name: 'Add a setting' }).click();
    const second = page.getByRole('group', { name: 'Setting 2' });
    await second.getByRole('combobox', { name: 'Setting' }).fill('training.batchSize');
    await second.getByRole('combobox', { name: 'Setting' }).press('Tab');
    await expect.poll(() => second.getByRole('textbox', { name: 'Values' }).inputValue(), patience).toBe('2, 4, 8');
    await second.getByRole('textbox', { name: 'Values' }).fill('2, -4');
    await second.getByRole('textbox', { name: 'Values' }).press('Tab');
    const plan = page.getByRole('complementary', { name: 'What will be tried' });
    await plan.getByText('should be above 0, not -4').first().waitFor();
    expect(await page.getByRole('button', { name: 'Start the sweep' }).isDisabled()).toBe(true);
    await second.getByRole('textbox', { name: 'Values' }).fill('2, 4');
    await second.getByRole('textbox', { name: 'Values' }).press('Tab');
    await page.getByLabel('Method').selectOption({ label: 'Successive halving' });
    await page.getByLabel('Trials').fill('12');
    await page.getByLabel('Rungs').fill('4, 12');
    await page.getByLabel('Rungs').press('Tab');
    await plan.getByText('16 trainings').waitFor();
    await plan.getByText('4 trials of 12 steps').waitFor();
    await lab.expectAccessible();
    await page.getByRole('button', { name: 'Start the sweep' }).click();
    await page.getByRole('heading', { level: 1, name: 'tiny-words-sweep' }).waitFor();
  });

  it('is seen to its end', async () => {
    await page.getByRole('progressbar', { name: 'Progress of the sweep' }).waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'The best', exact: true }).waitFor();
    expect(await rows().count()).toBe(12);
    await page.getByRole('heading', { name: 'Importance' }).waitFor();
    await page
      .getByText(/of the variance|too few|do not tell/)
      .first()
      .waitFor();
    await lab.expectAccessible();
  });

  it('shows the trials within a range that the keyboard sets, and sorts them', async () => {
    const from = page.getByRole('slider', { name: 'learningRate from' });
    await from.focus();
    for (let press = 0; press < 5; press++) await page.keyboard.press('ArrowUp'); // from value to value
    await page.getByText('7 of 12 trials within the filters').waitFor();
    await expect.poll(() => rows().count(), patience).toBe(7);
    const rates = (await rows().locator('td:nth-child(2)').allInnerTexts()).map(Number);
    expect(String(Math.min(...rates))).toBe(await from.getAttribute('aria-valuetext'));
    await page.getByRole('button', { name: 'training.learningRate' }).click();
    await expect
      .poll(async () => (await rows().locator('td:nth-child(2)').allInnerTexts()).map(Number), patience)
      .toEqual(rates.toSorted((a, b) => a - b));
    await lab.expectAccessible();
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await expect.poll(() => rows().count(), patience).toBe(12);
  });

  it('narrows an axis by dragging', async () => {
    const svg = page.getByRole('group', { name: /^Trials over/ });
    const box = (await svg.boundingBox())!;
    await page.mouse.move(box.x + 60, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 60, box.y + 160, { steps: 4 });
    await page.mouse.up();
    await page.getByText(/^\d+ of 12 trials within the filters$/).waitFor();
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await page.getByText('12 trials', { exact: true }).waitFor();
  });

  it('is listed, and its winner becomes an experiment', async () => {
    await lab.goto('/sweeps');
    await page.getByRole('link', { name: /tiny-words-sweep/ }).click();
    const words = await page.getByText(/^trial \d+: learningRate/).innerText();
    const [, trial, rate] = /^trial (\d+): learningRate ([\d.e-]+)/.exec(words) ?? [];
    await page.getByRole('button', { name: 'Use the winner in an experiment' }).click();
    await page.getByRole('heading', { level: 1, name: 'New experiment' }).waitFor();
    await expect
      .poll(() => page.getByLabel(/^Name/).first().inputValue(), patience)
      .toBe(`tiny-words-sweep-trial-${trial ?? ''}`);
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Learning rate', exact: true }).inputValue(), patience)
      .toBe(rate);
    expect(lab.problems).toEqual([]);
  });

  it('is deleted from its page with its runs, and brought back', async () => {
    await lab.goto('/sweeps/of/tiny-words-sweep');
    await chooseInMenu(page, 'More for this sweep', 'Delete …');
    const dialog = page.getByRole('dialog', { name: 'Delete tiny-words-sweep?' });
    await dialog.getByRole('radio', { name: /^Delete them, too/ }).check();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Nothing was tried yet' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: /tiny-words-sweep/ }).click();
    await page.getByRole('heading', { name: 'The best', exact: true }).waitFor();
    expect(await rows().count()).toBe(12);
    expect(lab.problems).toEqual([]);
  });
});
