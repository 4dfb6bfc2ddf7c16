/**
 * Recurrences over time as one op, whose lowering unrolls them. A vector is a column here: sequences are [features, steps, batch],
 * so that no product of the forward or the backward pass has to turn a large operand around. The projection of the inputs is made beforehand, by one
 * product for all steps; the gradients of the recurrent weights are one product over the gradients of all steps. The
 * program, its differentiation and its passes see a handful of nodes, however long the sequence.
 */
import { LabError } from '../../../../shared/errors.ts';
import { applyAll, at, defineOp, requireFloat } from '../../op.ts';
import type { Node, TensorType, Value } from '../../program.ts';
import { constant } from '../../program.ts';
import { showShape, sizeAt } from '../../shape.ts';
import { reshape, sum } from '../broadcasting.ts';
import { multiply } from '../elementwise.ts';
import { matmul } from '../matmul.ts';
import { sliceAxis, transpose, zeros } from '../shape.ts';
import type { Arithmetic, SequenceShape } from './arithmetic.ts';
import { onnxArithmetic, tfjsArithmetic } from './arithmetic.ts';
import type { CellDefinition, CellName } from './cells.ts';
import { cells } from './cells.ts';
import type { SequenceInputs, SequenceWeights } from './sequence.ts';
import { differentiateSequence, runSequence } from './sequence.ts';

interface RecurrenceAttributes {
  readonly [name: string]: string | boolean;
  readonly cell: CellName;
  readonly reverse: boolean;
  readonly hasPeepholes: boolean;
  readonly hasMask: boolean;
}

interface GradientAttributes extends RecurrenceAttributes {
  /** Which outputs of the recurrence the loss depends on. */
  readonly fromHidden: boolean;
  readonly fromFinalHidden: boolean;
  readonly fromFinalCell: boolean;
}

/** Takes values off a list in the order in which they were put there. */
function reader<T>(list: readonly T[]): { next(): T; optional(present: boolean): T | undefined } {
  let index = 0;
  const next = (): T => at(list, index++);
  return { next, optional: (present) => (present ? next() : undefined) };
}

function weightsOf<T>(
  { next, optional }: ReturnType<typeof reader<T>>,
  { hasRecurrentBias }: CellDefinition,
  hasPeepholes: boolean,
): SequenceWeights<T> {
  const weight = next();
  const bias = optional(hasRecurrentBias);
  return { weight, bias, peepholes: hasPeepholes ? [next(), next(), next()] : undefined };
}

function inputsOf<T>(list: readonly T[], { cell, hasPeepholes, hasMask }: RecurrenceAttributes): SequenceInputs<T> {
  const definition = cells[cell];
  const from = reader(list);
  const projected = from.next();
  const weights = weightsOf(from, definition, hasPeepholes);
  const initial = { hidden: from.next(), cell: from.optional(definition.hasCellState) };
  return { projected, weights, initial, mask: from.optional(hasMask) };
}

/** Of a sequence [features, steps, batch]. */
function shapeOf({ shape }: TensorType): SequenceShape {
  return { features: sizeAt(shape, 0), steps: sizeAt(shape, 1), batch: sizeAt(shape, 2) };
}

/** What has been computed by the forward op, in the order of its outputs. */
function resultsOf<T>(list: readonly T[], { hasCellState, saved }: CellDefinition) {
  const from = reader(list);
  return {
    hidden: from.next(),
    finalHidden: from.next(),
    previousHidden: from.next(),
    finalCell: from.optional(hasCellState),
    cells: from.optional(hasCellState),
    previousCell: from.optional(hasCellState),
    saved: Array.from({ length: saved }, () => from.next()),
  };
}

function forward<T>(a: Arithmetic<T>, inputs: readonly T[], { outputs, attributes }: Node<RecurrenceAttributes>): T[] {
  const settings = {
    definition: cells[attributes.cell],
    shape: shapeOf(at(outputs, 0)),
    reverse: attributes.reverse,
  };
  const { hidden, final, previousHidden, ...results } = runSequence(a, settings, inputsOf(inputs, attributes));
  return [
    hidden,
    final.hidden,
    previousHidden,
    final.cell,
    results.cells,
    results.previousCell,
    ...results.saved,
  ].filter((result) => result !== undefined);
}

