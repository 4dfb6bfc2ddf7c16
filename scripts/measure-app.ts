/**
 * How heavy the lab is and how long it lets a person wait, in Chromium on this machine. `npm run build` comes first.
 *
 *     node scripts/measure-app.ts                    everything, in about five minutes
 *     node scripts/measure-app.ts opening            an empty workspace (or --workspace <folder>): first paint, size, memory
 *     node scripts/measure-app.ts comparing training a workspace of 1,000 runs: lists and comparisons; answers while a run trains
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { chromiumArguments, requireChromium } from './chromium.ts';
import { measureComparing } from './measure/comparing.ts';
import { createLargeWorkspace } from './measure/large-workspace.ts';
import { measureOpening } from './measure/opening.ts';
import { measureWhileTraining } from './measure/while-training.ts';

const { values, positionals } = parseArgs({
  options: { workspace: { type: 'string' } },
  allowPositionals: true,
});
const isWanted = (part: string): boolean => positionals.length === 0 || positionals.includes(part);
const folder = await mkdtemp(join(tmpdir(), 'pretext-measure-'));
const browser = await chromium.launch({ executablePath: requireChromium(), args: [...chromiumArguments] });
try {
  if (isWanted('opening')) print(await measureOpening(browser, values.workspace ?? join(folder, 'empty')));
  if (isWanted('comparing') || isWanted('training')) {
    const large = await createLargeWorkspace(folder);
    if (isWanted('comparing')) print(await measureComparing(browser, large));
    if (isWanted('training')) print(await measureWhileTraining(browser, large));
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}
