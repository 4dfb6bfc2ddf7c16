/** Where the head of a foreign network begins: what its last product with weights reads. */
import { neededNodes } from '../../nn/onnx-network/build.ts';
import type { OnnxNetwork } from '../../nn/onnx-network/network.ts';

/** Behind the last layer: what makes answers of its numbers. */
const afterwards = new Set([
  'Softmax', 'LogSoftmax', 'Sigmoid', 'Tanh', 'Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'ArgMax',
  'Add', 'Mul', 'Div', 'Clip',
]); // prettier-ignore

const products = new Set(['MatMul', 'Gemm', 'Conv', 'ConvTranspose', 'FusedMatMul']);

/** The value that the last layer with weights reads, on the way to the first output; that output itself where there is none. */
export function suggestLayer({ nodes, weights, outputs }: OnnxNetwork): string {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const isWeight = new Set(weights.map(({ name }) => name));
  const fromWeight = (name: string | undefined): boolean => {
    if (name === undefined) return false;
    if (isWeight.has(name)) return true;
    const maker = makers.get(name);
    return maker?.op === 'Transpose' && fromWeight(maker.inputs[0]);
  };
  const [first = ''] = outputs;
  let name = first;
  for (let step = 0; step < nodes.length; step++) {
    const node = makers.get(name);
    if (!node) return first;
    const place = node.inputs.findIndex((input) => makers.has(input) && !fromWeight(input));
    if (products.has(node.op) && node.inputs.some(fromWeight)) return node.inputs[place] ?? first;
    if (!afterwards.has(node.op) || place === -1) return name;
    name = node.inputs[place]!; // findIndex has found it
  }
  return first;
}

/** The network without what comes after a value. */
export function upTo(network: OnnxNetwork, layer: string): OnnxNetwork {
  const nodes = [...neededNodes(network, [layer])];
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const isRead = ({ name }: { readonly name: string }): boolean => read.has(name);
  const feeds = network.feeds.filter(isRead);
  return {
    ...network,
    nodes,
    constants: network.constants.filter(isRead),
    weights: network.weights.filter(isRead),
    feeds: feeds.length > 0 ? feeds : network.feeds, // what reads nothing is refused when it is built
    outputs: [layer],
  };
}

/** A last layer of vectors: its weights, by the names of the tensors, and how many classes they tell apart. */
export interface LinearHead {
  readonly weight: string;
  /** Whether the weight is [classes, features]. */
  readonly isTurned: boolean;
  readonly bias: string | undefined;
}

/** What leaves the order of the classes as it is. */
const harmless = new Set(['Softmax', 'LogSoftmax', 'Identity', 'Reshape', 'Flatten', 'Squeeze', 'Cast']);

/** The layer of products that reads `layer`, where nothing but a bias and a softmax follows; undefined for other ends. */
export function linearHead({ nodes, weights, outputs }: OnnxNetwork, layer: string): LinearHead | undefined {
  const shapes = new Map(weights.map(({ name, shape }) => [name, shape]));
  const readersOf = (name: string) => nodes.filter(({ inputs }) => inputs.includes(name));
  const isMatrix = (name: string): boolean => shapes.get(name)?.length === 2;
  const [product, ...others] = readersOf(layer);
  if (!product || others.length > 0 || product.inputs[0] !== layer) return undefined;
  const { op, attributes, inputs } = product;
  const [, factor = '', addend = ''] = inputs;
  const turner = nodes.find(({ op: other, outputs: made }) => other === 'Transpose' && made[0] === factor);
  const weight = turner ? (turner.inputs[0] ?? '') : factor;
  const isPlain = (attributes.alpha ?? 1) === 1 && (attributes.beta ?? 1) === 1 && (attributes.transA ?? 0) === 0;
  if (!isMatrix(weight) || !isPlain || (op !== 'Gemm' && op !== 'MatMul')) return undefined;
  const isTurned = (attributes.transB === 1) !== (turner !== undefined);
  const classes = shapes.get(weight)?.[isTurned ? 0 : 1];
  const isBias = (name: string): boolean => shapes.get(name)?.join() === String(classes);
  if (op === 'Gemm' && addend !== '' && !isBias(addend)) return undefined;
  let bias = addend === '' ? undefined : addend;
  let name = product.outputs[0] ?? '';
  for (let [node, ...more] = readersOf(name); node; [node, ...more] = readersOf(name)) {
    const given = node.inputs.find((input) => input !== name && isBias(input));
    const isAddition = node.op === 'Add' && bias === undefined && given !== undefined;
    if (more.length > 0 || (!isAddition && !harmless.has(node.op))) return undefined;
    if (isAddition) bias = given;
    name = node.outputs[0] ?? '';
  }
  return outputs.includes(name) ? { weight, isTurned, bias } : undefined;
}
