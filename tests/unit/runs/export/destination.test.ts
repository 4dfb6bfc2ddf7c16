// Where an export cannot be written, in every format: a folder that is there, one that may not be written to, a disk that runs full.
// The reason is said, and nothing is left.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../../../src/main/runs/create-run.ts';
import { exportNetwork, registeredFormats } from '../../../../src/main/runs/export/index.ts';
import { parseExperiment } from '../../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../../src/main/runs/spec-file.ts';
import type { ExportOrigin } from '../../../../src/main/runs/export/source.ts';
import { trainRun } from '../../../../src/main/runs/train-run.ts';
import type { FileCall } from '../../../intercepted-files.ts';
import { interceptFiles, systemError } from '../../../intercepted-files.ts';
import type { TinyImageWorkspace } from '../../../tiny-images.ts';
import { createTinyImageWorkspace } from '../../../tiny-images.ts';
import { createTinyWorkspace, tinyExperiment } from '../../../tiny-workspace.ts';
import type { TinyWorkspace } from '../../../tiny-workspace.ts';

const { signal } = new AbortController();
let tiny: TinyWorkspace;
let images: TinyImageWorkspace;
let run: ExportOrigin;
let picturesRun: ExportOrigin;
let out: string;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  out = join(tiny.folder, 'out');
  await mkdir(out);
  const created = await createRun(tiny.workspace, tinyExperiment());
  await trainRun(tiny.workspace, created, { signal, prefetch: false });
  run = { kind: 'run', run: created };
  // A network of texts is none of torchvision.
  images = await createTinyImageWorkspace();
  const spec = `{name: sort, task: {type: image-classification}, data: colours, pipeline: {preset: mobilenet-v2, options: {width: 0.25}}, training: {steps: 1, batchSize: 2}}`;
  const sorting = await createRun(images.workspace, parseExperiment(parseSpecText(spec, 'sort.yaml')));
  await trainRun(images.workspace, sorting, { signal, prefetch: false });
  picturesRun = { kind: 'run', run: sorting };
});
afterAll(async () => {
  await tiny.remove();
  await images.remove();
});

const isWriting = ({ name }: FileCall): boolean => /^(?:write|writeFile|appendFile|copyFile|cp)$/u.test(name);

describe.each(registeredFormats().map(({ name }) => name))('%s', (format) => {
  const write = (folder = join(out, 'model')) =>
    format === 'torchvision'
      ? exportNetwork(images.workspace, picturesRun, { folder, format, signal })
      : exportNetwork(tiny.workspace, run, { folder, format, signal });

  /** Exports while calls on files of the destination fail; how it failed, and how many calls did. */
  async function failing(code: string, isHit: (call: FileCall) => boolean): Promise<{ error: unknown; hits: number }> {
    let hits = 0;
    const restore = await interceptFiles(out, (call) => {
      if (!isHit(call)) return;
      hits += 1;
      throw systemError(code, call);
    });
    try {
      await write();
      return { error: undefined, hits };
    } catch (error) {
      return { error, hits };
    } finally {
      restore();
    }
  }

  it('is not written into a folder that is there', async () => {
    await expect(write(out)).rejects.toMatchObject({ code: 'conflict' });
    expect(await readdir(out)).toEqual([]);
  });

  it('says that a place may not be written to', async () => {
    const { error, hits } = await failing('EACCES', ({ name, path }) => name === 'mkdir' && path !== out);
    expect(hits).toBeGreaterThan(0);
    expect(error).toMatchObject({ code: 'bad-input', message: expect.stringContaining('permission is denied') });
    expect(await readdir(out)).toEqual([]);
  });

  it('says that a disk cannot be written to, and that it is full, whichever file it is', async () => {
    const { error, hits } = await failing('EROFS', isWriting);
    expect(hits).toBeGreaterThan(0);
    expect(error).toMatchObject({ code: 'bad-input', message: expect.stringContaining('cannot be written') });
    expect(await readdir(out)).toEqual([]);
    let writes = 0;
    const restore = await interceptFiles(out, (call) => {
      writes += Number(isWriting(call));
    });
    await write(join(out, 'whole')).finally(restore);
    const names = await readdir(out);
    expect(names).toEqual(['whole']);
    // The first, one in the middle, and the last, which is that of the checksums.
    for (const full of new Set([1, Math.ceil(writes / 2), writes])) {
      let count = 0;
      const failed = await failing('ENOSPC', (call) => isWriting(call) && (count += 1) >= full);
      expect(failed.error).toMatchObject({ code: 'disk-full' });
      expect(await readdir(out)).toEqual(names);
    }
    await rm(join(out, 'whole'), { recursive: true });
  });
});
