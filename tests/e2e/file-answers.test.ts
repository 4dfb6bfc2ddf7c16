// A whole table is asked about on the page of demos: as many answers, the columns and the encoding that were chosen, or embeddings. And
// bundles on the pages: of a study, opened in another lab where its file is dropped, damaged, and stopped while one is written or verified.
import { open, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBundle } from '../../src/main/runs/bundle/create.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { runStudy } from '../../src/main/runs/study.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { animalsExperiment, animalsStudy, createStudyWorkspace } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { tinyExperiment } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { chooseInMenu, dropOn, launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let page: Page;
let classifier = '';

async function train(text: string): Promise<string> {
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'animals.yaml')));
  await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
  return run.id;
}

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  const spec = `${animalsExperiment}\n  from: {run: tiny-words}`;
  classifier = await train(`${spec}\n  name: animals-or-not`);
  const { signal } = new AbortController();
  const source = parseSpecText(animalsStudy('animals-study', [1]), 'study.yaml');
  await runStudy(tiny.workspace, parseStudy(source), source, { signal, prefetch: false });
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
  ({ page } = lab);
});
afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

async function givePath(path: string): Promise<void> {
  await page.getByLabel('or a path on the lab’s machine').fill(path);
  await page.getByRole('button', { name: 'Look at it' }).click();
}

