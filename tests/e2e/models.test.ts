// Models of others, through the pages alone: looked at and imported, downloaded from a hub, looked into, fine-tuned, seen in the
// lineage by eye, by keyboard and as a list, and deleted.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import type { FakeHub } from '../hub-server.ts';
import { serveHub } from '../hub-server.ts';
import { tinyDocument } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { expectState, launchBrowser, openWindow, serve, showPageOfFailure } from './harness.ts';

const fixture = path.resolve(import.meta.dirname, '../fixtures/models/bert');

describe('a model of others', () => {
  let folder: string;
  let hub: FakeHub;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pretext-models-'));
    const rows = Array.from({ length: 60 }, (_, index) =>
      JSON.stringify({ text: tinyDocument(index).slice(0, 40), label: index % 2 === 0 ? 'even' : 'odd' }),
    );
    await writeFile(path.join(folder, 'rows.jsonl'), rows.join('\n'));
    const dataset = path.join(folder, 'workspace', 'datasets', 'rows');
    await importTextDataset({ sources: [path.join(folder, 'rows.jsonl')], folder: dataset, name: 'rows' });
    const files = new Map<string, Buffer>();
    for (const name of ['config.json', 'vocab.txt', 'model.safetensors']) {
      files.set(name, await readFile(path.join(fixture, name)));
    }
    files.set('README.md', Buffer.from('---\nlicense: mit\n---\n# What its makers say'));
    hub = await serveHub(files);
    process.env.HF_ENDPOINT = hub.endpoint;
    served = await serve(path.join(folder, 'workspace'));
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address);
    ({ page } = lab);
  });

  afterAll(async () => {
    delete process.env.HF_ENDPOINT;
    await browser.close();
    await served.stop();
    await hub.close();
    await rm(folder, { recursive: true, force: true });
  });

  showPageOfFailure(() => page);

  const link = (name: string) => page.getByRole('link', { name, exact: true }).first();
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });

  it('is recognised and imported by its path', async () => {
    await link('Models').click();
    await page.getByText('No models yet').waitFor();
    await lab.expectAccessible();
    await link('Import a model').click();
    await page.getByLabel('or a path on the lab’s machine').fill(fixture);
    await button('Look at it').click();
    await page.getByText('BERT, 2 layers of 8 features').waitFor();
    expect(await page.getByRole('textbox', { name: /^Name/u }).inputValue()).toBe('bert');
    await lab.expectAccessible();
    await button('Import').click();
    await link('bert').waitFor();
    await lab.expectAccessible();
  });

  it('is downloaded after its size was seen', async () => {
    await button('Download').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Model' }).fill('acme/tiny');
    await dialog.getByRole('button', { name: 'Show its files' }).click();
    await dialog.getByText(/of acme\/tiny; licence: apache-2.0/u).waitFor();
    await lab.expectAccessible();
    await dialog.getByRole('button', { name: /^Download \d/u }).click();
    await link('tiny').click();
    await page.getByRole('tab', { name: 'Model card' }).click();
    await page.getByText('What its makers say').waitFor();
    await page.getByRole('tab', { name: 'Origin' }).click();
    await page.getByText(`${hub.endpoint}/acme/tiny`).waitFor();
    await lab.expectAccessible();
    await page.getByRole('tab', { name: /Layers/u }).click();
    await page
      .getByRole('cell', { name: /^backbone\//u })
      .first()
      .waitFor();
    await lab.expectAccessible();
  });

  it('is fine-tuned from its page', async () => {
    await lab.goto('/models/of/bert');
    await link('Fine-tune').click();
    await page.getByRole('complementary').getByText('ready').waitFor();
    await expect.poll(() => page.getByLabel('Start from').inputValue()).toBe('model bert');
    await button('Start').click();
    await page.waitForURL(/#\/runs\/.+/u);
    await expectState(page, /Finished/u);
  });

  it('is seen in the lineage, by keyboard and as a list', async () => {
    await lab.goto('/models');
    await page.getByRole('link', { name: 'What came of them' }).click();
    await page.getByRole('heading', { level: 1, name: 'Lineage' }).waitFor();
    const model = page.getByRole('link', { name: /^Model bert BERT.*; used by bert-text-classification/u });
    await model.focus();
    await page.keyboard.press('ArrowRight');
    const run = page.getByRole('link', { name: /^Runs bert-text-classification .*; from (rows, bert|bert, rows)/u });
    await expect.poll(() => run.evaluate((element) => element === document.activeElement)).toBe(true);
    await lab.expectAccessible();
    await button('As a list').click();
    await page.getByRole('listitem').filter({ hasText: 'Runs bert-text-classification' }).waitFor();
    await lab.expectAccessible();
  });

  it('is deleted after a warning, and restored', async () => {
    await lab.goto('/models/of/bert');
    await button('Delete').click();
    await page
      .getByRole('dialog')
      .getByText(/1 run started from it/u)
      .waitFor();
    await lab.expectAccessible();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await button('Undo').click();
    await link('bert').waitFor();
    expect(lab.problems).toEqual([]);
  });
});
