/**
 * Programs have static shapes; models that leave the lab do not. The same network is lowered at several sizes, and what
 * differs between the graphs is a function of the sizes: a shape that is computed when the model runs, or the beginning of a
 * table that is as long as the longest input. No op has to know of this.
 */
import { LabError } from '../../../shared/errors.ts';
import type { ConstantData } from '../../graph/types.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValueInfo } from '../../graph/onnx.ts';

/** A graph, and the sizes that it was lowered at, by name. */
export interface TracedGraph {
  readonly sizes: Readonly<Record<string, number>>;
  readonly graph: OnnxGraph;
}

/** A size that is `factor` times the named sizes, each as often as it is named. */
interface Monomial {
  readonly factor: number;
  readonly names: readonly string[];
}

type Dimension = number | Monomial;

/** Why graphs of several sizes are not one: they are thrown away then, and the size stays fixed. */
class DifferentGraphs extends Error {}

/**
 * The graph for any sizes, or undefined where the network is another one at other sizes, such as a recurrence that is unrolled
 * over its steps.
 *
 * @param traces at least one that differs from the first in each size alone, and sizes that divide nothing else, such as primes
 * @param tables constants of more than one element, in the order of the graph's, for the largest sizes
 */
export function withSymbolicSizes(
  traces: readonly TracedGraph[],
  tables: readonly OnnxTensor[],
): OnnxGraph | undefined {
  try {
    return mergeTraces(traces, tables);
  } catch (error) {
    if (error instanceof DifferentGraphs) return undefined;
    throw error;
  }
}

/** Constants of a program that are more than a number, such as tables of angles; literals of the lowering are none. */
export function tablesOf(graph: OnnxGraph): OnnxTensor[] {
  return graph.initialisers.filter(({ name, data }) => name.startsWith('constant:') && data.length > 1);
}

function mergeTraces(traces: readonly TracedGraph[], tables: readonly OnnxTensor[]): OnnxGraph {
  const [first] = traces;
  if (!first) throw new LabError('internal', 'no graph was given');
  const { graph } = first;
  const constants = traces.map(({ graph: { initialisers } }) => new Map(initialisers.map((one) => [one.name, one])));
  if (traces.some((one) => one.graph.nodes.length !== graph.nodes.length)) throw new DifferentGraphs('nodes');

  const inputs = graph.inputs.map((info, index) => symbolicInfo(info, traces, (one) => one.inputs[index]));
  const outputs = graph.outputs.map((info, index) => symbolicInfo(info, traces, (one) => one.outputs[index]));
  const writer = createWriter(inputs);
  const tableNames = traces.map((one) => tablesOf(one.graph).map(({ name }) => name));

  for (const [index, node] of graph.nodes.entries()) {
    const others = traces.map((one) => one.graph.nodes[index]);
    const names = node.inputs.map((name, place) => {
      const used = traces.map((_, trace) => constants[trace]?.get(others[trace]?.inputs[place] ?? ''));
      if (used.every((tensor) => tensor === undefined)) {
        if (others.some((other) => other?.inputs[place] !== name)) throw new DifferentGraphs(node.name);
        return name;
      }
      const tensors = used.map((tensor) => tensor ?? different(node.name));
      if (tensors.every((tensor) => sameTensor(tensor, tensors[0]!))) return writer.constant(tensors[0]!);
      if (tensors[0]?.type === 'int64') {
        return writer.shape(tensors, traces, node.opType === 'Reshape' && place === 1);
      }
      const number = tableNames[0]?.indexOf(tensors[0]?.name ?? '') ?? -1;
      const isSame = tensors.every(({ name: own }, trace) => tableNames[trace]?.indexOf(own) === number);
      const table = isSame ? tables[number] : undefined;
      return writer.table(table ?? different(node.name), tensors, traces);
    });
    for (const other of others) if (!other || !sameNode(node, other)) throw new DifferentGraphs(node.name);
    writer.nodes.push({ ...node, inputs: names });
  }
  return { name: graph.name, nodes: writer.nodes, initialisers: writer.initialisers, inputs, outputs };
}

