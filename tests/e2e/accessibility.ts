// What axe finds wrong with a page. It is put into each document once and says only what is broken: to look is most of what these tests do.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

type Results = Awaited<ReturnType<AxeBuilder['analyze']>>;

declare global {
  interface Window {
    readonly axe: { readonly run: (what: unknown, options: unknown) => Promise<Results> };
  }
}

/** The builder comes with axe, and puts the whole of it into the page twice each time. */
const builder = createRequire(import.meta.url).resolve('@axe-core/playwright');
const script = readFileSync(createRequire(builder).resolve('axe-core/axe.min.js'), 'utf8');

export interface Look {
  /** By default all that are on by default. */
  readonly rules?: readonly string[];
  /** A selector; by default the whole page. */
  readonly within?: string;
}

/** The rules of axe that a page without frames breaks, each with where and why. */
export async function violationsOf(page: Page, look: Look = {}): Promise<readonly string[]> {
  if (page.frames().length > 1) throw new Error('A page with frames needs axe in each of them');
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(script);
  return page.evaluate(async ({ rules, within }) => {
    // Colours that are on their way from one theme to the other are those of none.
    const moving = (): Animation[] =>
      document
        .getAnimations()
        .filter((one) => one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity);
    for (let left = moving(); left.length > 0; left = moving()) {
      await Promise.allSettled(left.map((one) => one.finished));
    }
    const { violations } = await window.axe.run(within === undefined ? document : { include: [within] }, {
      resultTypes: ['violations'],
      ...(rules && { runOnly: { type: 'rule', values: [...rules] } }),
    });
    return violations.map(({ id, nodes }) => {
      const places = nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`);
      return `${id}: ${places.join(' | ')}`;
    });
  }, look);
}
