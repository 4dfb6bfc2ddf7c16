import type * as FilePromises from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrainingProgress } from '../../../src/main/training/checkpoints.ts';
import { checkpointFolder, listCheckpoints } from '../../../src/main/workspace/checkpoint-folders.ts';
import {
  initialProgress,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from '../../../src/main/training/checkpoints.ts';

/** Files whose names end so cannot be written: the disk is full. */
const full = vi.hoisted(() => ({ suffix: undefined as string | undefined }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FilePromises>();
  const openOrFail: typeof FilePromises.open = async (path, ...rest) => {
    const handle: FilePromises.FileHandle = await real.open(path, ...rest);
    if (full.suffix === undefined || !String(path).endsWith(full.suffix)) return handle;
    handle.write = () =>
      Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
    return handle;
  };
  return { ...real, open: openOrFail };
});

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoints-'));
});
afterEach(async () => {
  full.suffix = undefined;
  await rm(folder, { recursive: true, force: true });
});

function checkpointAt(step: number, value = step) {
  const progress: TrainingProgress = {
    ...initialProgress,
    step,
    updates: step,
    selection: { best: 0.5, bestStep: 2, evaluationsSinceBest: 1 },
    trainingSeconds: 1.5,
  };
  const tensor = { shape: [2], data: Float32Array.of(value, -value) };
  const state = {
    parameters: new Map([['w', tensor]]),
    optimizer: new Map([['w/first-moment', tensor]]),
    updates: step,
  };
  return { state, progress };
}

describe('a checkpoint', () => {
  it('comes back as it was written', async () => {
    const path = await writeCheckpoint(folder, checkpointAt(7));
    expect(path).toBe(join(folder, 'step-7'));
    expect(await readCheckpoint(path)).toEqual(checkpointAt(7));
    expect(await readdir(folder)).toEqual(['step-7']);
  });

  it('takes the place of an older one of the same step', async () => {
    await writeCheckpoint(folder, checkpointAt(7, 1));
    await writeCheckpoint(folder, checkpointAt(7, 2));
    expect(await readCheckpoint(checkpointFolder(folder, 7))).toEqual(checkpointAt(7, 2));
  });

  it.each(['model.safetensors', 'optimizer.safetensors'])(
    'on a disk that is full at %s leaves the older ones',
    async (file) => {
      await writeCheckpoint(folder, checkpointAt(5));
      full.suffix = file;
      await expect(writeCheckpoint(folder, checkpointAt(6))).rejects.toMatchObject({
        code: 'disk-full',
        message: expect.stringContaining('step-6'),
      });
      expect(await readdir(folder)).toEqual(['step-5']);
      expect(await readCheckpoint(checkpointFolder(folder, 5))).toEqual(checkpointAt(5));
    },
  );

  it('is not written when a weight is not finite: the one before stays the last', async () => {
    await writeCheckpoint(folder, checkpointAt(3));
    await expect(writeCheckpoint(folder, checkpointAt(6, Infinity))).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/Step 6 .*'[^']+' at Infinity.*step 3/),
    });
    expect(await listCheckpoints(folder)).toEqual([3]);
  });

  it('that is damaged is refused, naming the file', async () => {
    const path = await writeCheckpoint(folder, checkpointAt(3));
    await truncate(join(path, 'model.safetensors'), 20);
    await expect(readCheckpoint(path)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('model.safetensors'),
    });
    await writeFile(join(path, 'state.json'), '{"formatVersion": 1');
    await expect(readCheckpoint(path)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('state.json'),
    });
    await writeFile(join(path, 'state.json'), '{"formatVersion": 3}');
    await expect(readCheckpoint(path)).rejects.toMatchObject({ code: 'format-version' });
    await expect(readCheckpoint(join(folder, 'step-9'))).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('pruning', () => {
  it('keeps the last, the best and as many others as asked for, and clears up after killed processes', async () => {
    for (const step of [2, 4, 6, 8, 10]) await writeCheckpoint(folder, checkpointAt(step));
    await mkdir(join(folder, 'step-12.partial'));
    await pruneCheckpoints(folder, 2, 1);
    expect(await listCheckpoints(folder)).toEqual([2, 8, 10]);
    expect(await readdir(folder)).not.toContain('step-12.partial');
    await pruneCheckpoints(folder, null, 0);
    expect(await listCheckpoints(folder)).toEqual([10]);
  });
});
