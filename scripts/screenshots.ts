/**
 * `npm run screenshots`: the pictures of the README and the guide, of a workspace in which `npm run demo` and `npm run demo -- images`
 * have been. About ten minutes on two cores; with `--workspace <folder>` the workspace is kept, and `--pictures` takes
 * pictures of one that is there already. Chromium visits the served pages in both themes.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { build } from 'vite';
import config from '../electron.vite.config.ts';
import type { ServedLab } from '../src/main/hosts/server/serve.ts';
import { serveLab } from '../src/main/hosts/server/serve.ts';
import { chromiumArguments, requireChromium } from './chromium.ts';
import { runCommandLine } from '../src/main/hosts/cli/index.ts';
import type { DemoWorkspace } from '../src/main/hosts/cli/demos/commands.ts';
import { createDemoWorkspace } from '../src/main/hosts/cli/demos/commands.ts';
import { imageDemo } from '../src/main/hosts/cli/demos/images.ts';
import { textDemo } from '../src/main/hosts/cli/demos/text.ts';

const destination = path.resolve(import.meta.dirname, '../docs/screenshots');
const size = { width: 1440, height: 900 };

/** The pages as they are now, into a folder of their own. */
async function buildPages(): Promise<string> {
  const outDir = await mkdtemp(path.join(tmpdir(), 'pretext-pages-'));
  const { renderer } = config as { readonly renderer: Parameters<typeof build>[0] }; // written by us, as an object
  await build({
    ...renderer,
    configFile: false,
    logLevel: 'error',
    build: { ...renderer?.build, outDir, emptyOutDir: true },
  });
  return outDir;
}

interface View {
  readonly name: string;
  readonly path: string;
  /** What is done before the picture, beyond opening the page. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** The demos as anybody can run them: their material, networks and studies are what the pages show. */
async function train(demo: DemoWorkspace): Promise<void> {
  await textDemo(demo, { quick: false });
  await imageDemo(demo, { quick: false });
}

async function picture(page: Page, view: View, theme: 'light' | 'dark', origin: string): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.goto('about:blank'); // the same address again would leave the page as it was
  await page.goto(`${origin}/#${view.path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForTimeout(1500); // charts are drawn when their points have come
  await view.prepare?.(page);
  const file = path.join(destination, `${view.name}-${theme}.webp`);
  await sharp(await page.screenshot())
    .webp({ quality: 84, effort: 6 })
    .toFile(file);
  console.log(path.relative(process.cwd(), file));
}

/** Whether both patches of the question are more than ground: most of an emoji is empty. */
async function showsSomething(page: Page): Promise<boolean> {
  const patches = await page.locator('.patches img').all();
  const shades = patches.map(async (patch) => (await sharp(await patch.screenshot()).stats()).entropy);
  return (await Promise.all(shades)).every((entropy) => entropy > 2);
}

function runNamed(served: ServedLab, name: string): string {
  const found = served.lab.runs.all().findLast((run) => run.spec.name === name && run.state === 'finished');
  if (!found) throw new Error(`The run ${name} is not there`);
  return found.id;
}

async function takeAll(folder: string): Promise<void> {
  const pages = await buildPages();
  const served = await serveLab({ workspace: folder, port: 0, pages });
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({ executablePath: requireChromium(), args: [...chromiumArguments] });
    const page = await (await browser.newContext({ viewport: size })).newPage();
    await page.goto(served.server.address);
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
    const words = runNamed(served, 'text-pretraining');
    const emoji = runNamed(served, 'emoji-pretraining');
    const views: readonly View[] = [
      { name: 'transfer-gain', path: '/studies/of/text-transfer' },
      { name: 'run', path: `/runs/${words}` },
      { name: 'samples', path: `/runs/${words}/samples` },
      {
        name: 'pipeline',
        path: '/pipelines',
        prepare: async (on) => {
          await on.getByRole('combobox', { name: 'Open a pipeline' }).selectOption({ label: 'ModernBERT tiny' });
          await on.getByRole('button', { name: /^encoder/ }).click();
          await on.waitForTimeout(800);
        },
      },
      {
        name: 'patch-quiz',
        path: `/demos/${emoji}`,
        prepare: async (on) => {
          const above = on.getByRole('button', { name: 'above', exact: true });
          await above.waitFor({ timeout: 60_000 });
          while (!(await showsSomething(on))) {
            await on.getByRole('button', { name: 'Other questions' }).click();
            await above.and(on.locator(':enabled')).waitFor();
            await on.waitForTimeout(1500); // the model answers first
          }
          await above.click();
          await on.waitForTimeout(300);
        },
      },
    ];
    await mkdir(destination, { recursive: true });
    for (const view of views) {
      for (const theme of ['light', 'dark'] as const) await picture(page, view, theme, served.server.origin);
    }
  } finally {
    await browser?.close();
    await served.close();
    await rm(pages, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { workspace: { type: 'string' }, pictures: { type: 'boolean', default: false } },
});
const folder = values.workspace ?? (await mkdtemp(path.join(tmpdir(), 'pretext-screenshots-')));
try {
  if (!values.pictures) await train(await createDemoWorkspace(folder, runCommandLine));
  await takeAll(folder);
} finally {
  if (values.workspace === undefined) await rm(folder, { recursive: true, force: true });
}
