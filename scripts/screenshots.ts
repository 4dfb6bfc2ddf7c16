/**
 * `npm run screenshots`: the pictures of the README, made from a workspace that is made here with real training. About ten minutes
 * on two cores; with `--workspace <folder>` the workspace is kept, and `--pictures`
 * takes pictures of one that is there already.
 *
 * Emoji and digits are imported and networks pretrained on their patches, a study measures the transfer gain, and masked words are
 * learnt from the Brown corpus. Then Chromium visits the served pages in both themes.
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
import { brownTexts } from '../src/main/data/samples/brown.ts';
import type { ServedLab } from '../src/main/hosts/server/serve.ts';
import { serveLab } from '../src/main/hosts/server/serve.ts';
import { chromiumArguments, requireChromium } from './chromium.ts';
import { runCommandLine } from '../src/main/hosts/cli/index.ts';
import type { DemoWorkspace } from '../src/main/hosts/cli/demos/commands.ts';
import { createDemoWorkspace, example } from '../src/main/hosts/cli/demos/commands.ts';
import { imageDemo } from '../src/main/hosts/cli/demos/images.ts';

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

/** Material, pretrained networks and a study: what the pages show. */
async function train(demo: DemoWorkspace): Promise<void> {
  const { pretext, importOnce, sample } = demo;
  await imageDemo(demo, { quick: false });
  await pretext('run', example('digits-patches.yaml'));
  await importOnce('corpus', 'brown', await sample('brown', brownTexts), '--vocabulary-size', '4096');
  const short = ['task.length=32', 'training.batchSize=32', 'training.steps=4000', 'training.evaluateEvery=400'];
  const words = ['data=brown', ...short];
  await pretext('run', example('masked-words.yaml'), ...words.flatMap((setting) => ['--set', setting]));
}

/** As a person does it: the button on the run's page, and the form as it comes. */
async function study(page: Page, served: ServedLab, run: string): Promise<string> {
  const name = `${run.replace(/-\w+$/, '')}-on-digits-labelled`;
  const at = (place: string): string => `${served.server.origin}/#${place}`;
  await page.goto(at(`/studies/of/${name}`));
  const known = page.getByRole('heading', { level: 1, name });
  const unknown = page.getByRole('heading', { level: 1, name: 'There is no such study' });
  await known.or(unknown).waitFor();
  if (await unknown.isVisible()) {
    await page.goto(at(`/runs/${run}`));
    await page.getByRole('link', { name: /^Measure/ }).click();
    await page.getByRole('complementary').getByText('ready').waitFor();
    await page.getByRole('button', { name: 'Measure the transfer gain' }).click();
    await known.waitFor({ timeout: 300_000 });
  }
  await page.getByText('Under way').waitFor({ state: 'hidden', timeout: 1_200_000 });
  return name;
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
    const digits = runNamed(served, 'digit-patches');
    const words = runNamed(served, 'masked-words');
    const emoji = runNamed(served, 'emoji-pretraining');
    const gain = await study(page, served, digits);
    const views: readonly View[] = [
      { name: 'transfer-gain', path: `/studies/of/${gain}` },
      { name: 'run', path: `/runs/${words}` },
      { name: 'samples', path: `/runs/${words}/samples` },
      {
        name: 'pipeline',
        path: '/pipelines',
        prepare: async (on) => {
          await on.getByRole('combobox', { name: 'Open a pipeline' }).selectOption({ label: 'BERT tiny' });
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
