// What goes wrong around a run: the server is killed in its middle and started again, two windows look at the same lab, files are
// not what they seem.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerOfLock } from '../../src/main/files/process-lock.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { runFolder } from '../../src/main/workspace/run-folder.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import {
  chooseInMenu,
  expectState,
  launchBrowser,
  openAnother,
  openWindow,
  patience,
  serve,
  showPageOfFailure,
  stepOf,
} from './harness.ts';

const endless =
  'training: {steps: 500000, batchSize: 4, learningRate: 1e-3, evaluateEvery: 100000, checkpointEvery: 20, logEvery: 5}';

/** Stopped after step 8 of 12, with a flipped bit in what was saved there. */
async function runWithDamagedCheckpoint({ workspace }: TinyWorkspace): Promise<string> {
  const settings = 'training: {steps: 12, batchSize: 4, evaluateEvery: 4, checkpointEvery: 4, keepCheckpoints: 5}';
  const run = await createRun(workspace, tinyExperiment(settings, 'tiny-damaged'));
  const stop = new AbortController();
  const onStep = (step: number): void => {
    if (step === 8) stop.abort();
  };
  await trainRun(workspace, run, { signal: stop.signal, prefetch: false, onStep });
  const file = join(run.checkpoints, 'step-8', 'model.safetensors');
  const bytes = await readFile(file);
  const place = Math.floor(bytes.length * 0.6);
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  await writeFile(file, bytes);
  return run.id;
}

describe('interruptions', () => {
  let workspace: TinyWorkspace;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  let run = '';
  let damaged = '';

  beforeAll(async () => {
    workspace = await createTinyWorkspace();
    run = (await createRun(workspace.workspace, tinyExperiment(endless, 'tiny-endless'))).id;
    damaged = await runWithDamagedCheckpoint(workspace);
    served = await serve(workspace.workspace.folder);
    browser = await launchBrowser();
    // The console tells of every attempt to reach the server that is gone.
    lab = await openWindow(browser, served.address, { expected: /ERR_CONNECTION_REFUSED|WebSocket connection to/ });
  });

  afterAll(async () => {
    await browser.close();
    await served.stop();
    await workspace.remove();
  });

  showPageOfFailure(() => lab.page);

  /** Kills the server, does something, and starts a server again at the same address; the page finds it without being loaded. */
  const killServer = async (meanwhile?: () => unknown): Promise<void> => {
    await served.kill();
    await lab.page.getByText('The lab cannot be reached').waitFor();
    meanwhile?.();
    served = await serve(workspace.workspace.folder, Number(new URL(served.origin).port));
    await lab.page.getByText('The lab cannot be reached').waitFor({ state: 'hidden' });
  };

  it('offers the checkpoint before one that is damaged, and goes on from it', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${damaged}`);
    await expectState(page, /Stopped/);
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expectState(page, /Failed/);
    const alert = page.locator('main').getByRole('alert');
    await alert.getByText(/step-8.* damaged/).waitFor();
    await lab.expectAccessible();
    const goOn = alert.getByRole('button', { name: 'Go on from step 4' });
    await goOn.focus();
    await page.keyboard.press('Enter');
    await expectState(page, /Finished/);
    expect(await alert.count()).toBe(0);
    await page.getByRole('tab', { name: 'Log' }).click();
    await expect.poll(() => page.getByRole('log').innerText(), patience).toMatch(/resumed? .*\b4\b/i);
  });

  it('finds the server again that was killed, with the run still training', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${run}`);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expect.poll(() => stepOf(page), patience).toBeGreaterThan(40);
    const before = await stepOf(page);
    await killServer();
    await expectState(page, /Running/);
    await expect.poll(() => stepOf(page), patience).toBeGreaterThan(before);
  });

  it('finds the run interrupted whose trainer was killed with the server, and resumes it', async () => {
    const { page } = lab;
    const trainer = await ownerOfLock(runFolder(join(workspace.workspace.folder, 'runs', run)).lock);
    await killServer(() => process.kill(trainer!.pid, 'SIGKILL'));
    await expectState(page, /Interrupted/);
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expectState(page, /Running/);
    await page.getByRole('tab', { name: 'Log' }).click();
    await expect.poll(() => page.getByRole('log').innerText(), patience).toMatch(/resumed? .*\b[2-9]\d/i);
  });

  it('shows in every window what is done in another', async () => {
    const other = await openAnother(lab, served.origin);
    await other.goto(`/runs/${run}`);
    await expectState(other.page, /Running/);
    await lab.page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expectState(other.page, /Stopped|Paused/);
    await chooseInMenu(other.page, 'More about this run', 'Pin');
    await lab.page.getByText('★ Pinned').waitFor();
    await lab.goto('/runs');
    await chooseInMenu(other.page, 'More about this run', 'Run again');
    const listed = lab.page.getByRole('grid', { name: 'Runs' }).getByRole('rowheader', { name: /^tiny-endless-/ });
    await expect.poll(() => listed.count(), patience).toBe(2);
    await expectState(other.page, /Running/);
    await other.page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expectState(other.page, /Stopped|Paused/);
    await expect
      .poll(
        () =>
          lab.page
            .locator('tbody')
            .getByText(/Stopped|Paused/)
            .count(),
        patience,
      )
      .toBe(2);
    expect(other.problems).toEqual([]);
    await other.page.close();
  });

  it('says what is wrong with files, and imports what can be imported', async () => {
    const { page } = lab;
    const files = join(workspace.folder, 'bad');
    await mkdir(files);
    const look = async (path: string): Promise<void> => {
      await lab.goto('/datasets/import');
      const another = page.getByRole('button', { name: 'Choose something else' });
      if ((await another.count()) > 0) await another.click();
      await page.getByLabel('or a path on the lab’s machine').fill(path);
      await page.getByRole('button', { name: 'Look at it' }).click();
    };
    const importing = page.getByRole('button', { name: 'Import', exact: true });

    await look(join(files, 'nothing-here.csv'));
    await page
      .getByRole('alert')
      .or(page.getByText(/nothing-here\.csv/))
      .first()
      .waitFor();
    expect(await importing.count()).toBe(0);

    await writeFile(join(files, 'empty.csv'), '');
    await look(join(files, 'empty.csv'));
    await page.getByText(/empty\.csv: is empty/).waitFor();
    expect(await importing.count()).toBe(0);

    const rows = Array.from({ length: 20 }, (_, index) => `"text ${index}",${index % 2 === 0 ? 'a' : 'b'}`);
    await writeFile(join(files, 'ragged.csv'), ['text,label', ...rows, '"no label",', '"",a', ''].join('\n'));
    await look(join(files, 'ragged.csv'));
    await importing.click();
    await page.getByRole('heading', { level: 1, name: 'ragged' }).waitFor(patience);
    await page.getByRole('tab', { name: /^Import report 2/ }).click();
    await lab.expectAccessible();
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said.filter((line) => !line.includes('was interrupted'))]).toEqual([]);
  });
});
