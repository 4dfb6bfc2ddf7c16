// A study on a cluster, from its page: handed to a scheduler, followed while nodes train its runs, cancelled.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { planWork } from '../../src/main/runs/cluster/plan-work.ts';
import { work } from '../../src/main/runs/cluster/work.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { workFolderOf } from '../../src/main/workspace/work-folder.ts';
import { animalsStudy, createStudyWorkspace } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { violationsOf } from './accessibility.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

/** Takes a study and lets it wait; the test itself is the node. */
const idle = `
title: Idle cluster
element: ELEMENT
options: {queue: {required: true, help: Where it waits}}
script: "{work}"
submit: {command: [echo, '7', '{script}', '{queue}'], pattern: '^(?<job>\\d+)'}
poll: [{command: [echo, '0 waits'], line: '^(?<index>\\d+) (?<state>\\w+)$'}]
states: {waiting: [waits], running: [], failed: []}
cancel: {command: [echo, '{job}']}`;

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  const schedulers = join(tiny.workspace.folder, 'schedulers');
  await mkdir(schedulers);
  await writeFile(join(schedulers, 'idle.yaml'), idle);
  const source = parseSpecText(animalsStudy('animals-far', [1, 2]), 'study.yaml');
  await planWork(tiny.workspace, parseStudy(source), source);
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});
showPageOfFailure(() => lab.page);

/** For a look at it: PRETEXT_PICTURES=folder. */
async function picture(name: string): Promise<void> {
  const folder = process.env.PRETEXT_PICTURES;
  if (folder === undefined) return;
  for (const width of [900, 1440]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await lab.page.setViewportSize({ width, height: 900 });
      await lab.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await lab.page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
}

it('is handed to a scheduler, shows its runs as nodes finish them, and is cancelled', async () => {
  const { page } = lab;
  await lab.goto('/studies/of/animals-far');
  await page
    .getByRole('img', { name: /seed 2: Waits for a node/ })
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Run on a cluster…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run on a cluster' });
  await dialog.getByRole('combobox', { name: 'Scheduler' }).selectOption({ label: 'Idle cluster' });
  const submit = dialog.getByRole('button', { name: 'Submit' });
  expect(await submit.isDisabled()).toBe(true); // it needs its queue
  await dialog.getByRole('textbox', { name: /queue/ }).fill('long');
  await dialog.getByRole('textbox', { name: 'Runs in a job' }).fill('0');
  expect(await submit.isDisabled()).toBe(true);
  await dialog.getByRole('textbox', { name: 'Runs in a job' }).fill('8');
  // Alone: axe takes what lies behind it for text on its buttons.
  expect(await violationsOf(page, { within: '[role=dialog]' })).toEqual([]);
  await picture('dialog');
  await submit.click();
  await page.getByText('Idle cluster 7: jobs 1 waiting').waitFor();
  const { signal } = new AbortController();
  const folder = workFolderOf(tiny.workspace, 'animals-far');
  await work({ workspace: tiny.workspace, folder, index: 0, count: 1, signal });
  await page.getByRole('progressbar', { name: 'Progress on the cluster' }).waitFor();
  await expect.poll(() => page.getByText('8 of 8 runs done').count(), patience).toBeGreaterThan(0);
  await page.getByRole('heading', { name: 'Numbers' }).waitFor(); // gains with their intervals
  await lab.expectAccessible();
  await picture('study');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText(/runs done, cancelled/).waitFor();
  expect(lab.problems).toEqual([]);
});
