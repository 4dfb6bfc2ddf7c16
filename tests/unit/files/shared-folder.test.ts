// What shared file systems do wrong, each caught and named. The real file system here does it right.
import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SharedFiles } from '../../../src/main/files/shared-folder.ts';
import { checkSharedFolder } from '../../../src/main/files/shared-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretext-shared-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const real: SharedFiles = {
  link,
  mkdir: (path) => mkdir(path),
  open,
  readFile: (path) => readFile(path, 'utf8'),
  readdir: (path) => readdir(path),
  rename,
  stat,
  writeFile,
  createFile: (path, text) => writeFile(path, text, { flag: 'wx' }),
};
const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** Of each kind, how it is broken and what is said of it. */
const broken: readonly (readonly [string, Partial<SharedFiles>, RegExp])[] = [
  [
    'renames that do not replace',
    { rename: () => Promise.reject(failure('EEXIST')) },
    /cannot be renamed onto another one/,
  ],
  [
    'content from a cache',
    (() => {
      const first = new Map<string, string>();
      const cached = async (path: string): Promise<string> => {
        const text = first.get(path) ?? (await real.readFile(path));
        first.set(path, text);
        return text;
      };
      return { readFile: cached };
    })(),
    /still shows the old content: writing and renaming are reordered/,
  ],
  [
    'names from a cache',
    { readdir: async (path) => [...(await real.readdir(path)), 'file.next'] },
    /lists the old name/,
  ],
  ['O_EXCL that is not heeded', { createFile: (path, text) => writeFile(path, text) }, /O_EXCL is not heeded/],
  ['links that replace', { link: (from, to) => copyFile(from, to) }, /a link replaces a file that is there/],
  [
    'folders that replace others',
    {
      rename: async (from, to) => {
        if (basename(String(to)) === 'two') await rm(to, { recursive: true });
        await rename(from, to);
      },
    },
    /one run would overwrite another/,
  ],
  ['times that stand still', { stat: () => Promise.resolve({ mtimeMs: 1 }) }, /nodes at work would be taken for dead/],
  ['folders that cannot be written', { mkdir: () => Promise.reject(failure('EROFS')) }, /nothing can be written there/],
];

describe('a shared folder', () => {
  it('is used where it keeps its promises, and nothing is left in it', async () => {
    expect(await checkSharedFolder(folder)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each(broken)('with %s is refused', async (_name, files, message) => {
    await expect(checkSharedFolder(folder, { ...real, ...files })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(message),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('without links is used: files are created exclusively there', async () => {
    expect(await checkSharedFolder(folder, { ...real, link: () => Promise.reject(failure('EPERM')) })).toEqual([]);
  });

  it('with another clock is used, with a warning', async () => {
    const behind: SharedFiles['writeFile'] = async (path, text) => {
      await writeFile(path, text);
      if (basename(path) === 'clock') await utimes(path, new Date(0), new Date(0));
    };
    expect(await checkSharedFolder(folder, { ...real, writeFile: behind })).toEqual([
      expect.stringMatching(/s ahead of that of the shared folder/),
    ]);
  });
});
