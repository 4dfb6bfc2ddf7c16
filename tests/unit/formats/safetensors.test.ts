import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../../src/main/formats/safetensors.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
  file = join(folder, 'x.safetensors');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A file put together by hand, as the format's description says. */
function assemble(header: unknown, data: Uint8Array, claimedLength?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimedLength ?? json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

describe('writing', () => {
  it('gives back what was written', async () => {
    const tensors = new Map([
      ['head/bias', { shape: [2], data: Uint8Array.of(7, 255) }],
      ['backbone/weight', { shape: [2, 3], data: Float32Array.of(1, -0, NaN, Infinity, 1e-45, 3.5) }],
      ['ids', { shape: [2], data: Int32Array.of(-5, 2 ** 31 - 1) }],
      ['scalar', { shape: [], data: Float32Array.of(42) }],
      ['nothing', { shape: [0, 4], data: new Float32Array(0) }],
    ]);
    await writeSafetensors(file, tensors, { step: '12', note: 'ä "quoted"' });
    const read = await readSafetensors(file);
    expect(read.metadata).toEqual({ step: '12', note: 'ä "quoted"' });
    expect(new Map([...read.tensors].sort())).toEqual(new Map([...tensors].sort()));
  });

  it('writes the published layout: length, JSON header, aligned data without gaps', async () => {
    await writeSafetensors(
      file,
      new Map<string, { shape: number[]; data: Float32Array | Uint8Array }>([
        ['b', { shape: [3], data: Uint8Array.of(1, 2, 3) }],
        ['a', { shape: [1], data: Float32Array.of(1) }],
      ]),
    );
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE(0));
    expect((8 + length) % 8).toBe(0);
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({
      a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
      b: { dtype: 'U8', shape: [3], data_offsets: [4, 7] },
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 1, 2, 3]);
  });

  it('writes the same bytes whatever the order of the tensors', async () => {
    const entries = ['z', 'a', 'm'].map(
      (name) => [name, { shape: [1], data: Float32Array.of(name.charCodeAt(0)) }] as const,
    );
    await writeSafetensors(file, new Map(entries));
    const other = join(folder, 'y.safetensors');
    await writeSafetensors(other, new Map(entries.toReversed()));
    expect(await readFile(file)).toEqual(await readFile(other));
  });
});

describe('reading', () => {
  it.each([
    // IEEE 754: half precision 1.5, −2, the smallest subnormal 2^−24, infinity.
    ['F16', [0x00, 0x3e, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c], Float32Array.of(1.5, -2, 2 ** -24, Infinity)],
    // bfloat16 is the upper half of a float32: 1, −3.140625.
    ['BF16', [0x80, 0x3f, 0x49, 0xc0], Float32Array.of(1, -3.140625)],
    ['F64', [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], Float32Array.of(1.5)],
    ['I64', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Int32Array.of(-2)],
    ['I8', [0x80, 0x7f], Int32Array.of(-128, 127)],
    ['U16', [0xff, 0xff], Int32Array.of(65535)],
    ['BOOL', [1, 0, 1], Uint8Array.of(1, 0, 1)],
  ] as const)('reads %s', async (dtype, bytes, expected) => {
    const header = { t: { dtype, shape: [expected.length], data_offsets: [0, bytes.length] } };
    await writeFile(file, assemble(header, Uint8Array.from(bytes)));
    expect((await readSafetensors(file)).tensors.get('t')?.data).toEqual(expected);
  });

  const good = { t: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } };
  it.each([
    ['a file of 3 bytes', Uint8Array.of(1, 2, 3)],
    ['data that was cut off', assemble(good, new Uint8Array(7))],
    ['bytes after the data', assemble(good, new Uint8Array(9))],
    ['a header longer than the file', assemble(good, new Uint8Array(8), 5000)],
    ['a header that is not JSON', assemble('{"t": ', new Uint8Array(8))],
    ['a header that is not an object', assemble([1], new Uint8Array(0))],
    ['a shape that does not fit its place', assemble({ t: { ...good.t, shape: [3] } }, new Uint8Array(8))],
    ['a negative size', assemble({ t: { ...good.t, shape: [-2] } }, new Uint8Array(8))],
    ['a gap', assemble({ t: { ...good.t, data_offsets: [4, 12] } }, new Uint8Array(12))],
    ['an overlap', assemble({ ...good, u: { dtype: 'F32', shape: [2], data_offsets: [4, 12] } }, new Uint8Array(12))],
    ['metadata that is not text', assemble({ ...good, __metadata__: { step: 3 } }, new Uint8Array(8))],
  ])('refuses %s', async (_what, bytes) => {
    await writeFile(file, bytes);
    await expect(readSafetensors(file)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(file),
    });
  });

  it('refuses types it does not know, integers beyond 32 bits and missing files', async () => {
    await writeFile(file, assemble({ t: { dtype: 'F4', shape: [2], data_offsets: [0, 1] } }, new Uint8Array(1)));
    await expect(readSafetensors(file)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('F4'),
    });
    await writeFile(
      file,
      assemble({ t: { dtype: 'U32', shape: [1], data_offsets: [0, 4] } }, new Uint8Array(4).fill(255)),
    );
    await expect(readSafetensors(file)).rejects.toMatchObject({ code: 'bad-input' });
    await expect(readSafetensors(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
