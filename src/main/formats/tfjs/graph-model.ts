/** An exported ONNX graph as a graph model of TensorFlow.js: a TensorFlow graph in JSON and its weights, float32 and int32, in a row. */
import { LabError } from '../../../shared/errors.ts';
import type { OnnxGraph, OnnxTensor, OnnxType, OnnxValueInfo } from '../../graph/onnx.ts';
import type { TfConstant, TfType, TfValue, TfWeight } from './emitter.ts';
import { createTfEmitter, tfTypes } from './emitter.ts';
import { operators } from './operators.ts';

export interface TfjsModel {
  /** The contents of model.json without the names of the files of weights. */
  readonly topology: Readonly<Record<string, unknown>>;
  /** In the order of the weights; each is four bytes an element. */
  readonly weights: readonly TfWeight[];
}

/** Whole numbers of 64 bits are of 32 there. */
const types: Partial<Record<OnnxType, TfType>> = { float32: 'float32', int32: 'int32', int64: 'int32', bool: 'bool' };

function typeOf(type: OnnxType, name: string): TfType {
  const found = types[type];
  if (found) return found;
  throw new LabError('bad-input', `TensorFlow.js has no tensors of the type ${type}, which ${name} is`);
}

/** Throws `LabError('bad-input')` for a graph with an op that TensorFlow.js has no counterpart of, naming it. */
export function toTfjs(graph: OnnxGraph, generatedBy: string): TfjsModel {
  const tf = createTfEmitter();
  const values = new Map<string, TfValue>();
  for (const { name, type, shape } of graph.inputs) {
    values.set(name, tf.input(name, typeOf(type, name), fixedShape(shape)));
  }
  for (const tensor of graph.initialisers) values.set(tensor.name, tf.constant(constantOf(tensor), tensor.name));
  for (const node of graph.nodes) {
    const operator = node.domain === '' ? operators[node.opType] : undefined;
    if (!operator) {
      throw new LabError('bad-input', `TensorFlow.js has no counterpart of the op ${node.opType} of this network`, {
        op: node.opType,
      });
    }
    // An empty name stands for an input that is left out at the end.
    const inputs = node.inputs.filter((name) => name !== '').map((name) => values.get(name));
    const found = inputs.filter((value) => value !== undefined);
    if (found.length < inputs.length) throw new LabError('internal', `${node.name} reads what is not computed yet`);
    const outputs = operator(tf, node, found);
    node.outputs.forEach((name, index) => {
      const value = outputs[index];
      if (value) values.set(name, value);
    });
  }
  for (const { name } of graph.outputs) {
    const value = values.get(name);
    if (!value) throw new LabError('internal', `the output ${name} is not computed`);
    tf.output(name, value);
  }
  return {
    topology: {
      format: 'graph-model',
      generatedBy,
      convertedBy: generatedBy,
      signature: { inputs: signatureOf(graph.inputs), outputs: signatureOf(graph.outputs) },
      // The version of TensorFlow's graphs whose ops these are.
      modelTopology: { node: tf.nodes, library: {}, versions: { producer: 987 } },
    },
    weights: tf.weights,
  };
}

/** Sizes that may be chosen are −1. */
const fixedShape = (shape: OnnxValueInfo['shape']): number[] =>
  shape.map((size) => (typeof size === 'number' ? size : -1));

function signatureOf(ports: readonly OnnxValueInfo[]): Record<string, unknown> {
  return Object.fromEntries(
    ports.map(({ name, type, shape }) => [
      name,
      {
        name: `${name}:0`,
        dtype: tfTypes[typeOf(type, name)],
        tensorShape: { dim: fixedShape(shape).map((size) => ({ size: String(size) })) },
      },
    ]),
  );
}

const largestInteger = 2 ** 31 - 1;

function constantOf({ name, type, shape, data }: OnnxTensor): TfConstant {
  if (data instanceof BigInt64Array) {
    const whole = Int32Array.from(data, (value) => Math.min(largestInteger, Math.max(-largestInteger, Number(value))));
    return { type: 'int32', shape, data: whole };
  }
  return { type: typeOf(type, name), shape, data };
}

/** The weights as bytes, and what model.json says of them. */
export function packWeights(weights: readonly TfWeight[]): {
  readonly bytes: Uint8Array;
  readonly specs: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: TfType }[];
} {
  const parts = weights.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return {
    bytes: Buffer.concat(parts),
    specs: weights.map(({ name, shape, type }) => ({ name, shape, dtype: type })),
  };
}
