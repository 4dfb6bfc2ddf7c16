/**
 * Gradient checkpointing (Chen et al. 2016): of each layer only what other layers read is kept for the backward pass; everything
 * within it is computed again when its gradient arrives. That takes one more forward pass, and the memory of one layer instead of all.
 *
 * The copies wait for that gradient (`await-value`). Otherwise an engine could compute them with the originals, and they would be
 * merged with those as common subexpressions. They are the same ops on the same numbers, so gradients are the same to the bit.
 */
import { awaitValue } from '../ops/await-value.ts';
import { newValue, withScope } from '../program.ts';
import { elementCount } from '../shape.ts';
import type { Node, Program, Value } from '../types.ts';
import { resultsOf } from './dead-code.ts';

/** The block path up to a layer of a stack; undefined outside of any. */
export function layerOf(path: string): string | undefined {
  return /^(?:.*?\/)?layer\.\d+(?=\/|$)/.exec(path)?.[0];
}

/** Changes a program that has gradients. A layer whose values the backward pass does not read stays as it is. */
export function recomputeLayers(program: Program): void {
  const { lossGradient } = program;
  if (!lossGradient) return;
  const isForward = ({ id }: Node): boolean => id < lossGradient.id;
  const layers = Map.groupBy(program.nodes.filter(isForward), ({ path }) => layerOf(path));
  const gradients = valuesBehind(lossGradient, program);
  for (const [layer, members] of layers) if (layer !== undefined) recomputeLayer(program, layer, members, gradients);
}

/** What is computed from a value. */
function valuesBehind(start: Value, { nodes }: Program): ReadonlySet<number> {
  const found = new Set([start.id]);
  for (const { inputs, outputs } of nodes) {
    if (inputs.some(({ id }) => found.has(id))) for (const { id } of outputs) found.add(id);
  }
  return found;
}

function recomputeLayer(
  program: Program,
  layer: string,
  members: readonly Node[],
  gradients: ReadonlySet<number>,
): void {
  const { nodes, lossGradient } = program;
  const isBackward = ({ id }: Node): boolean => id > (lossGradient?.id ?? Infinity);
  const own = new Set(members);
  const kept = new Set(resultsOf(program).map(({ id }) => id));
  for (const node of nodes) if (!own.has(node) && !isBackward(node)) for (const { id } of node.inputs) kept.add(id);
  const forgotten = new Set(
    withoutFixed(members)
      .flatMap(({ outputs }) => outputs.map(({ id }) => id))
      .filter((id) => !kept.has(id)),
  );
  const readers = new Set(nodes.filter((node) => isBackward(node) && node.inputs.some(({ id }) => forgotten.has(id))));
  const first = nodes.findIndex((node) => readers.has(node));
  // Whatever comes before the first reader depends on nothing that is computed again.
  const awaited = nodes
    .slice(0, Math.max(0, first))
    .flatMap(({ outputs }) => outputs)
    .findLast(({ id, dtype }) => dtype === 'float32' && gradients.has(id));
  if (!awaited) return;

  const wanted = new Set(
    [...readers].flatMap(({ inputs }) => inputs.map(({ id }) => id)).filter((id) => forgotten.has(id)),
  );
  const repeated = members
    .toReversed()
    .filter(({ inputs, outputs }) => {
      if (!outputs.some(({ id }) => wanted.has(id))) return false;
      for (const { id } of inputs) if (forgotten.has(id)) wanted.add(id);
      return true;
    })
    .reverse();
  const { nodes: again, copies } = withScope(awaited.program, `${layer}/again`, () =>
    copiesOf(repeated, wanted, awaited),
  );
  const replaced = nodes.map((node) =>
    readers.has(node) ? { ...node, inputs: node.inputs.map((value) => copies.get(value.id) ?? value) } : node,
  );
  nodes.splice(0, nodes.length, ...replaced.toSpliced(first, 0, ...again));
}

/** Without what is computed from weights and constants alone, which is small and the same for all batches. */
function withoutFixed(members: readonly Node[]): readonly Node[] {
  const fixed = new Set<number>();
  return members.filter(({ inputs, outputs }) => {
    const isFixed = inputs.every(
      ({ id, source }) => source.kind === 'parameter' || source.kind === 'constant' || fixed.has(id),
    );
    if (isFixed) for (const { id } of outputs) fixed.add(id);
    return !isFixed;
  });
}

/** The nodes again, and what they make in the place of what. Whatever they begin with waits for the gradient. */
function copiesOf(
  repeated: readonly Node[],
  wanted: ReadonlySet<number>,
  awaited: Value,
): { readonly nodes: readonly Node[]; readonly copies: ReadonlyMap<number, Value> } {
  const { program: root } = awaited;
  const nodes: Node[] = [];
  const copies = new Map<number, Value>();
  const late = new Map<number, Value>();
  const lateOf = (value: Value): Value => {
    const before = root.nodes.length;
    const waiting = awaitValue(value, awaited);
    nodes.push(...root.nodes.splice(before));
    late.set(value.id, waiting);
    return waiting;
  };
  for (const node of repeated) {
    const inputs = node.inputs.map((value) => copies.get(value.id) ?? late.get(value.id) ?? value);
    if (inputs.every((value, index) => value === node.inputs[index])) {
      const place = smallest(inputs);
      inputs[place] = lateOf(inputs[place]!); // it is one of them
    }
    const outputs: Value[] = [];
    const copy: Node = { ...node, id: root.internal.nextId++, inputs, outputs };
    node.outputs.forEach((value, index) => {
      const made = newValue(root, value, { kind: 'node', node: copy, index });
      outputs.push(made);
      if (wanted.has(value.id)) copies.set(value.id, made);
    });
    nodes.push(copy);
  }
  return { nodes, copies };
}

function smallest(values: readonly Value[]): number {
  const sizes = values.map(({ shape, dtype }) => (dtype === 'bool' ? Infinity : elementCount(shape)));
  return sizes.indexOf(Math.min(...sizes));
}
