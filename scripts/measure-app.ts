/**
 * How heavy the lab is to open: `node scripts/measure-app.ts [workspace]` starts `pretext serve` on a workspace (a new one unless
 * named) five times, opens it in Chromium, and prints medians: from the start of the process to the first contentful paint, the
 * gzipped size of what the first page loads, and the resident memory of the idle lab process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { median } from '../src/shared/stats.ts';
import { chromiumArguments, requireChromium } from './chromium.ts';

const repetitions = 5;
/** Long enough for everything that a start sets off. */
const settledMilliseconds = 5000;

interface Measurement {
  readonly firstPaintMilliseconds: number;
  readonly firstPageKilobytes: number;
  readonly idleMegabytes: number;
}

async function measure(browser: Browser, workspace: string): Promise<Measurement> {
  const command = fileURLToPath(new URL('../src/main/cli.ts', import.meta.url));
  const started = performance.timeOrigin + performance.now();
  const lab = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', command, '--workspace', workspace, '--json', 'serve', '--port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const context = await browser.newContext();
  try {
    let printed = '';
    for await (const chunk of lab.stdout) {
      printed += String(chunk);
      if (printed.includes('}')) break;
    }
    const page = await context.newPage();
    let bytes = 0;
    page.on('response', (response) => {
      response.body().then(
        (body) => (bytes += gzipSync(body).length),
        () => undefined, // redirections have none
      );
    });
    // We print it ourselves.
    await page.goto((JSON.parse(printed) as { address: string }).address, { waitUntil: 'networkidle' });
    const painted = await page.evaluate(
      'performance.timeOrigin + performance.getEntriesByName("first-contentful-paint")[0].startTime',
    );
    await setTimeout(settledMilliseconds);
    return {
      firstPaintMilliseconds: Number(painted) - started,
      firstPageKilobytes: bytes / 1000,
      idleMegabytes: await residentMegabytes(lab.pid ?? 0),
    };
  } finally {
    await context.close();
    lab.kill('SIGTERM');
    if (lab.exitCode === null) await once(lab, 'exit');
  }
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

const workspace = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'pretext-measure-')));
const browser = await chromium.launch({ executablePath: requireChromium(), args: [...chromiumArguments] });
try {
  const measurements: Measurement[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    measurements.push(await measure(browser, workspace));
  }
  const middle = (key: keyof Measurement): number => Math.round(median(measurements.map((each) => each[key])));
  console.log(`first contentful paint   ${middle('firstPaintMilliseconds')} ms after the start of 'pretext serve'`);
  console.log(`first page               ${middle('firstPageKilobytes')} kB gzipped`);
  console.log(`idle lab process         ${middle('idleMegabytes')} MB resident`);
} finally {
  await browser.close();
  if (process.argv[2] === undefined) await rm(workspace, { recursive: true, force: true });
}
