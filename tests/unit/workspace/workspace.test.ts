// The folder of a workspace: made with all that is above it, or refused with words that help. It is never waited for.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pretext-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

it('makes the folder with all that is above it, and opens it again', async () => {
  const folder = join(await temporaryFolder(), 'a', 'b', 'c');
  const { runs } = await openWorkspace(folder);
  expect((await stat(runs)).isDirectory()).toBe(true);
  expect((await openWorkspace(folder)).runs).toBe(runs);
});

it('refuses what cannot be a folder', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  for (const folder of [file, join(file, 'below')]) {
    await expect(openWorkspace(folder)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('--workspace'),
    });
  }
});

it.runIf(process.platform === 'linux')('refuses a place where no folder can be made', async () => {
  await expect(openWorkspace('/proc/nope/deeper')).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining('/proc/nope'),
  });
});

it('creates nothing where somebody only looks: a path that is not there was mistyped', async () => {
  const folder = join(await temporaryFolder(), 'mistyped');
  await expect(openWorkspace(folder, { mustExist: true })).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining(folder),
  });
  await expect(stat(folder)).rejects.toThrow();
});
