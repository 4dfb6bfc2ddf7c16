// A disk that is really full, and not only says so: a small one in memory, which root may mount on Linux.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { errorCode } from '../../../src/shared/errors.ts';
import { replaceFile } from '../../../src/main/files/durable-file.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { exportRun } from '../../../src/main/runs/export/index.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { importCorpus } from '../../../src/main/work/import-material.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import { wrongWith } from '../../crash/wrong-with.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const never = new AbortController().signal;
const megabytes = 4;

let disk: string;
let isMounted = false;
let tiny: TinyWorkspace;
let weights: Buffer;

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk], { stdio: 'ignore' });
    isMounted = true;
  } catch {
    return; // said where it is needed
  }
  tiny = await createTinyWorkspace();
  for (const id of ['finished-1', 'waiting-1']) await createRun(tiny.workspace, tinyExperiment(), id);
  const finished = runFolder(join(tiny.workspace.runs, 'finished-1'));
  await trainRun(tiny.workspace, finished, { signal: never, prefetch: false });
  weights = await weightsOf(tiny.workspace, 'finished-1');
}, 60_000);
afterAll(async () => {
  if (isMounted) {
    execFileSync('umount', [disk]);
    await tiny.remove();
  }
  await rm(disk, { recursive: true, force: true });
});

function weightsOf(workspace: Workspace, id: string): Promise<Buffer> {
  return readFile(join(workspace.runs, id, 'checkpoints', 'step-12', 'model.safetensors'));
}

/** Writes until there is no room for another byte. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for (let bytes = 1 << 16; bytes > 0;) {
      const written = await handle.write(Buffer.alloc(bytes)).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOSPC') throw error;
        return { bytesWritten: 0 };
      });
      if (written.bytesWritten === 0) bytes >>= 1;
    }
  } finally {
    await handle.close();
  }
}

it('a full disk refuses what needs room by that name, and loses nothing', { timeout: 60_000 }, async (context) => {
  context.skip(!isMounted, 'a small disk can be mounted by root on Linux only');
  const folder = join(disk, 'workspace');
  await mkdir(folder);
  await cp(tiny.workspace.folder, folder, { recursive: true });
  const workspace = await openWorkspace(folder);
  const waiting = runFolder(join(workspace.runs, 'waiting-1'));
  const sources = [join(tiny.folder, 'text')];
  const notes = join(folder, 'notes.json');
  const attempts = {
    note: () => replaceFile(notes, 'x'.repeat(10_000)),
    create: () => createRun(workspace, tinyExperiment(), 'new-1'),
    import: () => importCorpus(workspace, 'imported', { sources, tokenizer: { vocabularySize: 60 } }),
    train: () => trainRun(workspace, waiting, { signal: never, prefetch: false }),
    export: () =>
      exportRun(workspace, runFolder(join(workspace.runs, 'finished-1')), {
        folder: join(disk, 'exported'),
        format: 'safetensors',
      }),
  };
  const ballast = join(disk, 'ballast');
  await fill(ballast);
  for (const [name, attempt] of Object.entries(attempts)) {
    await expect(attempt(), name).rejects.toMatchObject({ code: 'disk-full' });
  }
  for await (const wrong of wrongWith(workspace)) expect.unreachable(wrong);
  await rm(ballast);
  for (const attempt of Object.values(attempts)) await attempt();
  for await (const wrong of wrongWith(workspace)) expect.unreachable(wrong);
  expect((await weightsOf(workspace, 'waiting-1')).equals(weights)).toBe(true);
});