function different(where: string): never {
  throw new DifferentGraphs(where);
}

function sameNode(a: OnnxNode, b: OnnxNode): boolean {
  return (
    a.opType === b.opType &&
    a.domain === b.domain &&
    a.inputs.length === b.inputs.length &&
    a.outputs.join() === b.outputs.join() &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes)
  );
}

function sameTensor(a: OnnxTensor, b: OnnxTensor): boolean {
  return (
    a.type === b.type &&
    a.shape.join() === b.shape.join() &&
    a.data.length === b.data.length &&
    (a.data as ArrayLike<unknown> as readonly unknown[]).every((value, index) => Object.is(value, b.data[index])) // arrays of numbers have it, of whatever kind
  );
}

function symbolicInfo(
  info: OnnxValueInfo,
  traces: readonly TracedGraph[],
  pick: (graph: OnnxGraph) => OnnxValueInfo | undefined,
): OnnxValueInfo {
  const infos = traces.map(({ graph }) => pick(graph));
  if (infos.some((one) => one?.name !== info.name || one.shape.length !== info.shape.length)) {
    throw new DifferentGraphs(info.name);
  }
  const shape = info.shape.map((_, axis) => {
    const dimension = dimensionOf(
      infos.map((one) => Number(one?.shape[axis])),
      traces,
    ); // lowered graphs have numbers
    return typeof dimension === 'number' ? dimension : nameOf(dimension);
  });
  return { ...info, shape };
}

/** E.g. 'batch', '2 * batch', 'batch * length'. */
function nameOf({ factor, names }: Monomial): string {
  return [...(factor === 1 ? [] : [String(factor)]), ...names].join(' * ');
}

/** The rule behind the values of one size in all traces. Throws where it is neither fixed nor a product of the sizes. */
function dimensionOf(values: readonly number[], traces: readonly TracedGraph[]): Dimension {
  const [first] = values;
  const [reference] = traces;
  if (first === undefined || !reference) throw new LabError('internal', 'no graph was given');
  if (values.every((value) => value === first)) return first;
  const candidates: readonly (readonly string[])[] = productsOf(Object.keys(reference.sizes));
  for (const names of candidates) {
    const product = (sizes: TracedGraph['sizes']): number =>
      names.reduce((total, name) => total * (sizes[name] ?? Number.NaN), 1);
    const factor = first / product(reference.sizes);
    if (!Number.isInteger(factor) || factor <= 0) continue;
    if (values.every((value, trace) => value === factor * product(traces[trace]!.sizes))) return { factor, names }; // one value for each trace
  }
  throw new DifferentGraphs('a size follows from the others in another way than by a product');
}

/** Products of one and of two names. */
function productsOf(names: readonly string[]): (readonly string[])[] {
  const pairs = names.flatMap((name, index) => names.slice(index).map((other) => [name, other]));
  return [...names.map((name) => [name]), ...pairs];
}