function inferRecurrence(inputs: readonly TensorType[], attributes: RecurrenceAttributes): readonly TensorType[] {
  const { projected, weights, initial, mask } = inputsOf(
    inputs.map((type) => requireFloat(type)),
    attributes,
  );
  const { gates, hasCellState, saved } = cells[attributes.cell];
  const [width, steps, batch] = projected.shape;
  const features = sizeAt(weights.weight.shape, 0);
  const expect = (type: TensorType | undefined, shape: readonly (number | undefined)[], what: string): void => {
    if (type && showShape(type.shape) !== `[${shape.join(', ')}]`) {
      throw new LabError(
        'shape',
        `${what} of a recurrence must be [${shape.join(', ')}], not ${showShape(type.shape)}`,
      );
    }
  };
  if (projected.shape.length !== 3 || width !== gates * features) {
    throw new LabError(
      'shape',
      `a recurrence of ${String(features)} features with ${String(gates)} gates needs projections [${String(gates * features)}, steps, batch]`,
    );
  }
  expect(weights.weight, [features, gates * features], 'the weights');
  expect(weights.bias, [gates * features], 'the bias');
  for (const peephole of weights.peepholes ?? []) expect(peephole, [features], 'a peephole');
  expect(initial.hidden, [features, batch], 'the initial state');
  expect(initial.cell, [features, batch], 'the initial cell state');
  expect(mask, [steps, batch], 'the mask');
  const sequence: TensorType = {
    dtype: 'float32',
    shape: [features, ...projected.shape.slice(1)],
  };
  const state: TensorType = { dtype: 'float32', shape: [features, sizeAt(projected.shape, 2)] };
  const cellStates = hasCellState ? [state, sequence, sequence] : [];
  return [sequence, state, sequence, ...cellStates, ...Array.from({ length: saved }, () => sequence)];
}

const recurrenceOp = defineOp<RecurrenceAttributes>({
  name: 'recurrence',
  infer: inferRecurrence,
  gradient(node, outputs, needed) {
    const { attributes } = node;
    const definition = cells[attributes.cell];
    const towards = resultsOf(
      node.outputs.map((_, index) => ({ gradient: outputs[index] })),
      definition,
    );
    const own = resultsOf(node.outputs, definition);
    const { weights, initial, mask } = inputsOf(node.inputs, attributes);
    const gradients = [towards.hidden.gradient, towards.finalHidden.gradient, towards.finalCell?.gradient];
    const used = gradients.filter((gradient) => gradient !== undefined);
    if (used.length !== outputs.filter((gradient) => gradient !== undefined).length) {
      throw new LabError('internal', 'only the hidden states and the final states of a recurrence have a gradient');
    }
    if (used.length === 0) return [];
    const operands = [
      weights.weight,
      ...(weights.peepholes ?? []),
      ...(mask ? [mask] : []),
      own.previousHidden,
      ...own.saved,
      ...used,
    ] as unknown as readonly [Value, ...Value[]]; // the weight is the first
    const list = applyAll(recurrenceGradientOp, operands, {
      ...attributes,
      fromHidden: gradients[0] !== undefined,
      fromFinalHidden: gradients[1] !== undefined,
      fromFinalCell: gradients[2] !== undefined,
    });
    const [towardsProjected, towardsRecurrent] = [at(list, 0), at(list, 1)];
    const parts = inputsOf(
      node.inputs.map((_, index) => index),
      attributes,
    );
    const needs = (index: number | undefined): boolean => index !== undefined && needed[index] === true;
    const columns = (x: Value): Value => reshape(x, [sizeAt(x.shape, 0), -1]);
    const recurrent = definition.hasRecurrentBias ? towardsRecurrent : towardsProjected;
    const peephole = (place: 0 | 1 | 2): Value => {
      const gate = [0, 1, 3][place]!; // the peepholes belong to the input, forget and output gate
      const features = sizeAt(own.hidden.shape, 0);
      const towardsGate = sliceAxis(towardsProjected, 0, gate * features, (gate + 1) * features);
      return sum(multiply(towardsGate, place === 2 ? own.cells! : own.previousCell!), [1, 2]); // an LSTM has cell states
    };
    return [
      needs(parts.projected) ? towardsProjected : undefined,
      needs(parts.weights.weight)
        ? matmul(columns(own.previousHidden), columns(recurrent), { transposeB: true })
        : undefined,
      ...(weights.bias ? [needs(parts.weights.bias) ? sum(recurrent, [1, 2]) : undefined] : []),
      ...(weights.peepholes
        ? ([0, 1, 2] as const).map((place) => (needs(parts.weights.peepholes?.[place]) ? peephole(place) : undefined))
        : []),
      needs(parts.initial.hidden) ? at(list, 3) : undefined,
      ...(initial.cell ? [needs(parts.initial.cell) ? at(list, 4) : undefined] : []),
      ...(mask ? [undefined] : []),
    ];
  },
  onnx: (emit, inputs, node) => forward(onnxArithmetic(emit), inputs, node),
  tfjs: (tf, inputs, node) => forward(tfjsArithmetic(tf), inputs, node),
  flops: ({ inputs, outputs, attributes }) => recurrenceFlops(attributes.cell, inputs, at(outputs, 0)),
});

