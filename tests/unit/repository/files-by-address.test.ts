import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesByAddress } from '../../../scripts/files-by-address.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pretext-address-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Builds index.ts of the folder for Node and returns what its build exports. */
async function buildIndex(sources: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  for (const [name, text] of Object.entries(sources)) writeFileSync(path.join(folder, name), text);
  await build({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    plugins: [filesByAddress()],
    build: { ssr: 'index.ts', outDir: 'built', rolldownOptions: { output: { format: 'es' } } },
  });
  const entry = readdirSync(path.join(folder, 'built')).find((name) => /^index\.m?js$/.test(name)) ?? '';
  return (await import(pathToFileURL(path.join(folder, 'built', entry)).href)) as Record<string, unknown>;
}

describe('files that are named by address', () => {
  it('makes a TypeScript file a module of its own, at the address that the code gets', async () => {
    const built = await buildIndex({
      'index.ts': `export const address: URL = new URL('./counter-worker.ts', import.meta.url);`,
      'counter-worker.ts': `export const answer: number = 6 * 7;`,
    });
    expect(built.address).toBeInstanceOf(URL);
    const address = String(built.address);
    expect(address).toMatch(/built\/.*counter-worker.*\.m?js$/);
    expect(await import(address)).toMatchObject({ answer: 42 });
  });

  it('copies any other file unchanged', async () => {
    const built = await buildIndex({
      'index.ts': `export const address = new URL("./words.txt", import.meta.url).href;`,
      'words.txt': 'one\ntwo\n',
    });
    expect(readFileSync(new URL(String(built.address)), 'utf8')).toBe('one\ntwo\n');
  });

  it('stops the build when the file is not there', async () => {
    await expect(
      buildIndex({ 'index.ts': `export const address = new URL('./missing.ts', import.meta.url);` }),
    ).rejects.toThrow(/missing\.ts.*there is no such file/);
  });
});
