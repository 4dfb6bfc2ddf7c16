/**
 * Lowering a program to an ONNX graph, as plain data. `formats/onnx/` turns the data into the protobuf file format.
 *
 * Parameters become graph inputs, not initialisers: an engine feeds its own memory for them, so that a training step
 * reads and writes the weights in place.
 */
import { LabError } from '../../shared/errors.ts';
import { deviceCounterparts } from './device-ops.ts';
import type { HalfPrecision } from './half-precision.ts';
import { isProduct, mayBeHalved, writeHalved } from './half-precision.ts';
import { portableCounterparts } from './portable-ops.ts';
import type { ConstantData, DType, Node, OnnxAttributes, OnnxEmitter, Program, Shape, Value } from './types.ts';

export type { OnnxAttribute, OnnxEmitter } from './types.ts';

export type OnnxType = DType | 'int64' | 'float16' | 'double' | 'int8' | 'string';
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: Shape;
  readonly data: ConstantData | BigInt64Array;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type: OnnxType;
  /** A string is a symbolic size, such as 'batch'. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxNode {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: OnnxAttributes;
  /** What a Scan or Loop repeats. It reads values of the graph around it by their names. */
  readonly body?: OnnxGraph;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: OnnxNode[];
  readonly initialisers: OnnxTensor[];
  readonly inputs: OnnxValueInfo[];
  readonly outputs: OnnxValueInfo[];
}

/** Microsoft's contributed ops (FusedMatMul, Gelu …), present in every ONNX Runtime build. */
export const microsoftDomain = 'com.microsoft';

/** ONNX Runtime's own kernels for images whose channels lie in blocks; only its CPU provider has them. */
export const blockedDomain = 'com.microsoft.nchwc';

export interface LoweringOptions {
  /**
   * Channels in a block of the CPU's fastest convolution kernels. With it the graph uses ops of `blockedDomain`, and runs
   * only where the engine has found out that this block is right; without it the graph is portable.
   */
  readonly channelBlock?: number | undefined;
  /** Without ops that only ONNX Runtime has: for files that leave the lab. */
  readonly portable?: boolean;
  /** With the ops alone that ONNX Runtime computes on graphics cards, and so that sums have one order. */
  readonly onDevice?: boolean;
  /** With the products of the network in half precision, and everything else in float32. */
  readonly half?: HalfPrecision | undefined;
}

export function valueName(value: Value): string {
  switch (value.source.kind) {
    case 'input':
      return value.source.name;
    case 'parameter':
      return `parameter:${value.source.parameter.name}`;
    case 'constant':
      return `constant:${String(value.id)}`;
    case 'node':
      return `value:${String(value.id)}`;
  }
}

/**
 * The graph that computes `outputs`. Every output gets a tensor of its own, under its given name, even where two are
 * the same value or one is an input: engines write them to separate memory.
 */
export function lowerToOnnx(
  program: Program,
  outputs: ReadonlyMap<string, Value>,
  options: LoweringOptions = {},
): OnnxGraph {
  const graph: OnnxGraph = { name: program.name, nodes: [], initialisers: [], inputs: [], outputs: [] };
  const names = new Map<number, string>();
  const nameOf = (value: Value): string => {
    const name = names.get(value.id);
    if (name === undefined) {
      throw new LabError('internal', `a node reads the value ${valueName(value)} before it is computed`);
    }
    return name;
  };

  for (const value of [...program.inputs.values(), ...[...program.parameters.values()].map(({ value: own }) => own)]) {
    names.set(value.id, valueName(value));
    graph.inputs.push({ name: valueName(value), type: value.dtype, shape: value.shape });
  }
  for (const value of program.constants) {
    if (value.source.kind !== 'constant') continue;
    names.set(value.id, valueName(value));
    graph.initialisers.push({ name: valueName(value), type: value.dtype, shape: value.shape, data: value.source.data });
  }

  const emitter = createEmitter(graph, options);
  for (const node of program.nodes) {
    emitter.enter(node);
    const lowered = node.op.onnx(emitter, node.inputs.map(nameOf), node);
    node.outputs.forEach((value, index) => {
      const name = lowered[index];
      if (name === undefined) throw new LabError('internal', `${node.op.name} lowers to too few outputs`);
      names.set(value.id, name);
    });
  }
  for (const [name, value] of outputs) {
    graph.nodes.push({
      opType: 'Identity',
      domain: '',
      name: `output:${name}`,
      inputs: [nameOf(value)],
      outputs: [name],
      attributes: {},
    });
    graph.outputs.push({ name, type: value.dtype, shape: value.shape });
  }
  return withoutUnread(elideIdentities(graph));
}

