/** Files that PyTorch has written, against their own numbers, and files that it would never write. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { openWeights } from '../../../src/main/formats/weights/open-weights.ts';
import { legacyFile, pickle, pickledTensor, readRecorded, recordedFile } from './weight-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pytorch-'));
  return () => rm(folder, { recursive: true, force: true });
});

let files = 0;
async function written(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${String(files++)}.pth`);
  await writeFile(path, bytes);
  return path;
}

describe.each(['zip.pth', 'legacy.pth', 'protocol-4.pth', 'checkpoint.pth'])('%s', (name) => {
  it('has the tensors that PyTorch has saved', async () => {
    const { tensors: expected } = await readSafetensors(recordedFile('expected.safetensors'));
    await using source = await openWeights(recordedFile(name));
    expect([...source.entries.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [tensor, { shape, data }] of expected) {
      expect(source.entries.get(tensor)!.shape).toEqual(shape);
      expect(await source.read(tensor)).toEqual(data);
    }
  });

  it('is refused wherever it is cut off', async () => {
    const bytes = await readRecorded(name);
    // Not the padding at the end of an archive: whatever is missing there is no part of it.
    for (const share of [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98]) {
      const path = await written(bytes.subarray(0, Math.floor(share * bytes.length)));
      await expect(openWeights(path)).rejects.toMatchObject({
        code: expect.stringMatching(/corrupt|bad-input/),
        message: expect.stringContaining(path),
      });
    }
  });
});

describe('a file of the older format', () => {
  it('is read with the parts that it is made of by hand', async () => {
    await using source = await openWeights(await written(legacyFile(pickle.dictionary(['a.b', pickledTensor()]))));
    expect(await source.read('a.b')).toEqual(Float32Array.of(1, 2));
    await expect(source.read('c')).rejects.toMatchObject({ code: 'not-found' });
  });

  const harmful: readonly (readonly [string, number[], string])[] = [
    ['a call', pickle.call(pickle.global('os', 'system'), pickle.text('echo')), 'os.system'],
    ['a name that is never called', pickle.dictionary(['a', pickle.global('builtins', 'eval')]), 'builtins.eval'],
    ['a name that comes from the stack', [...pickle.text('posix'), ...pickle.text('system'), 0x93], 'posix.system'],
    ['a class of its own', pickle.call(pickle.global('__main__', 'Model')), '__main__.Model'],
    ['arrays of NumPy', pickle.call(pickle.global('numpy.core.multiarray', '_reconstruct')), '_reconstruct'],
    ['a name that is part of the prototype', pickle.global('torch', '__proto__'), '__proto__'],
    [
      'numbers with an imaginary part',
      pickle.dictionary(['a', pickledTensor({ type: 'ComplexFloatStorage' })]),
      'Complex',
    ],
    ['the opcode INST', [0x28, ...Buffer.from('ios\nsystem\n')], 'INST'],
    ['an extension', [0x82, 1], 'EXT1'],
    ['a call of what is no function', pickle.call(pickle.text('os.system')), 'no function'],
    ['a call of a type of elements', pickle.call(pickle.global('torch', 'float32')), 'torch.float32'],
  ];
  it.each(harmful)('with %s is refused by name', async (_what, value, name) => {
    const path = await written(legacyFile(value));
    await expect(openWeights(path)).rejects.toMatchObject({
      code: expect.stringMatching(/corrupt|bad-input/),
      message: expect.stringMatching(new RegExp(`${path}.*${name}`)),
    });
  });

  const impossible: readonly (readonly [string, Parameters<typeof pickledTensor>[0]])[] = [
    ['more elements than its storage', { shape: [3] }],
    ['an offset beyond its storage', { offset: 1 }],
    ['strides that leave its storage', { strides: [5] }],
    ['a storage that is longer than in the file', { length: 2_000_000 }],
    ['a storage that is not there', { key: '1' }],
    ['one number repeated a million times', { shape: [1_000_000], strides: [0] }],
    [
      'more elements than a number can count',
      { shape: Array<number>(20).fill(2 ** 30), strides: Array<number>(20).fill(0) },
    ],
    ['negative sizes', { shape: [-1] }],
    ['sizes without strides', { strides: [] }],
    ['more axes than any tensor', { shape: Array<number>(65).fill(1), strides: Array<number>(65).fill(1) }],
  ];
  it.each(impossible)('with a tensor of %s is refused', async (_what, options) => {
    const path = await written(legacyFile(pickle.dictionary(['a', pickledTensor(options)])));
    await expect(openWeights(path)).rejects.toMatchObject({
      code: expect.stringMatching(/corrupt|bad-input/),
      message: expect.stringContaining(path),
    });
  });

  it('without any tensor says what it has', async () => {
    const path = await written(legacyFile(pickle.dictionary(['epoch', pickle.int(3)]), []));
    await expect(openWeights(path)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining("it holds 'epoch'"),
    });
  });

  it('may hold itself, which is not followed', async () => {
    const itself = [
      0x7d,
      0x71,
      0,
      0x28,
      ...pickle.text('self'),
      0x68,
      0,
      ...pickle.text('a'),
      ...pickledTensor(),
      0x75,
    ];
    await using source = await openWeights(await written(legacyFile(itself)));
    expect([...source.entries.keys()]).toEqual(['a']);
  });
});

it('a pickle of something else is told from one of PyTorch', async () => {
  const path = await written(Uint8Array.from(pickle.file(pickle.dictionary())));
  await expect(openWeights(path)).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining('pickle'),
  });
});
