/** Writes small ONNX files of any opset by hand, runs them in ONNX Runtime itself, and reads them into our ops. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import type { ConstantData } from '../../../src/main/graph/index.ts';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { readOnnx } from '../../../src/main/formats/onnx/read.ts';
import { modelProto } from '../../../src/main/formats/onnx/schema.ts';
import { createProgram, input, output } from '../../../src/main/graph/index.ts';
import { networkOfFile } from '../../../src/main/models/onnx-network/network-of-file.ts';
import { buildNetwork } from '../../../src/main/nn/onnx-network/build.ts';
import { packNetwork, unpackNetwork } from '../../../src/main/nn/onnx-network/network.ts';
import { isHost } from '../../../src/main/nn/onnx-network/operand.ts';
import { randomStream } from '../../../src/shared/random.ts';
import { expectClose } from '../harness.ts';

type Attribute = number | string | { readonly float: number } | readonly (number | string)[];

/** [op, inputs, outputs, attributes] */
export type NodeText = readonly [string, readonly string[], readonly string[], Readonly<Record<string, Attribute>>?];

export interface Graph {
  readonly opset: number;
  /** Of the input 'x'; numbers are drawn. */
  readonly x: readonly number[];
  readonly nodes: readonly NodeText[];
  /** Tensors by name: a shape is drawn (float32), a list of whole numbers is given (int64). */
  readonly drawn?: Readonly<Record<string, readonly number[]>>;
  readonly whole?: Readonly<Record<string, readonly number[]>>;
  readonly floats?: Readonly<Record<string, readonly number[]>>;
  /** 'y' unless given. */
  readonly outputs?: readonly string[];
  /** Instead of normal numbers. */
  readonly positive?: boolean;
}

function drawn(shape: readonly number[], seed: number, positive = false): Float32Array {
  const stream = randomStream(seed, 3);
  const count = shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: count }, () => (positive ? 0.2 + stream.uniform() : stream.normal()));
}

const bytesOf = (data: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function attributeOf([name, value]: readonly [string, Attribute]): Record<string, unknown> {
  const text = new TextEncoder();
  if (typeof value === 'number') return { name, i: value, type: 2 };
  if (typeof value === 'string') return { name, s: text.encode(value), type: 3 };
  if ('float' in value) return { name, f: value.float, type: 1 };
  if (value.every((item) => typeof item === 'string')) {
    return { name, strings: value.map((item) => text.encode(item)), type: 8 };
  }
  return value.every(Number.isInteger) ? { name, ints: value, type: 7 } : { name, floats: value, type: 6 };
}

export function encodeGraph({
  opset,
  x,
  nodes,
  drawn: shapes = {},
  whole = {},
  floats = {},
  outputs = ['y'],
  positive,
}: Graph): Uint8Array {
  const float = (name: string, dims: readonly number[], data: Float32Array): Record<string, unknown> => ({
    name,
    dims,
    dataType: 1,
    rawData: bytesOf(data),
  });
  const info = (name: string, shape?: readonly number[]): Record<string, unknown> => ({
    name,
    type: { tensorType: { elemType: 1, ...(shape && { shape: { dim: shape.map((size) => ({ dimValue: size })) } }) } },
  });
  return modelProto
    .encode({
      irVersion: 8,
      opsetImport: [{ domain: '', version: opset }],
      graph: {
        name: 'graph',
        node: nodes.map(([opType, inputs, results, attributes = {}], index) => ({
          opType,
          name: `node-${index}`,
          input: inputs,
          output: results,
          attribute: Object.entries(attributes).map(attributeOf),
        })),
        initializer: [
          ...Object.entries(shapes).map(([name, shape], index) =>
            float(name, shape, drawn(shape, 50 + index, positive)),
          ),
          ...Object.entries(floats).map(([name, list]) =>
            float(name, list.length === 1 ? [] : [list.length], Float32Array.from(list)),
          ),
          ...Object.entries(whole).map(([name, list]) => ({
            name,
            dims: [list.length],
            dataType: 7,
            rawData: bytesOf(BigInt64Array.from(list.map(BigInt))),
          })),
        ],
        input: [info('x', x)],
        output: outputs.map((name) => info(name)),
      },
    })
    .finish();
}

/** Compares every output of the network with ONNX Runtime's. */
export async function expectAsOnnxRuntime(graph: Graph, relative = 1e-4): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'foreign-'));
  try {
    const bytes = encodeGraph(graph);
    const file = path.join(folder, 'network.onnx');
    await writeFile(file, bytes);
    const { x, outputs = ['y'], positive } = graph;
    const data = drawn(x, 7, positive);
    const session = await ort.InferenceSession.create(bytes, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 3,
    });
    const expected = await session.run({ x: new ort.Tensor('float32', data, x) });
    await session.release();

    const { network, weights } = networkOfFile(await readOnnx(file));
    const program = createProgram('foreign');
    const [batchSize = 1] = x;
    const kind = { kind: 'frames' as const, length: 1, features: 1 };
    const context = { program, mode: 'evaluation' as const, batchSize, input: kind };
    const ports = { [network.feeds[0]!.port]: input(program, 'x', 'float32', x) };
    const { values } = buildNetwork(context, unpackNetwork(packNetwork(network)), ports, outputs);
    for (const name of outputs) {
      const value = values.get(name)!;
      if (isHost(value)) throw new Error(`${name} does not depend on the input`);
      output(program, name, value);
    }
    await using executable = await createOnnxRuntimeEngine().compile(program, { threads: 1 });
    await executable.importState({ parameters: weights });
    const results = await executable.run({ x: data });
    for (const name of outputs) {
      expect(results[name]!.shape, `shape of ${name}`).toEqual(expected[name]!.dims);
      expectClose(results[name]!.data, toNumbers(expected[name]!.data), name, relative);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toNumbers(data: ort.Tensor['data']): ConstantData {
  return Float32Array.from(data as ArrayLike<number | bigint>, Number); // tensors of these graphs are numbers
}

/** [N, C, H, W] whose sizes all differ. */
export const image = [2, 4, 6, 7] as const;

export type Rest = Omit<Graph, 'opset' | 'x' | 'nodes'>;

/** One node 'y' that reads x and more. */
export const single = (
  opset: number,
  op: string,
  inputs: readonly string[],
  attributes: NodeText[3],
  rest: Rest = {},
): Graph => ({
  opset,
  x: image,
  nodes: [[op, ['x', ...inputs], ['y'], attributes ?? {}]],
  ...rest,
});

export const whole = (values: Readonly<Record<string, readonly number[]>>, rest: Rest = {}): Rest => ({
  whole: values,
  ...rest,
});
