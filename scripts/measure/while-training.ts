/**
 * Whether the lab answers while a run uses every core: a run is queued as a page does it, and while it trains, pages are opened
 * in Chromium and the contract is asked over a WebSocket. Chromium and the asking process want the same cores.
 */
import type { Browser, Page } from 'playwright-core';
import type { LabClient } from '../../src/shared/contract/index.ts';
import { median, quantile } from '../../src/shared/stats.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { demandingExperiment, longName, longRuns } from './large-workspace.ts';
import type { LargeWorkspace } from './large-workspace.ts';
import type { Waited, Wanted } from './page-clock.ts';
import { addPageClock, clickAndWait } from './page-clock.ts';
import type { Cookie, ServedProcess } from './served-lab.ts';
import { connectTo, letIn, serveProcess } from './served-lab.ts';

const rounds = 5;
const asked = 20;

export async function measureWhileTraining(browser: Browser, { workspace }: LargeWorkspace): Promise<string[]> {
  const { id } = await createRun(workspace, demandingExperiment());
  const served = await serveProcess(workspace.folder);
  const cookie = await letIn(served);
  const client = connectTo(served, cookie);
  try {
    await client.lab.runs.resume({ ids: [id] });
    await training(client.lab, id);
    const answers = await askContract(client.lab, id);
    const waited = await visitPages(browser, served, cookie, id);
    return [
      'while a run uses every core: median, 95 of 100, slowest',
      ...Object.entries(answers).map(([method, times]) => line(method, times)),
      line(
        'click to next frame',
        waited.map(({ answered }) => answered),
      ),
      line(
        'click to page shown',
        waited.map(({ shown }) => shown),
      ),
    ];
  } finally {
    await client.lab.runs.cancel({ ids: [id], now: true }).catch(() => undefined);
    client.close();
    await served.stop();
  }
}

function line(name: string, times: readonly number[]): string {
  const words = [median(times), quantile(times, 0.95), Math.max(...times)].map((time) => `${time.toFixed(0)} ms`);
  return `  ${name.padEnd(22)} ${words.join(', ')}`;
}

/** Until it is past its first steps, which compile and check. */
async function training(lab: LabClient, id: string): Promise<void> {
  for (;;) {
    const { run } = await lab.runs.get({ id });
    if (run.state === 'failed') throw new Error(`The run failed: ${run.failure?.message ?? ''}`);
    if (run.step > 20) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function askContract(lab: LabClient, id: string): Promise<Readonly<Record<string, readonly number[]>>> {
  const { runs } = await lab.runs.list({ filter: { text: longName }, limit: longRuns });
  const ids = runs.map((run) => run.id);
  const requests: Readonly<Record<string, () => Promise<unknown>>> = {
    'workspace.info': () => lab.workspace.info({}),
    'runs.queue': () => lab.runs.queue({}),
    'runs.get': () => lab.runs.get({ id }),
    'runs.list (200)': () => lab.runs.list({}),
    'runs.series (one run)': () => lab.runs.series({ ids: [id] }),
    'materials.list': () => lab.materials.list({}),
    'compare.series (50)': () => lab.compare.series({ ids, metrics: ['training.loss'], maximumPoints: 400 }),
  };
  const times: Record<string, number[]> = {};
  for (const [method, request] of Object.entries(requests)) {
    const own = (times[method] = [] as number[]);
    for (let turn = 0; turn < asked; turn += 1) {
      const started = performance.now();
      await request();
      own.push(performance.now() - started);
    }
  }
  return times;
}

async function visitPages(browser: Browser, served: ServedProcess, cookie: Cookie, id: string): Promise<Waited[]> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await addPageClock(context);
  try {
    await context.addCookies([{ ...cookie, url: served.origin }]);
    const page = await context.newPage();
    await page.goto(served.origin);
    await page.getByRole('heading', { level: 1 }).waitFor();
    const waited: Waited[] = [];
    for (let round = 0; round < rounds; round += 1) waited.push(...(await visitEach(page, id)));
    return waited;
  } finally {
    await context.close();
  }
}

async function visitEach(page: Page, id: string): Promise<Waited[]> {
  const heading = (text: string): Wanted => ({ selector: 'h1', text });
  const to = (name: string) =>
    page
      .getByRole('navigation')
      .first()
      .getByRole('link', { name: new RegExp(`^${name}`) }); // a number of runs may follow
  const part = (name: string) => page.getByRole('tab', { name });
  const waited: Waited[] = [];
  for (const [name, wanted] of [
    ['Datasets', heading('Datasets')],
    ['Pipelines', heading('Pipeline')],
    ['Experiments', heading('experiment')],
    ['Compare', heading('Compare')],
    ['Demos', heading('Demos')],
    ['Settings', heading('Settings')],
    ['Home', heading('Home')],
    ['Runs', { selector: 'tbody tr[data-index="5"]' }],
  ] as const) {
    waited.push(await clickAndWait(page, to(name), wanted));
  }
  await page.getByRole('searchbox').fill(id);
  const link = page.getByRole('main').getByRole('rowheader').getByRole('link');
  await page.locator('table[aria-rowcount="2"]').waitFor();
  waited.push(await clickAndWait(page, link, { selector: 'figure canvas' }));
  waited.push(await clickAndWait(page, part('Log'), { selector: '[role="log"]' }));
  waited.push(await clickAndWait(page, part('Spec'), { selector: '[aria-label="Spec as JSON"]' }));
  return waited;
}
