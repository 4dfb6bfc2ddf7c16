// What a page in the same browser could try against the lab, tried by a real browser: without a token, past the content security
// policy, from another site.
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabProcess, LabWindow } from './harness.ts';
import { launchBrowser, openWindow, serve } from './harness.ts';

describe('the lab in a browser that is not to be trusted', () => {
  let folder: string;
  let served: LabProcess;
  let browser: Browser;
  let lab: LabWindow;
  let stranger: Server;
  let strangersOrigin: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pretext-security-'));
    served = await serve(join(folder, 'workspace'));
    browser = await launchBrowser();
    lab = await openWindow(browser, served.address, { expected: /Content Security Policy|violates|Refused/i });
    stranger = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Another site</title>');
    });
    await new Promise<void>((resolve) => {
      stranger.listen(0, '127.0.0.1', resolve);
    });
    strangersOrigin = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await browser.close();
    await served.stop();
    stranger.closeAllConnections();
    stranger.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('shows nothing without the token, and takes it out of the address', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await page.goto(served.origin);
    expect(answer?.status()).toBe(401);
    expect(await page.locator('body').innerText()).toContain('pretext serve');
    await context.close();
    expect(new URL(lab.page.url()).search).toBe('');
    expect(await lab.page.evaluate(() => document.cookie)).toBe(''); // scripts cannot read the session
  });

  it('runs no script that is not a file of the lab, and asks nobody else', async () => {
    const tried = await lab.page.evaluate(async (elsewhere) => {
      const violations: string[] = [];
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        violations.push(effectiveDirective);
      });
      const later = <Value>(work: () => Value): Promise<Value | 'refused'> =>
        new Promise((resolve) => {
          setTimeout(() => {
            try {
              resolve(work());
            } catch {
              resolve('refused');
            }
          });
        });
      const script = document.createElement('script');
      script.textContent = 'window.wasHere = true';
      document.body.append(script);
      const foreign = document.createElement('script');
      foreign.src = `${elsewhere}/script.js`;
      document.body.append(foreign);
      const frame = document.createElement('iframe');
      frame.src = elsewhere;
      document.body.append(frame);
      const image = document.createElement('img');
      image.src = `${elsewhere}/pixel.png`;
      document.body.append(image);
      const fetched = await fetch(elsewhere).then(
        () => 'allowed',
        () => 'refused',
      );
      // eslint-disable-next-line no-eval -- what is tried here
      const evaluated = await later(() => (0, eval)('1 + 1') as number);
      const socket = await later(() => new WebSocket(elsewhere.replace('http', 'ws')).url);
      // Each of them is told of when it was refused.
      const all = ['connect-src', 'frame-src', 'img-src', 'script-src-elem'];
      while (!all.every((one) => violations.includes(one))) {
        await new Promise((resolve) => document.addEventListener('securitypolicyviolation', resolve, { once: true }));
      }
      for (const element of [script, foreign, frame, image]) element.remove();
      return { violations, fetched, evaluated, socket, wasHere: 'wasHere' in window };
    }, strangersOrigin);
    expect(tried).toMatchObject({ fetched: 'refused', evaluated: 'refused', wasHere: false });
    expect([...new Set(tried.violations)].sort()).toEqual(
      expect.arrayContaining(['connect-src', 'frame-src', 'img-src', 'script-src-elem']),
    );
    await lab.page.getByRole('heading', { level: 1 }).waitFor(); // the page is where it was
  });

  it('gives nothing to another site in the same browser', async () => {
    const page = await lab.context.newPage();
    await page.goto(strangersOrigin);
    const got = await page.evaluate(async (origin) => {
      const ask = (address: string, options: RequestInit): Promise<string> =>
        fetch(address, { credentials: 'include', ...options }).then(
          (response) => `${response.type} ${response.status}`,
          () => 'refused',
        );
      const read = await ask(origin, {});
      const blind = await ask(origin, { mode: 'no-cors' });
      const upload = await ask(`${origin}/upload/x/y`, { method: 'POST', body: 'x', mode: 'no-cors' });
      const socket = await new Promise<string>((resolve) => {
        const opened = new WebSocket(`${origin.replace('http', 'ws')}/socket`);
        opened.addEventListener('open', () => {
          resolve('open');
        });
        opened.addEventListener('error', () => {
          resolve('refused');
        });
      });
      const frame = document.createElement('iframe');
      frame.src = origin;
      document.body.append(frame);
      await new Promise((resolve) => frame.addEventListener('load', resolve));
      let framed: string;
      try {
        framed = frame.contentDocument?.body.innerText ?? 'refused';
      } catch {
        framed = 'refused';
      }
      return { read, blind, upload, socket, framed };
    }, served.origin);
    expect(got).toEqual({
      read: 'refused',
      blind: 'refused', // Cross-Origin-Resource-Policy
      upload: 'refused',
      socket: 'refused',
      framed: 'refused',
    });
    await page.close();
  });

  it('meets no bug on the way', () => {
    expect([...lab.problems, ...served.said]).toEqual([]);
  });
});
