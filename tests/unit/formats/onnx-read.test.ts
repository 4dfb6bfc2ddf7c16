import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOnnx } from '../../../src/main/formats/onnx/read.ts';
import { modelProto } from '../../../src/main/formats/onnx/schema.ts';
import { networkOfFile } from '../../../src/main/models/onnx-network/network-of-file.ts';
import { previewModel } from '../../../src/main/runs/import-model.ts';
import { isLabError } from '../../../src/shared/errors.ts';
import { damage, damaged } from '../../damaged-files.ts';
import { expectBoundedMemory, fuzzPatience, fuzzRuns } from '../../fuzzing.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-'));
  file = join(folder, 'net.onnx');
});
afterEach(() => rm(folder, { recursive: true, force: true }));
expectBoundedMemory();

type Fields = Readonly<Record<string, unknown>>;

const node = { opType: 'Conv', name: 'first', input: ['x', 'w'], output: ['y'] };
const kernel = { name: 'w', dims: [2, 3, 1, 1], dataType: 1, floatData: [1, 2, 3, 4, 5, 6] };

function encode(changes: { readonly graph?: Fields; readonly model?: Fields } = {}): Uint8Array {
  const dim = ['batch', 3, 4, 4].map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  const graph = {
    node: [node],
    initializer: [kernel],
    input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } }],
    output: [{ name: 'y' }],
    ...changes.graph,
  };
  return modelProto
    .encode({ irVersion: 8, producerName: 'by hand', opsetImport: [{ version: 13 }], graph, ...changes.model })
    .finish();
}

const withTensor = (tensor: Fields): Uint8Array => encode({ graph: { initializer: [{ ...kernel, ...tensor }] } });
const external = (entries: Readonly<Record<string, string>>): Uint8Array =>
  withTensor({
    floatData: [],
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });

async function read(bytes: Uint8Array): ReturnType<typeof readOnnx> {
  await writeFile(file, bytes);
  return readOnnx(file);
}

describe('reading', () => {
  it('gives nodes, tensors, and the inputs that are not tensors', async () => {
    const network = await read(encode());
    expect(network).toMatchObject({ opset: 13, producer: 'by hand', outputs: ['y'] });
    expect(network.inputs).toEqual([{ name: 'x', kind: 'float', shape: ['batch', 3, 4, 4] }]);
    expect(network.nodes).toMatchObject([{ op: 'Conv', name: 'first', inputs: ['x', 'w'], outputs: ['y'] }]);
    expect(network.tensors.get('w')).toEqual({
      name: 'w',
      kind: 'float',
      shape: [2, 3, 1, 1],
      data: Float32Array.of(1, 2, 3, 4, 5, 6),
    });
  });

  it.each([
    ['half precision as bits', { dataType: 10, dims: [2], floatData: [], int32Data: [0x3c00, 0xc100] }, [1, -2.5]],
    [
      'bfloat16, raw',
      { dataType: 16, dims: [2], floatData: [], rawData: Uint8Array.of(0x80, 0x3f, 0x20, 0xc0) },
      [1, -2.5],
    ],
    ['double', { dataType: 11, dims: [1], floatData: [], doubleData: [0.5] }, [0.5]],
    ['int64', { dataType: 7, dims: [2], floatData: [], int64Data: [-3, 9] }, [-3, 9]],
    ['bool', { dataType: 9, dims: [3], floatData: [], rawData: Uint8Array.of(0, 1, 7) }, [0, 1, 1]],
  ])('reads tensors of %s', async (_title, tensor, values) => {
    const network = await read(withTensor(tensor));
    expect([...network.tensors.get('w')!.data]).toEqual(values);
  });

  it('reads weights from a file beside the network', async () => {
    const content = new Uint8Array(8 + 24);
    content.set(new Uint8Array(Float32Array.of(6, 5, 4, 3, 2, 1).buffer), 8);
    await writeFile(join(folder, 'weights.bin'), content);
    const network = await read(external({ location: 'weights.bin', offset: '8', length: '24' }));
    expect([...network.tensors.get('w')!.data]).toEqual([6, 5, 4, 3, 2, 1]);
  });
});

