// From a dropped folder to a network that answers, with text, pictures and recordings, as a person without a plan does it: three
// screens, no option touched, and few clicks.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/shared/random.ts';
import { tinyDocument } from '../tiny-workspace.ts';
import { tone, wavFile } from '../unit/audio-fixtures.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let folder: string;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretext-start-'));
  await writeTexts();
  await writePictures();
  await writeRecordings();
  served = await serve(join(folder, 'workspace'));
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
  ({ page } = lab);
  // What a script does to a hidden field is no click of a person.
  await page.addInitScript(() => {
    document.addEventListener(
      'click',
      ({ isTrusted }) => {
        if (isTrusted) sessionStorage.setItem('clicks', String(1 + Number(sessionStorage.getItem('clicks'))));
      },
      true,
    );
  });
});

afterAll(async () => {
  await browser.close();
  await served.stop();
  await rm(folder, { recursive: true, force: true });
});

async function writeTexts(): Promise<void> {
  await mkdir(join(folder, 'stories'));
  for (let index = 0; index < 40; index++) {
    await writeFile(join(folder, 'stories', `${index}.txt`), tinyDocument(index));
  }
  const rows = Array.from({ length: 60 }, (_, index) => {
    const [sentence = ''] = tinyDocument(100 + index).split('.');
    return `"${sentence}",${/cat|dog|bird/.test(sentence) ? 'animal' : 'other'}`;
  });
  await writeFile(join(folder, 'animals.csv'), ['text,label', ...rows, ''].join('\n'));
}

async function writePictures(): Promise<void> {
  for (const [label, colour] of [
    ['red', [200, 60, 50]],
    ['blue', [50, 70, 200]],
  ] as const) {
    await mkdir(join(folder, 'colours', label), { recursive: true });
    for (let index = 0; index < 20; index++) {
      const random = randomStream(5, index);
      const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (colour[at % 3] ?? 0) + random.integer(50));
      const png = sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } }).png();
      await png.toFile(join(folder, 'colours', label, `${index}.png`));
    }
  }
  // Without labels: no folder for each kind.
  await mkdir(join(folder, 'pictures'));
  for (let index = 0; index < 30; index++) {
    const random = randomStream(6, index);
    const pixels = Uint8Array.from({ length: 48 * 48 * 3 }, (_, at) => ((at % 144) * index + random.integer(60)) % 256);
    const png = sharp(pixels, { raw: { width: 48, height: 48, channels: 3 } }).png();
    await png.toFile(join(folder, 'pictures', `${index}.png`));
  }
}

async function writeRecordings(): Promise<void> {
  for (const [label, frequency] of [
    ['low', 200],
    ['high', 1200],
  ] as const) {
    await mkdir(join(folder, 'tones', label), { recursive: true });
    for (let index = 0; index < 20; index++) {
      const wav = wavFile([tone(frequency + 10 * index, 0.3, 16_000)], 16_000, { bits: 16 });
      await writeFile(join(folder, 'tones', label, `${index}.wav`), wav);
    }
  }
}

const button = (name: string) => page.getByRole('button', { name, exact: true });
const step = () => page.locator('.steps [aria-current="step"]').innerText();
const clicks = () => page.evaluate(() => Number(sessionStorage.getItem('clicks')));

/** On the first page of the lab, with nothing clicked yet. */
async function begin(): Promise<void> {
  await lab.goto('/');
  await page.evaluate(() => {
    sessionStorage.setItem('clicks', '0');
  });
  await page.getByRole('link', { name: 'Start with your own data' }).click();
  await page.getByRole('heading', { level: 1, name: 'Guided start' }).waitFor();
}

async function drop(kind: 'folder' | 'files', path: string, found: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await button(kind === 'folder' ? 'Choose a folder' : 'Choose files').click();
  await (await chooser).setFiles(path);
  await page.getByRole('heading', { level: 2, name: found }).waitFor(patience);
}

async function learn(): Promise<void> {
  await button('Start').click();
  await expect.poll(step, patience).toMatch(/Learning/);
}

const tries = () => expect.poll(step, patience).toMatch(/Try it/);

/** Does not wait for the end where the button is seen before it. */
async function triesSoon(): Promise<void> {
  const enough = button('That is enough, try it');
  const look = async (): Promise<string> => {
    if (await enough.isVisible()) await enough.click({ timeout: 5000 }).catch(() => undefined); // it may have ended meanwhile
    return step();
  };
  await expect.poll(look, patience).toMatch(/Try it/);
}

describe('a person with a folder', () => {
  showPageOfFailure(() => page);

  it('pretrains on text, stops it early, teaches it labels, and is answered', async () => {
    await begin();
    await lab.expectAccessible();
    await drop('folder', join(folder, 'stories'), 'Text without labels');
    await lab.expectAccessible();
    await learn();
    await triesSoon();
    await page.locator('.answers').getByRole('listitem').first().waitFor(patience);
    await lab.expectAccessible();
    await button('Teach it labels').click();
    await drop('files', join(folder, 'animals.csv'), 'Text with labels');
    await learn();
    await tries();
    await page.getByRole('textbox', { name: 'Text' }).fill('a bird finds the river');
    await page.locator('.answers').getByText('animal', { exact: true }).waitFor(patience);
    expect(await clicks()).toBeLessThanOrEqual(8);
  });

  it('is told what is missing when examples to teach have no labels', async () => {
    await button('Choose other data').click();
    await expect.poll(step, patience).toMatch(/Your data/);
    await lab.goto(`/start?from=none`);
    await drop('folder', join(folder, 'stories'), 'Text without labels');
    await page.getByText('These have no labels.').waitFor();
    expect(await button('Start').count()).toBe(0);
  });

  it('pretrains on pictures, teaches it labels, and shows it a picture', async () => {
    await begin();
    await drop('folder', join(folder, 'pictures'), 'Pictures without labels');
    await learn();
    await triesSoon();
    await button('Teach it labels').click();
    await drop('folder', join(folder, 'colours'), 'Pictures with labels');
    await page.getByText(/^40 files: blue, red/).waitFor();
    await learn();
    await tries();
    await page
      .getByRole('button', { name: /^Picture of the validation split/ })
      .first()
      .click();
    await page.getByRole('main').getByText('red', { exact: true }).first().waitFor(patience);
    expect(await clicks()).toBeLessThanOrEqual(8);
    await lab.expectAccessible();
  });

  // Recordings have no pretext task: what they say is learned from scratch.
  it('plays a recording to a network that learned from folders of them', async () => {
    await begin();
    await drop('folder', join(folder, 'tones'), 'Recordings with labels');
    await learn();
    // The page can be left and opened again meanwhile.
    await page.reload();
    await tries();
    await page.locator('input[type=file]').setInputFiles(join(folder, 'tones', 'high', '3.wav'));
    await page.getByRole('main').getByText('high', { exact: true }).first().waitFor(patience);
    expect(await clicks()).toBeLessThanOrEqual(8);
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
