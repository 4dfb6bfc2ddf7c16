// Folders that appear whole, and what is left of those that do not: every call to the file system fails in turn.
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyFiles } from '../../../src/main/files/checksums.ts';
import { replaceFile, replaceFileSync } from '../../../src/main/files/durable-file.ts';
import {
  createFolder,
  finishReplacements,
  prepareFolder,
  removeFolder,
  replaceFolder,
  writeFolder,
} from '../../../src/main/files/durable-folder.ts';
import { leftoverLock, sweep } from '../../../src/main/files/sweep.ts';
import { interceptFiles, systemError } from '../../intercepted-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const writeTwo =
  (text: string) =>
  async (temporary: string): Promise<void> => {
    await mkdir(join(temporary, 'below'));
    await writeFile(join(temporary, 'one'), text);
    await writeFile(join(temporary, 'below', 'two'), text);
  };
const shown = async (): Promise<string[]> => (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();

/** Does something again and again, each time with a later call that fails, until it succeeds. Returns how often it failed. */
async function failingInTurn(
  work: () => Promise<unknown>,
  forEver: boolean,
  after: (failed: boolean, call: string) => Promise<void>,
): Promise<number> {
  for (let failing = 0; ; failing++) {
    let calls = 0;
    let said = '';
    const restore = await interceptFiles(folder, (call) => {
      const isDue = calls === failing || (forEver && calls > failing);
      calls += 1;
      if (!isDue) return;
      said ||= `${call.name} ${call.path}`;
      throw systemError('EIO', call);
    });
    const failed = await work().then(
      () => false,
      () => true,
    );
    restore();
    await after(failed, said);
    if (said === '') return failing;
  }
}

describe('a folder that is created', () => {
  it.each([false, true])('is there whole or not at all when a call fails (for ever: %s)', async (forEver) => {
    const failures = await failingInTurn(
      () => createFolder(join(folder, 'new'), never, writeTwo('text')),
      forEver,
      async (failed) => {
        const names = await shown();
        // A failure after the rename, when names are forced to the disk, is told although the folder is there.
        if (!failed) expect(names).toEqual(['new']);
        if (names.length > 0) expect(await verifyFiles(join(folder, 'new'))).toBe('whole');
        for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
      },
    );
    expect(failures).toBeGreaterThan(10);
  });

  it('never takes the place of another one', async () => {
    await mkdir(join(folder, 'there')); // empty: a rename would replace it
    await expect(writeFolder(join(folder, 'there'), writeTwo('x'))).rejects.toMatchObject({ code: 'conflict' });
    await expect(createFolder(join(folder, 'there'), never, writeTwo('x'))).rejects.toMatchObject({ code: 'conflict' });
    expect(await readdir(folder)).toEqual(['there']);
  });
});

describe('a folder that is replaced', () => {
  it.each([false, true])('can always be found, old or new, when a call fails (for ever: %s)', async (forEver) => {
    const target = join(folder, 'step-3');
    await writeFolder(target, writeTwo('old'));
    await failingInTurn(
      async () => {
        await replaceFolder(await prepareFolder(target, writeTwo('new')), target);
      },
      forEver,
      async (failed) => {
        await finishReplacements(folder); // as the next trainer does
        expect(await shown()).toEqual(['step-3']);
        expect(await verifyFiles(target)).toBe('whole');
        const text = await readFile(join(target, 'one'), 'utf8');
        if (failed) expect(['old', 'new']).toContain(text);
        else expect(text).toBe('new');
        await removeFolder(target);
        await writeFolder(target, writeTwo('old'));
      },
    );
  });
});

describe('leftovers', () => {
  it('are swept when their owner is gone, and kept while it works', async () => {
    let go = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      go = resolve;
    });
    let inside = '';
    const working = createFolder(join(folder, 'import'), never, async (temporary) => {
      inside = temporary;
      await waiting;
    });
    await expect.poll(() => inside).not.toBe('');
    const names = ['.dead.1.partial', '.working.2.partial', '.young.3.partial', '.old.4.partial'];
    for (const name of names) await mkdir(join(folder, name));
    const lock = (name: string): string => leftoverLock(join(folder, name));
    await writeFile(
      lock('.dead.1.partial'),
      JSON.stringify({ pid: 2 ** 22 + 1, host: 'here', boot: 'b', space: 's', beats: true }),
    );
    await utimes(lock('.dead.1.partial'), new Date(0), new Date(0));
    await utimes(join(folder, '.old.4.partial'), new Date(0), new Date(0));
    await writeFile(lock('.gone.5.partial'), '{');
    await utimes(inside, new Date(0), new Date(0)); // a long import, whose folder itself does not change
    expect(await sweep(folder)).toBe(2);
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial')).sort()).toEqual(
      [inside.slice(folder.length + 1), '.working.2.partial', '.young.3.partial'].sort(),
    );
    go();
    await working;
    expect(await shown()).toEqual(['import']);
    expect((await readdir(folder)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});

describe('a file that is replaced by many at once', () => {
  it('is whole, and the last one that was asked for', async () => {
    const file = join(folder, 'notes.json');
    await Promise.all(Array.from({ length: 60 }, (_, index) => replaceFile(file, `note ${index}`)));
    expect(await readFile(file, 'utf8')).toBe('note 59');
    expect(await readdir(folder)).toEqual(['notes.json']);
  });

  it('is replaced by each of two writers that know nothing of each other, in the order of their ends', async () => {
    const file = join(folder, 'notes.json');
    let others = 0;
    const restore = await interceptFiles(folder, ({ name }) => {
      if (name !== 'rename' || others > 0) return;
      others += 1;
      replaceFileSync(file, 'the other one'); // as another process would, while this one is about to rename its own
    });
    await replaceFile(file, 'this one').finally(restore);
    expect(others).toBe(1);
    expect(await readFile(file, 'utf8')).toBe('this one');
    expect(await readdir(folder)).toEqual(['notes.json']);
  });
});
