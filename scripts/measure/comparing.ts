/**
 * A large workspace: how long it takes to open, to list 1,000 runs, and to compare the 50 that have 10,000 steps each, from the
 * click on 'Compare' to drawn charts; then how smoothly the list scrolls.
 */
import type { Browser, Page } from 'playwright-core';
import { median, quantile } from '../../src/shared/stats.ts';
import type { LargeWorkspace } from './large-workspace.ts';
import { longName, longRuns, longSteps, manyRuns } from './large-workspace.ts';
import type { Waited } from './page-clock.ts';
import { addPageClock, clickAndWait } from './page-clock.ts';
import { serveProcess } from './served-lab.ts';

const repetitions = 5;

export async function measureComparing(browser: Browser, { workspace, points }: LargeWorkspace): Promise<string[]> {
  const served = await serveProcess(workspace.folder);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await addPageClock(context);
  try {
    const page = await context.newPage();
    const waited: Waited[] = [];
    const listed: Waited[] = [];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      await page.goto('about:blank');
      await page.goto(repetition === 0 ? served.address : served.origin);
      await page.getByRole('heading', { level: 1 }).waitFor();
      const link = page.getByRole('navigation').getByRole('link', { name: 'Runs' });
      listed.push(await clickAndWait(page, link, { selector: 'tbody tr[data-index="5"]' }));
      await page.getByRole('searchbox').fill(longName);
      await page.locator(`table[aria-rowcount="${longRuns + 1}"]`).waitFor(); // its header is a row too
      await page.getByRole('checkbox', { name: 'Select all runs' }).check();
      const compare = page.getByRole('button', { name: 'Compare', exact: true });
      waited.push(await clickAndWait(page, compare, { selector: 'figure canvas', drawn: true }));
    }
    await page.goto(`${served.origin}/#/runs`);
    const frames = (await scrollFrames(page)).toSorted((a, b) => a - b);
    const of = (all: readonly Waited[], key: keyof Waited): string =>
      `${Math.round(median(all.map((one) => one[key])))} ms`;
    const worst = Math.round(Math.max(...waited.map(({ shown }) => shown)));
    return [
      `${manyRuns} runs, ${(points / 1e6).toFixed(1)} million points`,
      `  opened                 ${Math.round(served.startMilliseconds)} ms after the start of 'pretext serve'`,
      `  idle lab process       ${Math.round(await served.residentMegabytes())} MB resident`,
      `  list of runs           ${of(listed, 'shown')} after the click, the page's code loaded anew`,
      `  scrolling through it   a frame in ${median(frames).toFixed(0)} ms, 95 of 100 within ${quantile(frames, 0.95).toFixed(0)} ms`,
      `compare ${longRuns} runs × ${longSteps} steps, the page's code loaded anew`,
      `  charts drawn           ${of(waited, 'shown')} after the click (slowest of ${repetitions}: ${worst} ms)`,
      `  free for the next click ${of(waited, 'settled')} after the click`,
    ];
  } finally {
    await context.close();
    await served.stop();
  }
}

/** Milliseconds between frames while the wheel is turned over the list. */
async function scrollFrames(page: Page): Promise<readonly number[]> {
  const table = page.getByRole('grid', { name: 'Runs' });
  await table.hover();
  await page.evaluate(`
    globalThis.frames = [];
    let before = performance.now();
    const look = (now) => { frames.push(now - before); before = now; requestAnimationFrame(look); };
    requestAnimationFrame(look);
  `);
  for (let turn = 0; turn < 60; turn += 1) await page.mouse.wheel(0, 400);
  return page.evaluate<number[]>('frames.slice(1)');
}
