/**
 * Which tensors of a foreign network are weights. ONNX does not say: a kernel, a mask and the number 2 are all tensors. Weights
 * are what stands in the place of one: kernels, factors of products with what the network is fed, gains and biases. Everything
 * else (shapes, masks, rotary tables, statistics of the input) stays as it is while training.
 */
import type { ForeignNode, ForeignTensor } from '../../formats/onnx/read.ts';
import { elementCount } from '../../graph/index.ts';
import type { NetworkWeight } from '../../nn/onnx-network/network.ts';

export type Role = Pick<NetworkWeight, 'role' | 'start'>;

export interface Graph {
  readonly nodes: readonly ForeignNode[];
  readonly tensors: ReadonlyMap<string, ForeignTensor>;
  /** Names of what the network is fed. */
  readonly fed: ReadonlySet<string>;
}

/** Asks for a shape or a type, not for numbers. */
const shapeOnly = new Set(['Shape', 'Size', 'ConstantOfShape', 'EyeLike']);

/** Gives the numbers on, in another order or a part of them. */
const passing = new Set([
  'Transpose',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Expand',
  'Cast',
  'Slice',
  'Flatten',
  'Identity',
]);

/** Masks have numbers like −10⁹, weights do not. */
const largestWeight = 1e4;

/** Names of values that depend on what the network is fed by their numbers. */
export function computedValues({ nodes, fed }: Pick<Graph, 'nodes' | 'fed'>): ReadonlySet<string> {
  const computed = new Set(fed);
  for (const { op, inputs, outputs } of nodes) {
    if (shapeOnly.has(op) || !inputs.some((name) => computed.has(name))) continue;
    for (const name of outputs) if (name !== '') computed.add(name);
  }
  return computed;
}

/** The tensors that are weights, with what each of them is. */
export function findWeights(graph: Graph): ReadonlyMap<string, Role> {
  const computed = computedValues(graph);
  const readers = new Map<string, { node: ForeignNode; place: number }[]>();
  for (const node of graph.nodes) {
    node.inputs.forEach((name, place) => {
      const list = readers.get(name) ?? [];
      readers.set(name, [...list, { node, place }]);
    });
  }
  const preprocessed = inputsOnly(graph);
  const roleOf = (name: string, tensor: ForeignTensor, depth: number): Role | undefined => {
    for (const { node, place } of readers.get(name) ?? []) {
      const others = node.inputs.filter((_, index) => index !== place);
      const isBeside = others.some((other) => computed.has(other));
      const role =
        passing.has(node.op) && place === 0 && depth < 8
          ? roleOf(node.outputs[0] ?? '', tensor, depth + 1)
          : placeRole(node, place, tensor, {
              isBeside,
              isPreprocessing: others.some((other) => preprocessed.has(other)),
            });
      if (role) return role;
    }
    return undefined;
  };
  const roles = new Map<string, Role>();
  for (const [name, tensor] of graph.tensors) {
    const role = tensor.kind === 'float' ? roleOf(name, tensor, 0) : undefined;
    if (role) roles.set(name, role);
  }
  return roles;
}

/** What is fed, and fed numbers in another order: adding to them and scaling them is preprocessing. */
function inputsOnly({ nodes, fed }: Graph): ReadonlySet<string> {
  const names = new Set(fed);
  for (const { op, inputs, outputs } of nodes) {
    if ((passing.has(op) || ['Sub', 'Div', 'Mul', 'Add'].includes(op)) && inputs.some((name) => names.has(name))) {
      for (const name of outputs) names.add(name);
    }
  }
  return names;
}

interface Surroundings {
  /** Whether another input of the node is computed from what the network is fed. */
  readonly isBeside: boolean;
  /** Whether another input is what the network is fed. */
  readonly isPreprocessing: boolean;
}

const weight = (start: NetworkWeight['start']): Role => ({ role: 'weight', start });
const state = (start: NetworkWeight['start']): Role => ({ role: 'state', start });
const fan = (size: number): Role => weight(Math.max(1, Math.round(size)));
const gainAndBias = [undefined, weight('ones'), weight('zeros')];

function placeRole(
  { op, attributes }: ForeignNode,
  place: number,
  { shape, data }: ForeignTensor,
  { isBeside, isPreprocessing }: Surroundings,
): Role | undefined {
  const count = elementCount(shape);
  switch (op) {
    case 'Conv':
      return [undefined, fan(count / (shape[0] ?? 1)), weight('zeros')][place];
    case 'ConvTranspose': {
      const groups = typeof attributes.group === 'number' ? attributes.group : 1;
      return [undefined, fan(count / (shape[1] ?? 1) / groups), weight('zeros')][place];
    }
    case 'Gemm':
      return place === 2 ? weight('zeros') : isBeside ? fan(shape[attributes.transB === 1 ? 1 : 0] ?? 1) : undefined;
    case 'MatMul':
    case 'FusedMatMul':
      return isBeside ? fan(shape.at(place === 1 ? -2 : -1) ?? count) : undefined;
    case 'Einsum':
      return isBeside ? fan(shape[0] ?? 1) : undefined;
    case 'BatchNormalization':
      return [...gainAndBias, state('zeros'), state('ones')][place];
    case 'LayerNormalization':
    case 'InstanceNormalization':
    case 'GroupNormalization':
    case 'RMSNormalization':
    case 'SimplifiedLayerNormalization':
      return gainAndBias[place];
    case 'SkipLayerNormalization':
      return [undefined, undefined, weight('ones'), weight('zeros'), weight('zeros')][place];
    case 'PRelu':
      return place === 1 ? weight('zeros') : undefined;
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      if (place === 1 || place === 2) return fan(shape[2] ?? 1);
      return place === 3 || place === 7 ? weight('zeros') : undefined;
    case 'Gather':
      return place === 0 && shape.length === 2 && count > 2 ? fan(shape[1] ?? 1) : undefined;
    case 'Concat':
      return isBeside && isOrdinary(data) ? weight('zeros') : undefined;
    case 'Add':
      return isBeside && !isPreprocessing && count > 1 && isOrdinary(data) ? weight('zeros') : undefined;
    case 'Mul': {
      // Gains are vectors; whole tables that are multiplied with are rotations and masks.
      const isVector = shape.filter((size) => size > 1).length === 1;
      return isBeside && !isPreprocessing && isVector && isOrdinary(data) ? weight('ones') : undefined;
    }
    default:
      return undefined;
  }
}

const isOrdinary = (data: ArrayLike<number>): boolean =>
  Array.prototype.every.call(data, (value: number) => Math.abs(value) <= largestWeight);
