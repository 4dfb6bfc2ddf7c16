// Pages that are read reflow at 320 pixels, as wide as a page of 1280 is when it is enlarged four times (WCAG 2.2, 1.4.10): the page does
// not scroll sideways; wide tables and charts may, within themselves.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { runStudy } from '../../src/main/runs/study.ts';
import { listRuns } from '../../src/main/workspace/runs.ts';
import { animalsStudy, createStudyWorkspace } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, patience, serve, showPageOfFailure } from './harness.ts';

let tiny: TinyWorkspace;
let served: LabProcess;
let browser: Browser;
let lab: LabWindow;
let page: Page;
let ids: readonly string[];

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  const source = parseSpecText(animalsStudy('animals-with-few-labels', [1, 2]), 'study.yaml');
  await runStudy(tiny.workspace, parseStudy(source), source, {
    ...{ signal: new AbortController().signal, prefetch: false },
  });
  ids = (await listRuns(tiny.workspace)).runs.map(({ id }) => id);
  served = await serve(tiny.workspace.folder);
  browser = await launchBrowser();
  lab = await openWindow(browser, served.address);
  ({ page } = lab);
  await page.setViewportSize({ width: 320, height: 640 });
});

afterAll(async () => {
  await browser.close();
  await served.stop();
  await tiny.remove();
});

/** What reaches beyond the right edge of the window and lies in nothing that scrolls or cuts it off. */
async function beyondTheEdge(): Promise<readonly string[]> {
  return page.evaluate(() => {
    if (document.documentElement.scrollWidth <= window.innerWidth) return [];
    const isContained = (element: Element): boolean => {
      for (let outer = element.parentElement; outer && outer !== document.body; outer = outer.parentElement) {
        const { overflowX } = getComputedStyle(outer);
        if (overflowX !== 'visible' && outer.getBoundingClientRect().right <= window.innerWidth + 1) return true;
      }
      return false;
    };
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1 && !isContained(element))
      .map((element) => `${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 40)}`)
      .concat(`the page is ${document.documentElement.scrollWidth} pixels wide`);
  });
}

/** Once what the page asked the lab for is there. */
async function expectReflow(): Promise<void> {
  await expect.poll(() => page.getByText(/^(Reading|Loading)\b.*…$/u).count(), patience).toBe(0);
  expect(await beyondTheEdge(), page.url()).toEqual([]);
}

async function throughAllTabs(): Promise<void> {
  const tabs = page.getByRole('tab');
  await tabs.first().waitFor();
  for (let index = 0; index < (await tabs.count()); index += 1) {
    await tabs.nth(index).click();
    await expectReflow();
  }
}

describe('at 320 pixels', () => {
  showPageOfFailure(() => page);

  it.each([
    ['Home', '/', 'heading', 'Recent runs'],
    ['the guided start', '/start', 'heading', /./u],
    ['the list of studies', '/studies', 'link', /animals-with-few-labels/u],
    ['a study', '/studies/of/animals-with-few-labels', 'region', 'Verdict'],
    ['the card of a study', '/studies/of/animals-with-few-labels/card', 'heading', /animals-with-few-labels/u],
    ['the list of datasets', '/datasets', 'link', 'animals'],
    ['the list of models', '/models', 'heading', /./u],
    ['the lineage', '/lineage', 'heading', 'What came of what'],
    ['the settings', '/settings', 'heading', 'About'],
  ] as const)('%s does not scroll sideways', async (_page, path, role, name) => {
    await lab.goto(path);
    await page.getByRole(role, { name }).first().waitFor();
    await expectReflow();
  });

  it('a pretrained run does not, in any of its parts', async () => {
    await lab.goto(`/runs/${ids.find((id) => id.startsWith('tiny-words'))}`);
    await throughAllTabs();
  });

  it('a fine-tuned run does not, in any of its parts', async () => {
    await lab.goto(`/runs/${ids.find((id) => id.includes('.pretrained.'))}`);
    await throughAllTabs();
  });

  it.each(['corpus/tiny', 'dataset/animals'])('%s does not, in any of its parts', async (material) => {
    await lab.goto(`/datasets/${material}`);
    await throughAllTabs();
  });

  it('a comparison does not, in any of its views', async () => {
    await lab.goto(`/compare?runs=${ids.join(',')}`);
    await throughAllTabs();
  });
});
