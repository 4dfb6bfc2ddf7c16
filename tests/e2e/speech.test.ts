// A voice on its pages: it says what is typed, to be heard and seen; what it said while it was trained; and as a page of its own.
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace } from '../tiny-workspace.ts';
import { importMelodies, melodyTexts } from '../unit/tasks/speech/melodies.ts';
import { expectAccessible, openDemo, trainDemo } from './demo-fixture.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: TinyWorkspace;
let voice: RunFolder;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  await importMelodies(tiny.folder, join(tiny.workspace.datasets, 'melodies'), melodyTexts);
  voice = await trainDemo(
    tiny.workspace,
    `name: voice
engine: {threads: 1}
task: {type: speech-synthesis, longest: 4, decoderSize: 16}
data: melodies
pipeline: {preset: character-lstm, options: {hiddenSize: 12}}
evaluation: {leaks: ignore}
training: {steps: 8, batchSize: 4, learningRate: 5e-3, evaluateEvery: 4}`,
  );
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

describe('a voice', () => {
  showPageOfFailure(() => lab.page);

  it('says what is typed, and shows it', async () => {
    const { page } = lab;
    await lab.goto(`/demos/${voice.id}`);
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.fill('bca');
    await text.press('Enter');
    const sound = page.getByLabel('Speech: bca');
    await sound.waitFor(patience);
    const isHeard = (): Promise<boolean> =>
      sound.evaluate((element) => element instanceof HTMLAudioElement && element.duration > 0.02);
    await expect.poll(isHeard, patience).toBe(true);
    await page.getByRole('img', { name: /^Spectrogram/ }).waitFor(patience);
    await page.getByText('How long each character lasts').click();
    expect(await page.locator('figure li').allInnerTexts()).toEqual(
      ['b', 'c', 'a'].map((one): unknown => expect.stringMatching(`^${one}: \\d+ ms$`)),
    );
    expect(await page.getByRole('link', { name: 'Save as WAV file' }).getAttribute('download')).toBe('bca.wav');
    expect(await page.getByRole('tab', { name: 'File' }).count()).toBe(0);
    await lab.expectAccessible();
  });

  it('names what it has never heard', async () => {
    const { page } = lab;
    await page.getByRole('textbox', { name: 'Text' }).fill('bad 7');
    await page.getByRole('button', { name: 'Speak' }).click();
    await page.getByText("The voice has never heard 'd', ' ', '7'").waitFor(patience);
    await lab.expectAccessible();
  });

  it('is heard as it was at every evaluation', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${voice.id}/samples`);
    const steps = page.getByRole('group', { name: 'cab, by step' }).getByRole('button');
    await expect.poll(() => steps.allInnerTexts(), patience).toEqual(['Step 4', 'Step 8']);
    await steps.last().press('Enter');
    await page.getByLabel(/^Speech: spoken-cab-step-8/).waitFor(patience);
    await lab.expectAccessible();
  });

  it('leaves as a page that speaks', async () => {
    const page = await openDemo(browser, tiny.workspace, voice, 'page');
    await page.getByRole('textbox').first().fill('ab');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    const sound = page.getByLabel('Speech: ab');
    await sound.waitFor(patience);
    const isHeard = (): Promise<boolean> =>
      sound.evaluate((element) => element instanceof HTMLAudioElement && element.duration > 0.02);
    await expect.poll(isHeard, patience).toBe(true);
    await expectAccessible(page);
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