describe('what is refused, by the name of the file', () => {
  it.each([
    ['nothing', new Uint8Array(0), /no network in it/],
    [
      'a text',
      new TextEncoder().encode('<!doctype html><html><body>404</body></html>'),
      /not a whole ONNX file|no network/,
    ],
    ['half of a file', encode().subarray(0, 60), /not a whole ONNX file/],
    [
      'a tensor with too few numbers',
      withTensor({ floatData: [1, 2] }),
      /'w' has the shape \[2, 3, 1, 1\] and 2 elements/,
    ],
    ['a tensor of impossible size', withTensor({ dims: [2 ** 40, 2 ** 40] }), /'w' has the impossible shape/],
    ['a tensor of texts', withTensor({ dataType: 8 }), /'w' holds texts/],
    ['two tensors of one name', encode({ graph: { initializer: [kernel, kernel] } }), /two tensors are called 'w'/],
    ['no opset', encode({ model: { opsetImport: [] } }), /which version of the ONNX ops/],
    ['a file elsewhere', external({ location: '../secret' }), /'\.\.\/secret', which is outside/],
    ['a file by its full path', external({ location: '/etc/passwd' }), /outside of the network's folder/],
    ['a file that is missing', external({ location: 'weights.bin' }), /no file 'weights\.bin' beside it/],
  ])('%s', async (_title, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toThrow(file);
  });

  it('a link that leads out of the folder', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await writeFile(join(folder, 'secret'), new Uint8Array(24));
    await symlink(join(folder, 'secret'), join(inner, 'weights.bin'));
    await writeFile(join(inner, 'net.onnx'), external({ location: 'weights.bin' }));
    await expect(readOnnx(join(inner, 'net.onnx'))).rejects.toThrow(/outside of the network's folder/);
  });

  it('weights that end before the tensor does', async () => {
    await writeFile(join(folder, 'weights.bin'), new Uint8Array(20));
    await expect(read(external({ location: 'weights.bin' }))).rejects.toThrow(/weights\.bin ends at 20 bytes/);
  });

  it('more parts than a network has', async () => {
    const many = new Uint8Array(2 * 200_001).map((_, index) => (index % 2 === 0 ? 0x0a : 0)); // empty nodes
    const header = [0x3a]; // the graph, whose length follows
    for (let rest = many.length; rest > 0; rest >>>= 7) header.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    await expect(read(Buffer.concat([Uint8Array.from(header), many]))).rejects.toThrow(
      /more than 200000 nodes and tensors/,
    );
  });
});

describe('damaged files', () => {
  it('are read or refused, and never anything else', { timeout: fuzzPatience }, async () => {
    const whole = encode();
    const change = fc.record({
      cut: fc.nat(whole.length),
      flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }),
      inserted: fc.tuple(fc.nat(whole.length), fc.uint8Array({ maxLength: 8 })),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ cut, flips, inserted: [place, more] }) => {
        const bytes = Uint8Array.of(...whole.subarray(0, place), ...more, ...whole.subarray(place));
        for (const [at, value] of flips) bytes[at] = value;
        try {
          networkOfFile(await read(cut % 3 === 0 ? bytes.subarray(0, cut) : bytes));
        } catch (error) {
          expect(isLabError(error), String(error)).toBe(true);
        }
      }),
      fuzzRuns(300),
    );
  });
});

/** Networks that other programs wrote, with every op that their exporters use; each is read up to its pipeline. */
describe.each(['convolutional-17', 'attention-18-dynamo', 'recurrent-14'])('%s, damaged in any way', (name) => {
  it('is read or refused with its name', { timeout: fuzzPatience }, async () => {
    const whole = await readFile(resolve(import.meta.dirname, '../../fixtures/onnx', `${name}.onnx`));
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        await writeFile(file, damaged(whole, changes));
        try {
          await previewModel(file);
        } catch (error) {
          if (!isLabError(error) || error.code === 'internal' || !error.message.includes(file)) throw error;
        }
      }),
      fuzzRuns(25),
    );
  });
});