function createEmitter(
  graph: OnnxGraph,
  { channelBlock, portable = false, onDevice = false, half }: LoweringOptions,
): OnnxEmitter & { enter(node: Node): void } {
  const constants = new Map<string, string>();
  const known = new Map<string, readonly string[]>();
  let prefix = '';
  let count = 0;
  let rank = 0;
  let isHalved = false;

  const initialiser = (type: OnnxType, data: OnnxTensor['data'], shape: Shape): string => {
    const key = `${type}[${shape.join(',')}]${data.join(',')}`;
    const same = constants.get(key);
    if (same !== undefined) return same;
    const name = `literal:${String(constants.size)}`;
    constants.set(key, name);
    graph.initialisers.push({ name, type, shape, data });
    return name;
  };

  const append = (
    opType: string,
    inputs: readonly string[],
    attributes: OnnxAttributes,
    domain: string,
    outputCount: number,
  ): readonly string[] => {
    const key = JSON.stringify([opType, domain, inputs, attributes, outputCount]);
    const same = known.get(key);
    if (same) return same;
    const name = count === 0 ? prefix : `${prefix}.${String(count)}`;
    count++;
    const outputs = Array.from({ length: outputCount }, (_, index) => `${name}:${String(index)}`);
    known.set(key, outputs);
    graph.nodes.push({ opType, domain, name, inputs: [...inputs], outputs, attributes });
    return outputs;
  };
  const write = (opType: string, inputs: readonly string[], attributes: OnnxAttributes, domain: string): string =>
    append(opType, inputs, attributes, domain, 1)[0]!; // asked for one output

  const emitter: OnnxEmitter & { enter(node: Node): void } = {
    channelBlock,
    onDevice,
    enter(node) {
      prefix = `${node.path}/${node.op.name}.${String(node.id)}`;
      count = 0;
      rank = node.outputs[0]?.shape.length ?? 0;
      isHalved = half !== undefined && mayBeHalved(node);
    },
    node(opType, inputs, { attributes = {}, domain = '', outputs: outputCount = 1 } = {}) {
      const rewrite = portable ? portableCounterparts[opType] : onDevice ? deviceCounterparts[opType] : undefined;
      if (rewrite) return rewrite(emitter, inputs, attributes, rank);
      if (portable && domain !== '') throw new LabError('internal', `${opType} has no counterpart in standard ONNX`);
      if (half && isHalved && isProduct(opType)) return [writeHalved(half, write, opType, inputs, attributes, domain)];
      return append(opType, inputs, attributes, domain, outputCount);
    },
    one(opType, inputs, attributes = {}, domain = '') {
      return emitter.node(opType, inputs, { attributes, domain })[0]!; // asked for one output
    },
    ints: (values, shape = [values.length]) => initialiser('int64', BigInt64Array.from(values.map(BigInt)), shape),
    int32: (values, shape = [values.length]) => initialiser('int32', Int32Array.from(values), shape),
    float: (value) => initialiser('float32', Float32Array.of(value), []),
    floats: (values) => initialiser('float32', Float32Array.from(values), [values.length]),
  };
  return emitter;
}

/** Lets the producer write to the output's name directly where the value is computed by a node and output once. */
function elideIdentities(graph: OnnxGraph): OnnxGraph {
  const produced = new Set(
    graph.nodes.filter(({ name }) => !name.startsWith('output:')).flatMap(({ outputs }) => outputs),
  );
  const renamed = new Map<string, string>();
  const kept = graph.nodes.filter((node) => {
    const [from] = node.inputs;
    const [to] = node.outputs;
    if (!node.name.startsWith('output:') || from === undefined || to === undefined) return true;
    if (!produced.has(from) || renamed.has(from)) return true;
    renamed.set(from, to);
    return false;
  });
  const rename = (name: string): string => renamed.get(name) ?? name;
  return {
    ...graph,
    nodes: kept.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
  };
}

/** Leaves out nodes that no output depends on: an op may emit what only its gradient reads. */
function withoutUnread(graph: OnnxGraph): OnnxGraph {
  const read = new Set(graph.outputs.map(({ name }) => name));
  const nodes = graph.nodes
    .toReversed()
    .filter(({ inputs, outputs }) => {
      const isRead = outputs.some((name) => read.has(name));
      if (isRead) for (const name of inputs) read.add(name);
      return isRead;
    })
    .reverse();
  return { ...graph, nodes };
}
