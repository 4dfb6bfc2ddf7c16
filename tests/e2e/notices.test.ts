// Notifications of the system when a run has ended: for those who ask for them, and off otherwise.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { expectState, launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

describe('notifications', () => {
  let tiny: TinyWorkspace;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  const ids: string[] = [];

  beforeAll(async () => {
    tiny = await createTinyWorkspace();
    for (const seed of [0, 1]) ids.push((await createRun(tiny.workspace, { ...tinyExperiment(), seed })).id);
    served = await serve(tiny.workspace.folder);
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address);
    await lab.page.addInitScript(() => {
      // What the browser would show, and a window over which another one lies.
      const told: string[] = [];
      class Told extends EventTarget {
        static permission = 'granted';
        static requestPermission = () => Promise.resolve('granted');
        constructor(title: string) {
          super();
          told.push(title);
        }
      }
      Object.assign(globalThis, { Notification: Told, told });
      document.hasFocus = () => false;
    });
  });
  afterAll(async () => {
    await browser.close();
    await served.stop();
    await tiny.remove();
  });
  showPageOfFailure(() => lab.page);

  const told = () => lab.page.evaluate(() => (globalThis as unknown as { told: string[] }).told); // made above

  async function train(id: string | undefined): Promise<void> {
    await lab.goto(`/runs/${id ?? ''}`);
    await lab.page.getByRole('button', { name: 'Start', exact: true }).click();
    await expectState(lab.page, /Finished/);
  }

  it('do not come unasked', async () => {
    await train(ids[0]);
    expect(await told()).toEqual([]);
  });

  it('come when a run has ended, of those who ask for them, also after the page was loaded anew', async () => {
    await lab.goto('/settings');
    const wish = lab.page.getByRole('checkbox', { name: /^Notify me/ });
    expect(await wish.isChecked()).toBe(false);
    await wish.check();
    await lab.expectAccessible();
    await lab.goto('/settings');
    expect(await wish.isChecked()).toBe(true);
    await train(ids[1]);
    await expect.poll(told, patience).toEqual(['tiny-words is finished']);
  });

  it('meet no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
