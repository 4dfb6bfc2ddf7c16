// An experiment as a file: names and values are completed from the schema, and what is wrong is marked at its line.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

describe('the file of an experiment', () => {
  let workspace: TinyWorkspace;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;

  beforeAll(async () => {
    workspace = await createTinyWorkspace();
    served = await serve(workspace.workspace.folder);
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address);
  });

  afterAll(async () => {
    await browser.close();
    await served.stop();
    await workspace.remove();
  });

  showPageOfFailure(() => lab.page);

  it('is completed while it is written, and reaches the form', async () => {
    const { page } = lab;
    await lab.goto('/experiments?data=tiny&group=corpus');
    await page.getByRole('tab', { name: 'As a file' }).click();
    const editor = page.getByRole('textbox', { name: 'The experiment as text' });
    await expect.poll(() => editor.innerText(), patience).toMatch(/name: /);
    await lab.expectAccessible();
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('# gh\n'); // which leads home from elsewhere
    await page.keyboard.type('splitS');
    const option = page.getByRole('option', { name: 'splitSeed' });
    await option.waitFor();
    await expect.poll(() => option.getAttribute('aria-selected'), patience).toBe('true');
    // A list takes no keys until it has been seen for a moment: an Enter that comes too early begins a line, which is taken back.
    const chosen = async (): Promise<boolean> => {
      const text = await editor.innerText();
      if (text.includes('splitSeed: ')) return true;
      if (text.includes('splitS\n')) {
        await page.keyboard.press('Backspace');
        await page.keyboard.press('Control+Space');
      } else if (await option.isVisible()) {
        await page.keyboard.press('Enter');
      }
      return false;
    };
    await expect.poll(chosen, { ...patience, interval: 500 }).toBe(true);
  });

  it('says what is wrong at its line', async () => {
    const { page } = lab;
    const editor = page.getByRole('textbox', { name: 'The experiment as text' });
    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('name: words\ntask: masked-words\ndata: tiny\npipeline: bert-tiny\ntrainning: {}\n');
    await page.getByText(/Line 5:.*Did you mean 'training'/).waitFor();
    await page.locator('.cm-lint-marker-error').waitFor();
    await lab.expectAccessible();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('name: renamed\ntask: masked-words\ndata: tiny\npipeline: bert-tiny\n');
    await page.locator('.cm-lint-marker-error').waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Form' }).click();
    await expect.poll(() => page.getByRole('textbox', { name: /^Name/ }).inputValue(), patience).toBe('renamed');
    expect(lab.problems).toEqual([]); // its styles pass the content security policy
  });
});
