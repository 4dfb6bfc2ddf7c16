import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerFromFolder, fileOfAddress } from '../../../src/main/hosts/electron/app-protocol.ts';

describe('the file of an address', () => {
  const folder = path.resolve('pages');

  it.each([
    ['app://lab/', 'index.html'],
    ['app://lab/index.html#/settings', 'index.html'],
    ['app://lab/assets/chart.js?v=2', 'assets/chart.js'],
    ['app://lab/a%20name.svg', 'a name.svg'],
    ['app://lab/assets/../icon.svg', 'icon.svg'],
  ])('%s is %s', (address, file) => {
    expect(fileOfAddress(folder, address)).toBe(path.join(folder, file));
  });

  it.each([
    'app://other/index.html',
    'file:///etc/passwd',
    'https://lab/index.html',
    'app://lab/..%2f..%2fetc%2fpasswd',
    'app://lab/%2e%2e%2fsecret.html',
    'app://lab/..%5csecret.html',
    'app://lab/index.html%00.png',
    'app://lab/%E0%A4%A',
    'no address',
  ])('%s is nothing of ours', (address) => {
    expect(fileOfAddress(folder, address)).toBeUndefined();
  });

  it('keeps dots in an address inside the folder', () => {
    expect(fileOfAddress(folder, 'app://lab/../../secret.html')).toBe(path.join(folder, 'secret.html'));
  });

  it('does not take a folder whose name only begins alike', () => {
    expect(fileOfAddress(folder, 'app://lab/..%2fpages-private%2fnotes.html')).toBeUndefined();
  });
});

describe('an answer', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'pretext-pages-'));
    mkdirSync(path.join(folder, 'assets.js'));
    writeFileSync(path.join(folder, 'index.html'), '<h1>Lab</h1>');
    writeFileSync(path.join(folder, 'notes.exe'), 'x');
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function get(address: string, method = 'GET'): Promise<Response> {
    return answerFromFolder(folder, { method, url: address });
  }

  it('is the file with its type and the policy', async () => {
    const answer = await get('app://lab/');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('<h1>Lab</h1>');
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  it.each([
    ['a missing file', 'app://lab/missing.html', 'GET', 404],
    ['a folder', 'app://lab/assets.js', 'GET', 404],
    ['a type that pages have no use for', 'app://lab/notes.exe', 'GET', 404],
    ['another host', 'app://elsewhere/index.html', 'GET', 404],
    ['writing', 'app://lab/index.html', 'POST', 405],
  ])('refuses %s, with the policy all the same', async (_what, address, method, status) => {
    const answer = await get(address, method);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe('');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
