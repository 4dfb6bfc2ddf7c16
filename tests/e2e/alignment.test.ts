// Two sequences on the page of demos: rows with coloured columns, and the dot plot of all pairs of residues.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homologousFamilies, membersAsFasta, pairsAsFasta } from '../../src/main/data/samples/homologous-families.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { importCorpus, importDataset } from '../../src/main/work/import-material.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let run: string;
const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
const families = homologousFamilies({
  ...({ alphabet: 'protein', families: 18, members: 4, pairs: 4 } as const),
  ...{ shortest: 12, longest: 16, divergence: 0.4, seed: 5 },
});

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const folder = join(tiny.folder, 'families');
  await mkdir(folder);
  await writeFile(join(folder, 'pairs.fasta'), [...pairsAsFasta(families.pairs)].join(''));
  await writeFile(join(folder, 'members.fasta'), [...membersAsFasta(families.members)].join(''));
  const labels = { kind: 'alignments' } as const;
  await importDataset(tiny.workspace, 'pairs', { sources: [join(folder, 'pairs.fasta')], labels, ...quiet });
  const tokenizer = { kind: 'characters' } as const;
  await importCorpus(tiny.workspace, 'families', { sources: [join(folder, 'members.fasta')], tokenizer, ...quiet });
  const text = `name: pairs\nengine: {threads: 1}\ntask: {type: alignment, length: 32, embeddingSize: 16, validationFraction: 0.2}
data: pairs\ntokenizer: {corpus: families}\npipeline: {preset: bilstm-classifier, options: {hiddenSize: 16, dropout: 0}}
training: {steps: 20, batchSize: 8, learningRate: 2e-2, evaluateEvery: 20, logEvery: 10}`;
  const created = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'pairs.yaml')));
  await trainRun(tiny.workspace, created, { signal: quiet.signal, prefetch: false });
  run = created.id;
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

describe('alignments', () => {
  showPageOfFailure(() => lab.page);

  it('are shown for two sequences that a person types', async () => {
    const { page } = lab;
    const [first, second] = [families.pairs[0]!.first, families.pairs[0]!.second].map(({ row }) =>
      row.replaceAll('-', ''),
    ) as [string, string]; // two of them
    await lab.goto(`/demos/${run}`);
    await page.getByRole('textbox', { name: 'First sequence' }).fill(first);
    await page.getByRole('textbox', { name: 'Second sequence' }).fill(second);
    await page.getByRole('img', { name: /^Dot plot/ }).waitFor();
    await expect.poll(() => page.locator('.answers').innerText(), patience).toMatch(/related/);
    expect(await page.locator('.rows .column').count()).toBeGreaterThanOrEqual(Math.max(first.length, second.length));
    await lab.expectAccessible();
  });

  it('of the test are among the results of a run, beside the methods without a network', async () => {
    await lab.goto(`/runs/${run}/results`);
    await lab.page.getByRole('main').getByText('Needleman–Wunsch, unit scores').first().waitFor();
    await lab.expectAccessible();
  });

  it('tell related pairs from unrelated ones with a threshold, and how well that is calibrated', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${run}/results`);
    await page.getByRole('heading', { name: 'By class' }).waitFor();
    await page.getByText('Reliability').first().waitFor();
    await lab.expectAccessible();
  });

  it('of the same pairs get better over the training', async () => {
    const { page } = lab;
    await lab.goto(`/runs/${run}/samples`);
    await page
      .getByText(/\d+ of \d+ aligned pairs? right/)
      .first()
      .waitFor();
    // Both sequences of each example stand by themselves.
    const [example] = await page.locator('article.example').all();
    expect(await example!.locator('.items > *').count()).toBe(2);
    await lab.expectAccessible();
  });

  it('describe a dataset on its page', async () => {
    await lab.goto('/datasets/dataset/pairs');
    await lab.page
      .getByText(/72 related/)
      .first()
      .waitFor();
  });

  it('meet no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