/** Outputs: towards the projections, towards U·h + bias, ∂L/∂h_t of every step, towards the initial hidden and cell state. */
const recurrenceGradientOp = defineOp<GradientAttributes>({
  name: 'recurrence-gradient',
  infer(inputs, attributes) {
    const { previousHidden } = gradientInputs(inputs, attributes);
    const { gates, hasCellState } = cells[attributes.cell];
    const [features, steps, batch] = previousHidden.shape as readonly [number, number, number]; // made by the op above
    const towards: TensorType = { dtype: 'float32', shape: [gates * features, steps, batch] };
    const states: TensorType = { dtype: 'float32', shape: previousHidden.shape };
    const state: TensorType = { dtype: 'float32', shape: [features, batch] };
    return [towards, towards, states, state, ...(hasCellState ? [state] : [])];
  },
  onnx: (emit, inputs, node) => backward(onnxArithmetic(emit), inputs, node),
  tfjs: (tf, inputs, node) => backward(tfjsArithmetic(tf), inputs, node),
  flops: ({ inputs, outputs, attributes }) => recurrenceFlops(attributes.cell, inputs, at(outputs, 2)),
});

function gradientInputs<T>(list: readonly T[], attributes: GradientAttributes) {
  const definition = cells[attributes.cell];
  const from = reader(list);
  return {
    weights: weightsOf(from, { ...definition, hasRecurrentBias: false }, attributes.hasPeepholes),
    mask: from.optional(attributes.hasMask),
    previousHidden: from.next(),
    saved: Array.from({ length: definition.saved }, () => from.next()),
    towards: {
      hidden: from.optional(attributes.fromHidden),
      finalHidden: from.optional(attributes.fromFinalHidden),
      finalCell: from.optional(attributes.fromFinalCell),
    },
  };
}

function backward<T>(a: Arithmetic<T>, inputs: readonly T[], { outputs, attributes }: Node<GradientAttributes>): T[] {
  const definition = cells[attributes.cell];
  const settings = { definition, shape: shapeOf(at(outputs, 2)), reverse: attributes.reverse };
  const gradients = differentiateSequence(a, settings, gradientInputs(inputs, attributes));
  const { projected, recurrent, states, initial } = gradients;
  return [projected, recurrent, states, initial.hidden, ...(initial.cell === undefined ? [] : [initial.cell])];
}

/** One product a step, and about ten operations for each element of a gate. */
function recurrenceFlops(cell: CellName, _inputs: readonly TensorType[], sequence: TensorType): number {
  const { steps, batch, features } = shapeOf(sequence);
  return steps * batch * cells[cell].gates * features * (2 * features + 10);
}

export interface RecurrenceOptions {
  readonly cell: CellName;
  /** From the last step to the first; outputs are in the order of the input all the same. */
  readonly reverse?: boolean;
  /** Added to U·h, [3 · features]; the GRU has one. */
  readonly recurrentBias?: Value;
  /** Of the LSTM's input, forget and output gate, each [features]. */
  readonly peepholes?: readonly [Value, Value, Value];
  /** [batch, features] each; zeros by default. */
  readonly initialHidden?: Value;
  readonly initialCell?: Value;
  /** [steps, batch]: at steps that are 0 the state stays as it is. */
  readonly mask?: Value;
}

export interface Recurrence {
  /** The state after each step, [features, steps, batch]. */
  readonly hidden: Value;
  /** [batch, features] each. */
  readonly finalHidden: Value;
  readonly finalCell: Value | undefined;
}

/**
 * Runs a recurrent cell over projections [gates · features, steps, batch] of its inputs (`projectColumns`), with recurrent weights
 * [features, gates · features]. Gates are in PyTorch's order: i, f, g, o for the LSTM and r, z, n for the GRU. Throws
 * `LabError('shape')`.
 */
export function recurrence(projected: Value, weight: Value, options: RecurrenceOptions): Recurrence {
  const { program } = projected;
  const { cell, reverse = false, peepholes, mask } = options;
  const definition: CellDefinition = cells[cell];
  const features = sizeAt(weight.shape, 0);
  const start = (given: Value | undefined): Value =>
    given ? transpose(given, [1, 0]) : zeros(program, [features, sizeAt(projected.shape, 2)]);
  const bias =
    options.recurrentBias ??
    constant(program, new Float32Array(definition.gates * features), [definition.gates * features]);
  const inputs: [Value, ...Value[]] = [
    projected,
    weight,
    ...(definition.hasRecurrentBias ? [bias] : []),
    ...(peepholes ?? []),
    start(options.initialHidden),
    ...(definition.hasCellState ? [start(options.initialCell)] : []),
    ...(mask ? [mask] : []),
  ];
  const attributes = { cell, reverse, hasPeepholes: peepholes !== undefined, hasMask: mask !== undefined };
  const { hidden, finalHidden, finalCell } = resultsOf(applyAll(recurrenceOp, inputs, attributes), definition);
  return {
    hidden,
    finalHidden: transpose(finalHidden, [1, 0]),
    finalCell: finalCell && transpose(finalCell, [1, 0]),
  };
}

/** ∂loss/∂h_t of every recurrence in a program that has gradients, [features, steps, batch], by the block that made it. */
export function recurrentStateGradients(nodes: readonly Node[]): ReadonlyMap<string, Value> {
  const found = nodes.filter(({ op }) => op.name === recurrenceGradientOp.name);
  return new Map(found.map(({ path, outputs }) => [path.replace(/\/gradient$/, ''), at(outputs, 2)]));
}
