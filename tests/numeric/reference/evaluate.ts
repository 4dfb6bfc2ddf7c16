/** Evaluates programs in float64 with the reference ops, and differentiates them by central differences. */
import type { Program, Value } from '../../../src/main/graph/program.ts';
import { referenceOps } from './ops.ts';
import type { Tensor64 } from './tensor.ts';

/** Inputs and parameters of a program, by name. */
export type Given = Readonly<Record<string, Tensor64>>;

/** Computes values of one program; only the nodes they need are evaluated. Throws for an op without a reference. */
export function evaluate(values: readonly Value[], given: Given): readonly Tensor64[] {
  const known = new Map<number, Tensor64>();
  return values.map((value) => {
    for (const node of neededNodes(value)) {
      if (known.has(node.outputs[0]!.id)) continue;
      const reference = referenceOps[node.op.name];
      if (!reference) throw new Error(`the op ${node.op.name} has no reference in tests/numeric/reference/ops.ts`);
      const outputs = reference(
        node.inputs.map((input) => known.get(input.id) ?? leaf(input, given)),
        node.attributes,
      );
      node.outputs.forEach((output, index) => known.set(output.id, outputs[index]!));
    }
    return known.get(value.id) ?? leaf(value, given);
  });
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

function leaf({ source, shape }: Value, given: Given): Tensor64 {
  if (source.kind === 'constant') return { shape, data: Float64Array.from(source.data) };
  const name = source.kind === 'input' ? source.name : source.kind === 'parameter' ? source.parameter.name : '';
  const tensor = given[name];
  if (!tensor) throw new Error(`nothing was given for '${name}'`);
  return tensor;
}

/** ∂loss/∂given[name] at some positions, by central differences in float64: the error is of the order of step². */
export function centralDifferences(
  loss: Value,
  given: Given,
  name: string,
  positions: readonly number[],
  step = 1e-5,
): Float64Array {
  const at = (position: number, change: number): number => {
    const moved = given[name]!.data.slice();
    moved[position]! += change;
    return evaluate([loss], { ...given, [name]: { shape: given[name]!.shape, data: moved } })[0]!.data[0]!;
  };
  return Float64Array.from(positions, (position) => (at(position, step) - at(position, -step)) / (2 * step));
}
