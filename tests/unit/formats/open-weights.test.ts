/** Which file is what, weights in several files, and ten kinds of damage. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../../src/main/formats/safetensors.ts';
import { openWeights } from '../../../src/main/formats/weights/open-weights.ts';
import { isLabError } from '../../../src/shared/errors.ts';
import { damage, damaged } from '../../damaged-files.ts';
import { expectBoundedMemory, fuzzPatience, fuzzRuns } from '../../fuzzing.ts';
import { readRecorded } from './weight-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-'));
  await mkdir(join(folder, 'model'));
  const tensor = (value: number) => ({ shape: [1], data: Float32Array.of(value) });
  await writeSafetensors(join(folder, 'model', 'part-1.safetensors'), new Map([['a', tensor(1)]]));
  await writeSafetensors(join(folder, 'model', 'part-2.safetensors'), new Map([['b', tensor(2)]]));
  await writeSafetensors(join(folder, 'outside.safetensors'), new Map([['c', tensor(3)]]));
  return () => rm(folder, { recursive: true, force: true });
});

describe('weights in several files', () => {
  async function index(content: unknown): Promise<string> {
    const path = join(folder, 'model', 'model.safetensors.index.json');
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  it('are read as one', async () => {
    const map = { a: 'part-1.safetensors', b: 'part-2.safetensors' };
    await using source = await openWeights(await index({ metadata: { total_size: 8 }, weight_map: map }));
    expect([...source.entries.keys()]).toEqual(['a', 'b']);
    expect(await source.read('b')).toEqual(Float32Array.of(2));
  });

  it.each([
    ['a file outside of the folder', { weight_map: { c: '../outside.safetensors' } }, 'outside.safetensors'],
    ['an absolute path', { weight_map: { c: '/etc/passwd' } }, '/etc/passwd'],
    ['a path of Windows', { weight_map: { c: '..\\outside.safetensors' } }, 'outside'],
    ['a file that is not there', { weight_map: { a: 'part-3.safetensors' } }, 'part-3.safetensors'],
    ['a tensor that its file does not have', { weight_map: { c: 'part-1.safetensors' } }, 'c is in part-1'],
    ['no map', { metadata: {} }, 'weight_map'],
    ['no tensors', { weight_map: {} }, 'no tensors'],
    ['what is not JSON', '{"weight_map": ', 'not JSON'],
  ])('are refused with %s', async (_what, content, reason) => {
    const path = await index(content);
    await expect(openWeights(path)).rejects.toMatchObject({
      code: expect.stringMatching(/corrupt|not-found/),
      message: expect.stringMatching(new RegExp(`${path}.*${reason}`)),
    });
  });
});

describe('a file that is no weights', () => {
  it.each([
    ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n', 'git lfs pull'],
    ['a web page', '<!DOCTYPE html><html><body>not found</body></html>', 'web page'],
    ['a text', 'these are no weights at all', 'neither'],
    ['nothing', '', 'neither'],
  ])('is said to be %s', async (_what, content, reason) => {
    const path = join(folder, 'something.bin');
    await writeFile(path, content);
    await expect(openWeights(path)).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`${path}.*${reason}`)),
    });
  });

  it('is missed, or is a folder', async () => {
    await expect(openWeights(join(folder, 'none.pth'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(openWeights(folder)).rejects.toMatchObject({ code: 'bad-input' });
  });
});

expectBoundedMemory();

describe.each(['zip.pth', 'legacy.pth', 'protocol-4.pth', 'expected.safetensors'])('%s, damaged in any way', (name) => {
  it('is read or refused with its name, and never claims more than it holds', { timeout: fuzzPatience }, async () => {
    const whole = await readRecorded(name);
    const path = join(folder, name);
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = damaged(whole, changes);
        await writeFile(path, bytes);
        let read = 0;
        try {
          await using source = await openWeights(path);
          for (const tensor of source.entries.keys()) read += (await source.read(tensor)).byteLength;
        } catch (error) {
          if (!isLabError(error) || !error.message.includes(path)) throw error;
        }
        // Tensors may share their numbers eight times over, and half precision becomes twice as long.
        expect(read).toBeLessThanOrEqual(16 * 2 * bytes.length);
      }),
      fuzzRuns(150),
    );
  });
});

it(
  'an index of several files, damaged in any way, is read or refused with its name',
  { timeout: fuzzPatience },
  async () => {
    const path = join(folder, 'model', 'fuzzed.index.json');
    const whole = Buffer.from(JSON.stringify({ weight_map: { a: 'part-1.safetensors', b: 'part-2.safetensors' } }));
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        await writeFile(path, damaged(whole, changes));
        try {
          await using source = await openWeights(path);
          expect(source.entries.size).toBeGreaterThan(0);
        } catch (error) {
          if (!isLabError(error) || !error.message.includes(path)) throw error;
        }
      }),
      fuzzRuns(150),
    );
  },
);
