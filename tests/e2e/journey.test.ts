// What a newcomer does, through the pages alone: import text and a labelled table, draw a pipeline, pretrain, watch, fine-tune
// from it, compare both, and ask them. The training is real and short.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyDocument } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { chooseInMenu, expectState, launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

describe('from the first import to the demo', () => {
  let folder: string;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  let page: Page;
  const runs = { pretrained: '', fineTuned: '' };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pretext-journey-'));
    await mkdir(join(folder, 'stories'));
    for (let index = 0; index < 30; index++) {
      await writeFile(join(folder, 'stories', `${index}.txt`), tinyDocument(index));
    }
    const rows = Array.from({ length: 60 }, (_, index) => {
      const [sentence = ''] = tinyDocument(100 + index).split('.');
      return `"${sentence}",${sentence.includes('the') ? 'definite' : 'indefinite'}`;
    });
    await writeFile(join(folder, 'articles.csv'), ['text,label', ...rows, '"a row without a label",', ''].join('\n'));
    served = await serve(join(folder, 'workspace'));
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address);
    ({ page } = lab);
  });

  afterAll(async () => {
    await browser.close();
    await served.stop();
    await rm(folder, { recursive: true, force: true });
  });

  showPageOfFailure(() => page);

  const button = (name: string) =>
    page
      .getByRole('button', { name, exact: true })
      .or(page.getByRole('link', { name, exact: true }))
      .first();
  const field = (name: string) => page.getByRole('textbox', { name, exact: true });

  /** Queues the experiment on the page, waits for its end on the page of the run, and tells its id. */
  async function queueAndFinish(): Promise<string> {
    await page.getByRole('complementary').getByText('ready').waitFor();
    await button('Start').click();
    await page.waitForURL(/#\/runs\/.+/);
    await expectState(page, /Finished/);
    return decodeURIComponent(/#\/runs\/([^/]+)/.exec(page.url())?.[1] ?? '');
  }

  it('imports a folder that is chosen, after a look into it', async () => {
    await button('Import text or images').click();
    const chooser = page.waitForEvent('filechooser');
    await button('Choose a folder').click();
    await (await chooser).setFiles(join(folder, 'stories'));
    await page.getByText(/^30 files/).waitFor();
    expect(await page.locator('pre').innerText()).toContain(tinyDocument(0).slice(0, 40));
    expect(await page.getByRole('textbox', { name: /^Name/ }).inputValue()).toBe('stories');
    await lab.expectAccessible();
    await button('Import').click();
    await page.getByRole('heading', { level: 1, name: 'stories' }).waitFor(patience);
    await lab.expectAccessible();
  });

  it('imports a table by its path, shows its columns and classes, and reports the row that was left out', async () => {
    await lab.goto('/datasets/import');
    await page.getByLabel('or a path on the lab’s machine').fill(join(folder, 'articles.csv'));
    await button('Look at it').click();
    await page.getByRole('columnheader', { name: /label the label, 2 values/ }).waitFor();
    await page.getByRole('rowheader', { name: 'indefinite' }).waitFor();
    await lab.expectAccessible();
    await button('Import').click();
    await page.getByRole('heading', { level: 1, name: 'articles' }).waitFor(patience);
    await page.getByRole('searchbox', { name: 'Search the texts' }).fill('a red ball');
    await expect.poll(() => page.getByRole('tabpanel').getByRole('listitem').count(), patience).toBeGreaterThan(0);
    await page.getByRole('tab', { name: /^Import report/ }).click();
    await page.getByText(/label/i).first().waitFor();
    await page.getByRole('tab', { name: 'Classes and splits' }).click();
    await page.getByRole('rowheader', { name: 'indefinite' }).first().waitFor();
    await lab.expectAccessible();
  });

  /** Draws a connection with the mouse; `refusal` is what is said when it arrives, and only without a word it is made. */
  async function drawConnection(from: string, output: string, to: string, input: string, refusal: RegExp) {
    const place = async (block: string, port: string, side: 'source' | 'target') => {
      const handle = page.locator(`.vue-flow__node[data-id="${block}"] .${side}[data-handleid="${port}"]`);
      const { x = 0, y = 0, width = 0, height = 0 } = (await handle.boundingBox()) ?? {};
      return [x + width / 2, y + height / 2] as const;
    };
    const links = page.locator('.vue-flow__edge');
    const before = await links.count();
    await page.mouse.move(...(await place(from, output, 'source')));
    await page.mouse.down();
    const [x, y] = await place(to, input, 'target');
    await page.mouse.move(x - 4, y - 4, { steps: 5 });
    // The answer of the lab is on its way: the verdict shows at the port.
    const verdict = page.locator(`.vue-flow__node[data-id="${to}"] .target[data-handleid="${input}"]`);
    await expect.poll(() => verdict.getAttribute('class'), patience).toMatch(/fits|refused/);
    await page.mouse.move(x, y);
    await expect.poll(() => page.locator('.refusal').innerText(), patience).toMatch(refusal);
    await page.mouse.up();
    await expect.poll(() => links.count(), patience).toBe(refusal.test('') ? before + 1 : before);
  }

  /** The graph as JSON: a change is drawn, a mistake is named with its line, and both can be undone. */
  async function editAsText() {
    const layers = page.getByLabel('The whole pipeline').locator('dd').first();
    const before = await layers.innerText();
    await button('JSON').click();
    const area = page.getByRole('textbox', { name: 'The pipeline as JSON' });
    const text = await area.inputValue();
    await area.fill(text.replace('"layers": 2', '"layers": 3'));
    await expect.poll(() => layers.innerText(), patience).not.toBe(before);
    await area.fill(text.replace('"blocks": [', '"blocks": [['));
    await page.getByText(/^Line \d+:/).waitFor();
    await lab.expectAccessible();
    await area.fill(text);
    await expect.poll(() => layers.innerText(), patience).toBe(before);
    await button('JSON').click();
  }

  it('takes a preset, changes a block, undoes, refuses what does not fit, and keeps the pipeline', async () => {
    await lab.goto('/pipelines');
    await page.getByRole('combobox', { name: 'Open a pipeline' }).selectOption({ label: 'BERT tiny' });
    const state = page.locator('dl').getByRole('status');
    await expect.poll(() => state.innerText(), patience).toBe('valid');
    await drawConnection('input', 'tokens', 'encoder', 'sequence', /expects/);
    await drawConnection('encoder', 'sequence', 'output', 'vector', /^$/);
    await button('Undo').click();
    await editAsText();
    await page.getByRole('button', { name: /^encoder/ }).click();
    const parameters = page.getByLabel('The whole pipeline').locator('dd').first();
    const all = await parameters.innerText();
    await field('Layers').fill('1');
    await field('Layers').blur();
    await expect.poll(() => parameters.innerText(), patience).not.toBe(all);
    const fewer = await parameters.innerText();
    await field('Heads').fill('3'); // 128 features are not divided by 3
    await field('Heads').blur();
    await expect.poll(() => state.innerText(), patience).toBe('not complete');
    await field('Heads').fill('2');
    await field('Heads').blur();
    await expect.poll(() => state.innerText(), patience).toBe('valid');
    await button('Undo').click();
    await expect.poll(() => parameters.innerText(), patience).not.toBe(fewer);
    await button('Redo').click();
    await expect.poll(() => parameters.innerText(), patience).toBe(fewer);
    const misfit = page.getByRole('combobox', { name: /^Input sequence/ }).locator('option[value="input.tokens"]');
    await expect.poll(() => misfit.isDisabled(), patience).toBe(true);
    await lab.expectAccessible();
    await button('Save').click();
    await page.getByRole('dialog').getByRole('textbox').fill('one-layer');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'one-layer' }).waitFor();
    await button('Use in an experiment').click();
    await page.getByRole('heading', { level: 1, name: 'New experiment' }).waitFor();
  });

  it('pretrains on masked words with it, and is watched', async () => {
    await page.getByText('Masked words', { exact: true }).first().click();
    await page.getByRole('combobox', { name: /^Pipeline/ }).selectOption({ label: 'one-layer' });
    await field('Length').fill('16');
    await field('Validation fraction').fill('0.2');
    await field('Steps').fill('120');
    await field('Batch size').fill('8');
    await field('Name *').fill('hidden-words');
    await page.getByText('[MASK1]').first().waitFor();
    await lab.expectAccessible();
    const mistake = field('Learning rate');
    await mistake.fill('-1');
    await mistake.blur();
    await expect.poll(() => button('Start').isDisabled(), patience).toBe(true);
    await mistake.fill('0.001');
    await mistake.blur();
    await button('Find a learning rate…').click();
    const found = page.getByRole('dialog', { name: 'Find a learning rate' });
    await found.getByRole('img', { name: /^Loss by learning rate/ }).waitFor();
    await lab.expectAccessible();
    const suggested = found.getByRole('button', { name: /^Use / }).first();
    const rate = (await suggested.innerText()).replace('Use', '').trim();
    await suggested.click();
    await expect.poll(() => mistake.inputValue(), patience).toBe(rate);
    await mistake.fill('0.001');
    await mistake.blur();
    runs.pretrained = await queueAndFinish();
    expect(runs.pretrained).toMatch(/^hidden-words-/);
    await page.getByRole('figure').first().waitFor();
    await page
      .getByRole('figure')
      .first()
      .getByRole('button', { name: /^Controls of/ })
      .click();
    await page.getByRole('menuitem', { name: 'Show the numbers' }).click();
    const rows = page.getByRole('region', { name: /^Table of/ }).getByRole('row');
    await expect.poll(() => rows.count(), patience).toBeGreaterThan(2);
  });

  it('fine-tunes from it', async () => {
    await lab.goto('/experiments?task=text-classification&data=articles');
    await page.getByText('Text classification', { exact: true }).first().waitFor();
    const from = page.getByRole('combobox', { name: 'Start from' });
    await expect.poll(() => from.locator('option').count(), patience).toBe(2);
    await from.selectOption(`run ${runs.pretrained}`);
    await page.getByText(/tensors come from/).waitFor();
    await field('Epochs').fill('2');
    await field('Name *').fill('articles-tuned');
    await field('Name *').blur();
    runs.fineTuned = await queueAndFinish();
    await page.getByRole('tab', { name: 'Results' }).click();
    await page.getByRole('region', { name: 'Confusion matrix' }).waitFor();
    await lab.expectAccessible();
    const cell = page.getByRole('region', { name: 'Confusion matrix' }).getByRole('button').first();
    await cell.click();
    await page
      .getByRole('heading', { name: /taken for|predicted|examples/i })
      .first()
      .waitFor();
  });

  it('trains the same from scratch, with the tokenizer of the corpus', async () => {
    await lab.goto('/experiments?task=text-classification&data=articles');
    const tokenizer = page.getByRole('combobox', { name: 'Tokenizer' });
    await tokenizer.waitFor();
    await expect.poll(() => tokenizer.inputValue(), patience).not.toBe('');
    await field('Epochs').fill('1');
    await field('Name *').fill('articles-scratch');
    await field('Name *').blur();
    expect(await queueAndFinish()).toMatch(/^articles-scratch-/);
  });

  it('compares both', async () => {
    await lab.goto(`/runs/${runs.fineTuned}`);
    await chooseInMenu(page, 'More about this run', 'Compare');
    await page.getByRole('heading', { level: 1, name: 'Compare' }).waitFor();
    await page
      .getByRole('banner')
      .or(page.getByRole('main'))
      .getByRole('button', { name: 'Choose runs' })
      .first()
      .click();
    await page.getByRole('checkbox', { name: runs.pretrained }).check();
    await button('Compare 2').click();
    await page.getByRole('figure').first().waitFor();
    await page.getByRole('tab', { name: 'Differences' }).click();
    await page.getByRole('region', { name: 'What differs' }).getByText(/from/).first().waitFor();
    await lab.expectAccessible();
  });

  it('asks the pretrained and the fine-tuned network', async () => {
    await lab.goto(`/demos/${runs.pretrained}`);
    await page.getByRole('textbox', { name: 'Text' }).fill('the cat sees the [MASK] .');
    await expect.poll(() => page.locator('.answers').getByRole('listitem').count(), patience).toBeGreaterThan(2);
    await lab.goto(`/demos/${runs.fineTuned}`);
    await page.getByRole('textbox', { name: 'Text' }).fill('the dog finds a bird');
    await page.locator('.answers').getByText('definite', { exact: true }).waitFor();
    await lab.expectAccessible();
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
