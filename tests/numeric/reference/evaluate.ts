/** Evaluates programs in float64 with the reference ops, and differentiates them by central differences. */
import type { Program, Value } from '../../../src/main/graph/program.ts';
import { referenceOps } from './ops.ts';
import type { Tensor64 } from './tensor.ts';

/** Inputs and parameters of a program, by name. */
export type Given = Readonly<Record<string, Tensor64>>;

/** Values that are known, by their ids. */
type Known = Map<number, Tensor64>;

/** Computes values of one program; only the nodes they need are evaluated. Throws for an op without a reference. */
export function evaluate(values: readonly Value[], given: Given): readonly Tensor64[] {
  const known: Known = new Map();
  return values.map((value) => {
    compute(neededNodes(value), known, given);
    return known.get(value.id) ?? leaf(value, given);
  });
}

/** Adds what is not known yet. */
function compute(nodes: Program['nodes'], known: Known, given: Given): void {
  for (const node of nodes) {
    if (known.has(node.outputs[0]!.id)) continue;
    const reference = referenceOps[node.op.name];
    if (!reference) throw new Error(`the op ${node.op.name} has no reference in tests/numeric/reference/ops.ts`);
    const outputs = reference(
      node.inputs.map((input) => known.get(input.id) ?? leaf(input, given)),
      node.attributes,
    );
    node.outputs.forEach((output, index) => known.set(output.id, outputs[index]!));
  }
}

function neededNodes(value: Value): Program['nodes'] {
  const needed = new Set([value.id]);
  return value.program.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some(({ id }) => needed.has(id))) return false;
      for (const { id } of node.inputs) needed.add(id);
      return true;
    })
    .reverse();
}

function leaf(value: Value, given: Given): Tensor64 {
  const { source, shape } = value;
  if (source.kind === 'constant') return { shape, data: Float64Array.from(source.data) };
  const name = nameOf(value);
  const tensor = given[name];
  if (!tensor) throw new Error(`nothing was given for '${name}'`);
  return tensor;
}

function nameOf({ source }: Value): string {
  return source.kind === 'input' ? source.name : source.kind === 'parameter' ? source.parameter.name : '';
}

/** ∂loss/∂given[name] at some positions, by central differences in float64: the error is of the order of step². */
export function centralDifferences(
  loss: Value,
  given: Given,
  name: string,
  positions: readonly number[],
  step = 1e-5,
): Float64Array {
  const nodes = neededNodes(loss);
  const moving = new Set<number>();
  for (const { inputs, outputs } of nodes) {
    if (inputs.some((value) => nameOf(value) === name || moving.has(value.id))) {
      for (const { id } of outputs) moving.add(id);
    }
  }
  const still: Known = new Map(); // what does not depend on it, once
  compute(
    nodes.filter(({ outputs }) => !moving.has(outputs[0]!.id)),
    still,
    given,
  );
  const at = (position: number, change: number): number => {
    const moved = given[name]!.data.slice();
    moved[position]! += change;
    const known = new Map(still);
    const changed = { ...given, [name]: { shape: given[name]!.shape, data: moved } };
    compute(nodes, known, changed);
    return (known.get(loss.id) ?? leaf(loss, changed)).data[0]!;
  };
  return Float64Array.from(positions, (position) => (at(position, step) - at(position, -step)) / (2 * step));
}
