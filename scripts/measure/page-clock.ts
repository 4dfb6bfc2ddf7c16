/**
 * How long a page lets a person wait, by the browser's own clocks: from the moment of a real click to the next frame (the
 * Event Timing API, what "interaction to next paint" is made of) and to the frame that shows what was asked for, and for how
 * long the page was then too busy to answer.
 */
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { messageOf } from '../../src/shared/errors.ts';

export interface Waited {
  /** Until the next frame; the browser tells it in steps of 8 ms. */
  readonly answered: number;
  /** Until what was asked for was painted. */
  readonly shown: number;
  /** Until the last task of more than 50 ms that followed the click was over; 0 when there was none. */
  readonly settled: number;
}

/** What has to be there: an element with this text in it; `drawn`: a canvas that holds more than one colour. */
export interface Wanted {
  readonly selector: string;
  readonly text?: string;
  readonly drawn?: boolean;
}

// Runs in the page, where it cannot be a module of ours.
const clock = `
{
  const state = { start: 0, answered: 0, settled: 0 };
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      if (state.start > 0 && startTime >= state.start - 1) state.answered = Math.max(state.answered, duration);
    }
  }).observe({ type: 'event', durationThreshold: 16 });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      if (state.start > 0 && startTime + duration > state.start) state.settled = startTime + duration - state.start;
    }
  }).observe({ type: 'longtask' });
  const isDrawn = (canvas) => {
    const { width, height } = canvas;
    if (width === 0 || height === 0) return false;
    const { data } = canvas.getContext('2d').getImageData(0, Math.floor(height / 4), width, Math.ceil(height / 2));
    const pixels = new Uint32Array(data.buffer);
    const colours = new Set();
    for (let index = 0; index < pixels.length && colours.size < 12; index += 7) colours.add(pixels[index]);
    return colours.size >= 12;
  };
  const isThere = ({ selector, text, drawn }) =>
    [...document.querySelectorAll(selector)].some(
      (element) => (text === undefined || element.textContent.includes(text)) && (!drawn || isDrawn(element)),
    );
  globalThis.armPageClock = (wanted) => {
    Object.assign(state, { start: 0, answered: 0, settled: 0 });
    state.shown = new Promise((resolve) => {
      const look = () => {
        if (!isThere(wanted)) return void requestAnimationFrame(look);
        // The frame is painted after its callbacks; a message comes after that.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve(performance.now() - state.start);
          port2.postMessage(null);
        });
      };
      addEventListener('click', (event) => { state.start = event.timeStamp; requestAnimationFrame(look); }, { capture: true, once: true });
    });
  };
  globalThis.readPageClock = async () => {
    const tooLong = new Promise((resolve, reject) => setTimeout(() => reject(new Error('was not shown in 30 s')), 30000));
    const shown = await Promise.race([state.shown, tooLong]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    const { answered, settled } = state;
    return { answered, shown, settled };
  };
}
`;

/** Before the first page of the context. */
export async function addPageClock(context: BrowserContext): Promise<void> {
  await context.addInitScript({ content: clock });
}

export async function clickAndWait(page: Page, target: Locator, wanted: Wanted): Promise<Waited> {
  await target.scrollIntoViewIfNeeded();
  await page.evaluate(`armPageClock(${JSON.stringify(wanted)})`);
  await target.click();
  return page.evaluate<Waited>('readPageClock()').catch((error: unknown) => {
    throw new Error(`${wanted.selector} ${wanted.text ?? ''}: ${messageOf(error)}`, { cause: error });
  });
}
