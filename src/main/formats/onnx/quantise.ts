/**
 * Weights as 8-bit integers: symmetric, with a scale for each output feature, row of a table or filter. A Cast and a Mul turn
 * them back, which runtimes do once when they load the model; computing stays in float32, so all of them give the same
 * answers, and the file is a quarter of the size. DequantizeLinear says the same, but ONNX Runtime then rounds the inputs of
 * some products as well (`DequantizeLinear` with `Gemm` at its level 'extended'), and the answers differ by more.
 */
import { elementTypes } from './schema.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../../graph/onnx.ts';

export interface QuantisedGraph {
  readonly graph: OnnxGraph;
  /** What the model computes with in place of the weights, by name. */
  readonly rounded: ReadonlyMap<string, Float32Array>;
}

/** Smaller tensors, such as biases, stay as they are: they would save nothing. */
const leastElements = 256;
const largest = 127;

export function quantiseWeights(graph: OnnxGraph): QuantisedGraph {
  const rounded = new Map<string, Float32Array>();
  const initialisers: OnnxTensor[] = [];
  const nodes: OnnxNode[] = [];
  for (const tensor of graph.initialisers) {
    const axis = axisOf(tensor, graph.nodes);
    if (axis === undefined || !(tensor.data instanceof Float32Array)) {
      initialisers.push(tensor);
      continue;
    }
    const { name, shape } = tensor;
    const { codes, scales, values } = quantise(tensor.data, shape, axis);
    rounded.set(name, values);
    const bytes = new Uint8Array(codes.buffer);
    initialisers.push(
      { name: `${name}_quantized`, type: 'int8', shape, data: bytes },
      {
        name: `${name}_scale`,
        type: 'float32',
        shape: shape.map((size, at) => (at === axis ? size : 1)),
        data: scales,
      },
    );
    const node = (opType: string, inputs: string[], output: string, attributes = {}): OnnxNode => ({
      opType,
      domain: '',
      name: `${name}_${opType.toLowerCase()}`,
      inputs,
      outputs: [output],
      attributes,
    });
    nodes.push(
      node('Cast', [`${name}_quantized`], `${name}_steps`, { to: elementTypes.float32 }),
      node('Mul', [`${name}_steps`, `${name}_scale`], name),
    );
  }
  return { graph: { ...graph, nodes: [...nodes, ...graph.nodes], initialisers }, rounded };
}

/** Along which axis a weight has a scale for each index; undefined for what is no weight. */
function axisOf({ name, type, shape, data }: OnnxTensor, nodes: readonly OnnxNode[]): number | undefined {
  if (type !== 'float32' || shape.length < 2 || data.length < leastElements || name.startsWith('constant:')) {
    return undefined;
  }
  const readers = nodes.filter(({ inputs }) => inputs.includes(name));
  const isRowwise = readers.some(
    ({ opType, attributes, inputs }) =>
      opType === 'Gather' || opType === 'Conv' || (opType === 'Gemm' && inputs[1] === name && attributes.transB === 1),
  );
  return isRowwise ? 0 : shape.length - 1;
}

interface Quantised {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  readonly values: Float32Array;
}

function quantise(data: Float32Array, shape: readonly number[], axis: number): Quantised {
  const count = shape[axis]!; // the axis is one of the shape's
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const indexOf = (place: number): number => Math.floor(place / inner) % count;
  const peaks = new Float32Array(count);
  for (let place = 0; place < data.length; place += 1) {
    const index = indexOf(place);
    peaks[index] = Math.max(peaks[index]!, Math.abs(data[place]!));
  }
  const scales = peaks.map((peak) => (peak === 0 ? 1 : peak / largest));
  const codes = new Int8Array(data.length);
  const values = new Float32Array(data.length);
  for (let place = 0; place < data.length; place += 1) {
    const scale = scales[indexOf(place)]!; // one for each index
    codes[place] = Math.max(-largest, Math.min(largest, Math.round(data[place]! / scale)));
    values[place] = codes[place]! * scale;
  }
  return { codes, scales, values };
}