/** The table that was written, as the page names it. */
async function answers(): Promise<string> {
  await page.getByRole('button', { name: 'Answer all' }).click();
  const written = page.getByText(/rows? (?:was|were) answered/u);
  await written.waitFor(patience);
  const [, file = ''] = /answered:\s*(.+?) \(/u.exec(await written.innerText()) ?? [];
  return readFile(file, 'utf8');
}

describe('a whole table', () => {
  showPageOfFailure(() => page);

  it('is answered with as many answers, the columns and the encoding that are chosen', async () => {
    const table = join(tiny.folder, 'questions.csv');
    const text = 'number;text;note\n1;the cat sleeps in the café.;är\n2;a quick bird;ö\n3;;leer\n';
    await writeFile(table, Buffer.from(text, 'latin1'));
    await lab.goto(`/demos/${classifier}?part=file`);
    await givePath(table);
    await page.getByText('Options', { exact: true }).click(patience);
    await page.getByLabel('Encoding').selectOption('windows-1252');
    await page.getByRole('cell', { name: 'the cat sleeps in the café.' }).waitFor(patience);
    await page.getByLabel('Likeliest answers').fill('1');
    await page.getByRole('checkbox', { name: 'number' }).uncheck();
    await page.getByRole('checkbox', { name: 'text', exact: true }).uncheck();
    await lab.expectAccessible();
    const lines = (await answers()).trim().split(/\r?\n/u);
    expect(lines[0]).toBe('line,note,prediction,probability,truncated,problem');
    expect(lines[1]).toMatch(/^2,är,(?:animal|other),0\.\d+,(?:true|false),$/u);
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatch(/^4,leer,,,,has no text$/u);
    await page.getByText('1 row has no answer').waitFor(patience);
    await page.getByText('line 4: has no text').waitFor(patience);
    await lab.expectAccessible();
    expect(lab.problems).toEqual([]);
  });

  it('gets every class without that, and vectors where embeddings are wanted', async () => {
    const table = join(tiny.folder, 'plain.csv');
    await writeFile(table, 'text\na cat\nthe old house\n');
    await lab.goto(`/demos/${classifier}?part=file`);
    await givePath(table);
    await page.getByLabel('Content').waitFor(patience);
    const [header] = (await answers()).split(/\r?\n/u);
    expect(header).toBe('line,text,prediction,probability,p(animal),p(other),truncated,problem');
    await page.getByLabel('Content').selectOption('embeddings');
    await page.getByLabel('Format').selectOption('jsonl');
    const known = await page.getByText(/answered:/u).innerText();
    await page.getByRole('button', { name: 'Answer all' }).click();
    const written = page.getByText(/answered:.*\.jsonl/su);
    await written.waitFor(patience);
    expect(await written.innerText()).not.toBe(known);
    const [, file = ''] = /answered:\s*(.+?) \(/u.exec(await written.innerText()) ?? [];
    const rows = (await readFile(file, 'utf8')).trim().split('\n');
    expect(rows.map((row) => (JSON.parse(row) as { embedding: number[] }).embedding.length)).toEqual([8, 8]);
    expect(lab.problems).toEqual([]);
  });
});

describe('a bundle', () => {
  showPageOfFailure(() => page);

  it('of a study is written on its page', async () => {
    await lab.goto('/studies/of/animals-study');
    await page.getByRole('button', { name: 'Bundle…' }).click(patience);
    const dialog = page.getByRole('dialog', { name: 'Bundle the study' });
    await dialog.getByRole('button', { name: 'Write the bundle' }).click();
    await dialog.getByText('animals-study.zip').first().waitFor(patience);
    await lab.expectAccessible();
    expect(lab.problems).toEqual([]);
  });

  it('of a study is opened in another lab, where its file is dropped', async () => {
    const there = await openWorkspace(join(tiny.folder, 'there'));
    const theirs = await serve(there.folder);
    const other = await openWindow(browser, theirs.address);
    try {
      await other.goto('/datasets/import');
      await other.page.getByRole('button', { name: 'Choose files' }).waitFor();
      await dropOn(other.page, join(tiny.workspace.folder, 'exports/animals-study.zip'));
      await other.page.getByText('the study animals-study').waitFor(patience);
      await other.page.getByText('Dataset animals', { exact: true }).waitFor();
      await other.expectAccessible();
      await other.page.getByRole('button', { name: 'Open in this workspace' }).click();
      await other.page.getByText('datasets/animals', { exact: true }).waitFor(patience);
      await other.expectAccessible();
      await other.page.getByRole('link', { name: 'Runs', exact: true }).last().click();
      await other.page.getByText('animals-study.10-labels.pretrained').first().waitFor(patience);
      await other.goto('/studies/of/animals-study');
      await other.page.getByRole('heading', { level: 1, name: 'animals-study' }).waitFor(patience);
      expect(await readdir(there.runs)).toEqual(expect.arrayContaining([expect.stringContaining('tiny-words')]));
      expect(other.problems).toEqual([]);
    } finally {
      await other.context.close();
      await theirs.stop();
    }
  });

  it('that is damaged is refused with the reason, and nothing is lost', async () => {
    const whole = await readFile(join(tiny.workspace.folder, 'exports/animals-study.zip'));
    const cut = join(tiny.folder, 'cut.zip');
    await writeFile(cut, whole);
    await truncate(cut, Math.floor(whole.length / 2));
    const changed = join(tiny.folder, 'changed.zip');
    const middle = Math.floor(whole.length / 2);
    whole[middle] = whole[middle]! ^ 0xff; // it is longer than that
    await writeFile(changed, whole);
    const before = await readdir(tiny.workspace.folder, { recursive: true });

    await lab.goto('/datasets/import');
    await givePath(cut);
    await page.getByText(/cut\.zip cannot be opened: .+ Copy it here again/u).waitFor(patience);
    await lab.expectAccessible();
    await page.getByRole('button', { name: 'Choose something else' }).click();
    // The list of its files is whole, and one of them is not: that is found when it is unpacked.
    await givePath(changed);
    await page.getByRole('button', { name: 'Open in this workspace' }).click(patience);
    const told = page.getByRole('main').getByText(/changed\.zip cannot be opened: .+ Copy it here again/u);
    await told.waitFor(patience);
    await lab.expectAccessible();
    await page.getByRole('button', { name: 'Verify' }).click();
    await expect.poll(() => told.count(), patience).toBe(2);
    const isLog = (name: string): boolean => /^(?:lab|logs|\.lab)|sqlite|\.log/u.test(name);
    const after = await readdir(tiny.workspace.folder, { recursive: true });
    expect(after.filter((name) => !isLog(name)).sort()).toEqual(before.filter((name) => !isLog(name)).sort());
    expect(lab.problems).toEqual([]);
  });

  it('is stopped while it is verified, and nothing of it is left', async () => {
    // Training a run again that was stopped early goes on until it is stopped, too.
    const endless = await createRun(
      tiny.workspace,
      tinyExperiment('training: {steps: 1000000, batchSize: 4, learningRate: 1e-2}', 'endless'),
    );
    const stop = new AbortController();
    const onStep = (): void => {
      stop.abort();
    };
    await trainRun(tiny.workspace, endless, { signal: stop.signal, prefetch: false, onStep });
    const output = join(tiny.folder, 'endless.zip');
    const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
    await createBundle(tiny.workspace, endless.id, { output, data: 'include', ...quiet });
    const unpacked = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('pretext-verify-'));
    const before = await unpacked();
    await lab.goto('/datasets/import');
    await givePath(output);
    await page.getByRole('checkbox', { name: /^Train again/u }).check(patience);
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText(`Training ${endless.id} again`).waitFor(patience);
    const cancel = page.getByRole('button', { name: 'Cancel: Verification of endless.zip' });
    await cancel.click();
    await cancel.waitFor({ state: 'detached', ...patience });
    await expect.poll(async () => (await unpacked()).filter((name) => !before.includes(name)), patience).toEqual([]);
    // It can be opened, and verified once more.
    await page.getByRole('button', { name: 'Verify' }).isEnabled();
    await page.getByRole('button', { name: 'Open in this workspace' }).click();
    await page.getByText('Everything was here already.').waitFor(patience);
    expect(lab.problems).toEqual([]);
  });

  it('is stopped while it is written, and nothing of it is left', async () => {
    // Files with holes take no room, and time to read.
    for (let number = 0; number < 30; number += 1) {
      const file = await open(join(tiny.workspace.runs, classifier, 'artifacts', `large-${number}.bin`), 'w');
      await file.truncate(200_000_000);
      await file.close();
    }
    await lab.goto(`/runs/${classifier}`);
    await chooseInMenu(page, 'More about this run', 'Bundle this run …');
    const dialog = page.getByRole('dialog', { name: 'Bundle the run' });
    await dialog.getByLabel('File').fill('exports/never.zip');
    await dialog.getByRole('button', { name: 'Write the bundle' }).click();
    const cancel = dialog.getByRole('button', { name: 'Cancel: Bundle of' });
    await cancel.click(patience);
    await cancel.waitFor({ state: 'detached', ...patience });
    expect((await readdir(join(tiny.workspace.folder, 'exports'))).filter((name) => name.includes('never'))).toEqual(
      [],
    );
    expect(lab.problems).toEqual([]);
  });
});
