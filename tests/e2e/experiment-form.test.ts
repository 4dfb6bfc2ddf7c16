// The form of an experiment is short: whatever the task, all of it is seen on two screens of a laptop, and nothing is wider than its place.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createStudyWorkspace } from '../tiny-study.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

/** Half of what it was once. */
const highest = 1690;

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
});

afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

describe('the form of an experiment', () => {
  showPageOfFailure(() => lab.page);

  it.each([
    ['Masked words', 'task=masked-words&data=tiny'],
    ['Masked words and next sentence', 'task=masked-words-next-sentence&data=tiny'],
    ['Text classification', 'task=text-classification&data=animals'],
    ['Image classification', 'task=image-classification'],
    ['Speech synthesis', 'task=speech-synthesis'],
  ])('of %s is at most half as high as it was', async (title, query) => {
    const { page } = lab;
    await lab.goto(`/experiments?${query}`);
    await expect.poll(() => page.getByRole('radio', { name: title, exact: true }).isChecked(), patience).toBe(true);
    await page.getByRole('textbox', { name: 'Split seed' }).waitFor();
    const height = () => page.evaluate(() => document.documentElement.scrollHeight);
    await expect.poll(height, patience).toBeLessThanOrEqual(highest);
  });

  it.each([900, 1440, 2560])(
    'has the tasks of each kind of data in two rows, named whole, at %d pixels',
    async (width) => {
      const { page } = lab;
      await page.setViewportSize({ width, height: 900 });
      await lab.goto('/experiments?task=masked-words&data=tiny');
      for (const medium of ['Images', 'Sound', 'Text']) {
        await page.getByRole('button', { name: medium, exact: true }).click();
        const rows = page.locator('.tasks-of-kind');
        await expect.poll(() => rows.count(), patience).toBe(2);
        for (const row of await rows.all()) {
          const labels = await row.locator('label').evaluateAll((found) =>
            found.map((one) => ({
              top: one.getBoundingClientRect().top,
              isWhole: one.scrollWidth <= one.clientWidth + 1, // both are rounded
            })),
          );
          expect(new Set(labels.map(({ top }) => top)).size, medium).toBeLessThanOrEqual(1);
          expect(
            labels.every(({ isWhole }) => isWhole),
            medium,
          ).toBe(true);
        }
      }
      await lab.expectAccessible();
      await page.setViewportSize({ width: 1440, height: 900 });
    },
  );
});
