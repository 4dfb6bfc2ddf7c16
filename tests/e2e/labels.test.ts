// Labels that are not one class each, on their pages: what an import asks, what results show, and how such networks are asked.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { importDataset } from '../../src/main/work/import-material.ts';
import type { LabelFormat } from '../../src/shared/spec/label-format.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
const runs = new Map<string, string>();
const { signal } = new AbortController();

async function trainOn(name: string, task: string, file: string, content: string, labels: LabelFormat): Promise<void> {
  const folder = join(tiny.folder, name);
  await mkdir(folder);
  await writeFile(join(folder, file), content);
  await importDataset(tiny.workspace, name, {
    sources: [join(folder, file)],
    labels,
    signal,
    onProgress: () => undefined,
  });
  const text = `name: ${name}\nengine: {threads: 1}\ntask: {type: ${task}, length: 16}\ndata: ${name}\ntokenizer: {corpus: tiny}
pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 16, heads: 2, maximumLength: 16}}
training: {steps: 20, batchSize: 8, learningRate: 1e-2, evaluateEvery: 20, logEvery: 10}`;
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, `${name}.yaml`)));
  await trainRun(tiny.workspace, run, { signal, prefetch: false });
  runs.set(name, run.id);
}

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const animal = (index: number): string => (index % 2 === 0 ? 'the cat' : 'the old man');
  const place = (index: number): string => (index % 5 === 0 ? 'the river' : 'the house');
  const table = (labelOf: (index: number) => string): string =>
    [
      'text,label',
      ...Array.from({ length: 80 }, (_, at) => `${animal(at)} sees ${place(at)} ${String(at)},${labelOf(at)}`),
    ].join('\n');
  await trainOn(
    'weights',
    'regression',
    'weights.csv',
    table((at) => String(at % 2 === 0 ? 4 + (at % 7) / 10 : 70 + (at % 9))),
    { kind: 'numbers' },
  );
  const both = (at: number): string =>
    [...(at % 2 === 0 ? ['animal'] : []), ...(at % 5 === 0 ? ['water'] : [])].join(';');
  await trainOn('topics', 'multi-label', 'topics.csv', table(both), { kind: 'several' });
  const sentence = (at: number): string => `the O\n${at % 2 === 0 ? 'cat' : 'dog'} B-ANIMAL\nsees O\n${String(at)} O\n`;
  const tagged = Array.from({ length: 60 }, (_, at) => sentence(at)).join('\n');
  await trainOn('animals', 'token-classification', 'animals.conll', tagged, { kind: 'tags' });
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

describe('labels that are not one class each', () => {
  showPageOfFailure(() => lab.page);

  it('are asked about when a column has numbers', async () => {
    const { page } = lab;
    await lab.goto('/datasets/import');
    await page.getByLabel('or a path on the lab’s machine').fill(join(tiny.folder, 'weights', 'weights.csv'));
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByRole('radio', { name: /^Labelled text/ }).check();
    await page.getByRole('combobox', { name: 'Labels are' }).waitFor();
    await lab.expectAccessible();
  });

  it.each([
    ['weights', 'RMSE'],
    ['topics', 'Macro F1'],
    ['animals', 'ANIMAL'],
  ])('have results of their own: %s', async (name, shown) => {
    await lab.goto(`/runs/${runs.get(name) ?? ''}/results`);
    await lab.page.getByRole('main').getByText(shown).first().waitFor();
    await lab.expectAccessible();
  });

  it.each([
    ['weights', 'the cat sees the house', /\d/],
    ['topics', 'the cat sees the river', /animal/],
    ['animals', 'the cat sees the dog', /cat/],
  ])('are asked for on the page of demos: %s', async (name, text, answer) => {
    const { page } = lab;
    await lab.goto(`/demos/${runs.get(name) ?? ''}`);
    await page.getByRole('textbox', { name: 'Text' }).fill(text);
    await expect.poll(() => page.locator('.answers').innerText(), patience).toMatch(answer);
    await lab.expectAccessible();
  });

  it('meet no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