/** Collects the nodes and constants of the merged graph. */
function createWriter(inputs: readonly OnnxValueInfo[]) {
  const nodes: OnnxNode[] = [];
  const initialisers: OnnxTensor[] = [];
  const known = new Map<string, string>();

  const constant = (tensor: OnnxTensor): string => {
    const key = tensor.data.length > 64 ? tensor.name : `${tensor.type}[${tensor.shape.join()}]${tensor.data.join()}`;
    const same = known.get(key);
    if (same !== undefined) return same;
    const name = `constant:${String(known.size)}`;
    known.set(key, name);
    initialisers.push({ ...tensor, name });
    return name;
  };
  const ints = (values: readonly number[]): string =>
    constant({ name: '', type: 'int64', shape: [values.length], data: BigInt64Array.from(values.map(BigInt)) });
  const compute = (opType: string, from: readonly string[], attributes: OnnxNode['attributes'] = {}): string => {
    const key = JSON.stringify([opType, from, attributes]);
    const same = known.get(key);
    if (same !== undefined) return same;
    const name = `size:${String(known.size)}`;
    known.set(key, name);
    nodes.push({ opType, domain: '', name, inputs: from, outputs: [name], attributes });
    return name;
  };

  /** A named size as a vector of one, read off the first input that has it, alone or times a number. */
  const sizeOf = (name: string): string => {
    for (const info of inputs) {
      for (const [axis, dimension] of info.shape.entries()) {
        const [, factor = '1', found] = /^(?:(\d+) \* )?(\w+)$/u.exec(String(dimension)) ?? [];
        if (found !== name) continue;
        const size = compute('Gather', [compute('Shape', [info.name]), ints([axis])]);
        return factor === '1' ? size : compute('Div', [size, ints([Number(factor)])]);
      }
    }
    throw new DifferentGraphs(`no input has the size ${name}`);
  };
  const sizeVector = (dimension: Dimension): string => {
    if (typeof dimension === 'number') return ints([dimension]);
    const product = dimension.names.map(sizeOf).reduce((total, size) => compute('Mul', [total, size]));
    return dimension.factor === 1 ? product : compute('Mul', [product, ints([dimension.factor])]);
  };

  /** The contents of an int64 tensor that differs between the traces. */
  const shape = (tensors: readonly OnnxTensor[], traces: readonly TracedGraph[], mayLeaveOne: boolean): string => {
    const [first] = tensors;
    if (!first || tensors.some((one) => one.shape.join() !== first.shape.join() || first.shape.length > 1)) {
      throw new DifferentGraphs('a shape of another rank');
    }
    const dimensions = Array.from({ length: first.data.length }, (_, index) =>
      dimensionOf(
        tensors.map(({ data }) => Number(data[index])),
        traces,
      ),
    );
    const isVariable = (dimension: Dimension): boolean => typeof dimension !== 'number';
    if (mayLeaveOne && dimensions.filter(isVariable).length === 1) {
      return ints(dimensions.map((dimension) => (typeof dimension === 'number' ? dimension : -1)));
    }
    const vector =
      dimensions.length === 1
        ? sizeVector(dimensions[0]!) // there is one
        : compute('Concat', dimensions.map(sizeVector), { axis: 0 });
    return first.shape.length === 0 ? compute('Squeeze', [vector]) : vector;
  };

  /** The beginning of the longest table, along the axes that differ. */
  const table = (longest: OnnxTensor, tensors: readonly OnnxTensor[], traces: readonly TracedGraph[]): string => {
    if (longest.type !== tensors[0]?.type || longest.data instanceof BigInt64Array) {
      throw new DifferentGraphs('a table');
    }
    for (const tensor of tensors) requireBeginning(longest, tensor);
    const dimensions = longest.shape.map((_, axis) =>
      dimensionOf(
        tensors.map((one) => one.shape[axis] ?? 0),
        traces,
      ),
    );
    const axes = dimensions.flatMap((dimension, axis) => (typeof dimension === 'number' ? [] : [axis]));
    const ends = axes.map((axis) => sizeVector(dimensions[axis]!)); // an axis of it
    const end = ends.length === 1 ? ends[0]! : compute('Concat', ends, { axis: 0 });
    return compute('Slice', [constant(longest), ints(axes.map(() => 0)), end, ints(axes)]);
  };
  return { nodes, initialisers, constant, shape, table };
}

/** Throws where a table is not the first rows and columns of the longest one. */
function requireBeginning(longest: OnnxTensor, { shape, data }: OnnxTensor): void {
  const rank = shape.length;
  if (rank !== longest.shape.length || shape.some((size, axis) => size > (longest.shape[axis] ?? 0))) {
    throw new DifferentGraphs('a table that is longer than the longest');
  }
  const index = new Array<number>(rank).fill(0);
  const whole = longest.data as ConstantData; // big integers were refused
  for (const value of data as ConstantData) {
    const place = index.reduce((total, position, axis) => total * (longest.shape[axis] ?? 1) + position, 0);
    if (!Object.is(whole[place], value)) throw new DifferentGraphs('a table that depends on its length');
    for (let axis = rank - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1;
      if (index[axis]! < (shape[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
}
