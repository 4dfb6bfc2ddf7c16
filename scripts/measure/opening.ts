/**
 * How heavy the lab is to open: from the start of the process, and from the browser's navigation, to the first contentful paint,
 * and until the home page stands; the gzipped size of what it loads; the resident memory of the idle lab process.
 */
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { median } from '../../src/shared/stats.ts';
import { serveProcess } from './served-lab.ts';

const repetitions = 5;
/** Long enough for everything that a start sets off. */
const settledMilliseconds = 5000;

interface Opening {
  readonly served: number;
  readonly painted: number;
  readonly paintedAfterNavigation: number;
  readonly kilobytes: number;
  readonly megabytes: number;
}

/** `workspace`: empty, or one's own. The first start after a change compiles anew, which the median leaves out. */
export async function measureOpening(browser: Browser, workspace: string): Promise<string[]> {
  const openings: Opening[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1) openings.push(await open(browser, workspace));
  const middle = (key: keyof Opening): number => Math.round(median(openings.map((each) => each[key])));
  return [
    `first contentful paint   ${middle('painted')} ms after the start of 'pretext serve'`,
    `                         ${middle('paintedAfterNavigation')} ms after the browser was sent there`,
    `server ready             ${middle('served')} ms after its start`,
    `first page               ${middle('kilobytes')} kB gzipped`,
    `idle lab process         ${middle('megabytes')} MB resident`,
  ];
}

/** The origin of the page's clock and the first contentful paint on it, which may be told a moment after it happened. */
const firstPaint = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName('first-contentful-paint');
    if (paint) resolve([performance.timeOrigin, paint.startTime]);
  }).observe({ type: 'paint', buffered: true });
})`;

async function open(browser: Browser, workspace: string): Promise<Opening> {
  const served = await serveProcess(workspace);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    let bytes = 0;
    page.on('response', (response) => {
      response.body().then(
        (body) => (bytes += gzipSync(body).length),
        () => undefined, // redirections have none
      );
    });
    await page.goto(served.address, { waitUntil: 'networkidle' });
    const [origin, painted] = await page.evaluate<[number, number]>(firstPaint);
    await setTimeout(settledMilliseconds);
    return {
      served: served.startMilliseconds,
      painted: origin + painted - served.startedAt,
      paintedAfterNavigation: painted,
      kilobytes: bytes / 1000,
      megabytes: await served.residentMegabytes(),
    };
  } finally {
    await context.close();
    await served.stop();
  }
}
