/**
 * What an op is: one definition that owns its shape inference, its vector-Jacobian product, its lowering to ONNX and to
 * TensorFlow.js, and its cost. `ops/` holds one file per family. Adding an op is one `defineOp` and a row in
 * `tests/numeric/`, which checks every registered op on both engines against float64 finite differences.
 */
import { LabError, isLabError } from '../../shared/errors.ts';
import { removeDeadCode } from './passes/dead-code.ts';
import { newValue, scopePath } from './program.ts';
import { elementCount, showShape } from './shape.ts';
import type { DType, Node, Op, OpAttributes, OpDefinition, Program, TensorType, Value } from './types.ts';

export type { Gradient, Op, OpAttributes, OpDefinition, TensorFlow } from './types.ts';

const registry = new Map<string, Op>();

/** Registers an op. Names are unique. */
export function defineOp<Attributes extends OpAttributes>(definition: OpDefinition<Attributes>): Op<Attributes> {
  if (registry.has(definition.name)) throw new LabError('internal', `the op ${definition.name} is defined twice`);
  registry.set(definition.name, definition);
  return definition;
}

/**
 * Every op that has been imported, by name.
 *
 * @public
 */
export function registeredOps(): ReadonlyMap<string, Op> {
  return registry;
}

/** Appends an application of `op` to the inputs' program and returns its outputs. */
export function applyAll<Attributes extends OpAttributes>(
  op: Op<Attributes>,
  inputs: readonly [Value, ...Value[]],
  attributes: Attributes,
): readonly Value[] {
  const program = inputs[0].program;
  const path = scopePath(program);
  if (inputs.some((value) => value.program !== program)) {
    throw new LabError('internal', `${path}: ${op.name}: the inputs belong to different programs`);
  }
  const outputs: Value[] = [];
  const node: Node<Attributes> = { id: program.internal.nextId++, op, inputs, attributes, outputs, path };
  inferTypes(op, inputs, attributes, path).forEach((type, index) => {
    outputs.push(newValue(program, type, { kind: 'node', node, index })); // attributes only widen
  });
  program.nodes.push(node);
  return outputs;
}

/** As `applyAll`, for ops with one output. */
export function apply<Attributes extends OpAttributes>(
  op: Op<Attributes>,
  inputs: readonly [Value, ...Value[]],
  attributes: Attributes,
): Value {
  return applyAll(op, inputs, attributes)[0]!; // every op has at least one output
}

/** The index-th input or output: the definition of an op knows how many there are. */
export function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) {
    throw new LabError('internal', `an op with ${String(list.length)} inputs was asked for number ${String(index)}`);
  }
  return item;
}

/** The type itself, when its dtype is float32. Throws `LabError('shape')` otherwise. */
export function requireFloat(type: TensorType, what = 'the input'): TensorType {
  return requireDtype(type, 'float32', what);
}

/** The type itself, when it has the dtype. Throws `LabError('shape')` otherwise. */
export function requireDtype(type: TensorType, dtype: DType, what = 'the input'): TensorType {
  if (type.dtype !== dtype) throw new LabError('shape', `${what} is ${type.dtype}, not ${dtype}`);
  return type;
}

/** Floating-point operations of one node. */
export function flopsOf(node: Node): number {
  return node.op.flops?.(node) ?? elementCount(node.outputs[0]?.shape ?? []);
}

/** Total floating-point operations of one execution, without what nothing reads. */
export function programFlops(program: Program): number {
  return removeDeadCode(program).nodes.reduce((sum, node) => sum + flopsOf(node), 0);
}

function inferTypes<Attributes extends OpAttributes>(
  op: Op<Attributes>,
  inputs: readonly Value[],
  attributes: Attributes,
  path: string,
): readonly TensorType[] {
  try {
    return op.infer(inputs, attributes);
  } catch (error) {
    if (!isLabError(error, 'shape')) throw error;
    const shapes = inputs.map((value) => value.shape);
    const place = path === '' ? op.name : `${path}: ${op.name}`;
    const given = shapes.length === 0 ? '' : ` (inputs ${shapes.map(showShape).join(' and ')})`;
    throw new LabError('shape', `${place}: ${error.message}${given}`, { path, op: op.name, shapes }, error);
  }
}
