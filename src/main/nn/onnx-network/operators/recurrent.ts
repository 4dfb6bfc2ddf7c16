/**
 * Recurrent layers. ONNX has the gates in another order than we do (LSTM: i, o, f, c; GRU: z, r, h), weights as [directions,
 * gates · features, …], and steps first. What is PyTorch's cell becomes our op; other activations, clipping and the reset gate
 * of Cho et al. 2014 are unrolled step by step.
 */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import {
  add,
  broadcastTo,
  columnsOfSteps,
  concat,
  constant,
  less,
  projectColumns,
  recurrence,
  reshape,
  sizeAt,
  slice,
  sliceAxis,
  split,
  stack,
  stepsOfColumns,
  transpose,
  cast,
  zeros,
} from '../../../graph/index.ts';
import { isHost } from '../operand.ts';
import type { Operator, Step } from '../step.ts';
import { defaultActivations, unroll } from './unrolled.ts';

/** For each of our gates, where ONNX has it. */
const gateOrders = { RNN: [0], LSTM: [0, 2, 3, 1], GRU: [1, 0, 2] } as const;
const cellNames = { RNN: 'rnn', LSTM: 'lstm', GRU: 'gru' } as const;

/** Every step is a part of the program. */
const mostSteps = 20_000;

export type CellOp = keyof typeof gateOrders;

interface Direction {
  /** [gates · features], as the projection of the inputs is made: [inputs, gates · features]. */
  readonly inputWeight: Value;
  /** [features, gates · features] */
  readonly recurrentWeight: Value;
  readonly inputBias: Value | undefined;
  readonly recurrentBias: Value | undefined;
  readonly initialHidden: Value | undefined;
  readonly initialCell: Value | undefined;
  readonly peepholes: readonly [Value, Value, Value] | undefined;
}

/** The part of a direction, [directions, …] → […]. */
const of = (x: Value, direction: number): Value => reshape(sliceAxis(x, 0, direction, direction + 1), x.shape.slice(1));

/** Blocks of `features` along the first axis in another order. */
function reorder(x: Value, features: number, order: readonly number[]): Value {
  const [first, ...rest] = order.map((gate) => sliceAxis(x, 0, gate * features, (gate + 1) * features));
  return concat([first!, ...rest], 0); // a cell has a gate
}

function stateOf(step: Step, index: number, direction: number, batch: number, batchFirst: boolean): Value | undefined {
  if (!step.inputs[index]) return undefined;
  const given = batchFirst ? transpose(step.value(index), [1, 0, 2]) : step.value(index);
  const state = of(given, direction);
  return broadcastTo(state, [batch, sizeAt(state.shape, 1)]); // a fixed state may have been written down for one example
}

function directionOf(step: Step, op: CellOp, direction: number, batch: number, batchFirst: boolean): Direction {
  const recurrent = of(step.value(2), direction);
  const features = sizeAt(recurrent.shape, 1);
  const order = gateOrders[op];
  const width = order.length * features;
  const matrix = (x: Value): Value => transpose(reorder(x, features, order), [1, 0]);
  const bias = step.inputs[3] && of(step.value(3), direction);
  const half = (index: 0 | 1): Value | undefined =>
    bias && reorder(slice(bias, [index * width], [(index + 1) * width]), features, order);
  const peepholes = step.inputs[7] && split(of(step.value(7), direction), 0, 3);
  return {
    inputWeight: matrix(of(step.value(1), direction)),
    recurrentWeight: matrix(recurrent),
    inputBias: half(0),
    recurrentBias: half(1),
    initialHidden: stateOf(step, 5, direction, batch, batchFirst),
    initialCell: op === 'LSTM' ? stateOf(step, 6, direction, batch, batchFirst) : undefined,
    // ONNX: input, output, forget.
    peepholes: peepholes && [peepholes[0]!, peepholes[2]!, peepholes[1]!],
  };
}

/** [steps, batch], 1 where a sequence goes on; undefined where all are as long as they can be. */
function maskOf(step: Step, steps: number, batch: number): Value | undefined {
  const lengths = step.inputs[4];
  if (!lengths || (isHost(lengths) && lengths.data.every((length) => length >= steps))) return undefined;
  const places = constant(
    step.program,
    Int32Array.from({ length: steps }, (_, place) => place),
    [steps, 1],
  );
  return cast(less(broadcastTo(places, [steps, batch]), reshape(step.value(4), [1, batch])), 'float32');
}

const layer =
  (op: CellOp): Operator =>
  (step) => {
    const isBatchFirst = step.integer('layout', 0) !== 0;
    const x = isBatchFirst ? transpose(step.value(0), [1, 0, 2]) : step.value(0);
    const [steps, batch] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1)];
    if (steps > mostSteps) throw new LabError('too-large', `sequences of ${steps} steps are too long to be unrolled`);
    const word = step.text('direction', 'forward');
    const reverses = word === 'bidirectional' ? [false, true] : [word === 'reverse'];
    const mask = maskOf(step, steps, batch);
    const results = reverses.map((reverse, direction) => {
      const weights = directionOf(step, op, direction, batch, isBatchFirst);
      return isOurs(step, op, direction)
        ? withOurCell(op, x, weights, reverse, mask)
        : unrolled(step, op, x, weights, reverse, direction, mask);
    });
    const joined = (values: readonly Value[], axis: number): Value => stack(values as [Value, ...Value[]], axis); // one direction at least
    const hidden = joined(
      results.map((result) => result.hidden),
      isBatchFirst ? 2 : 1,
    );
    const axis = isBatchFirst ? 1 : 0;
    const cells = results.flatMap((result) => result.finalCell ?? []);
    return [
      isBatchFirst ? transpose(hidden, [1, 0, 2, 3]) : hidden,
      joined(
        results.map((result) => result.finalHidden),
        axis,
      ),
      cells.length > 0 ? joined(cells, axis) : undefined,
    ];
  };

/** Whether the cell is the one of PyTorch. */
function isOurs(step: Step, op: CellOp, direction: number): boolean {
  const usual = defaultActivations[op];
  const given = step.texts('activations')?.slice(direction * usual.length, (direction + 1) * usual.length) ?? usual;
  const isUsual = given.every((name, index) => name.toLowerCase() === usual[index]!.toLowerCase());
  const isReset = op !== 'GRU' || step.integer('linear_before_reset', 0) !== 0;
  return isUsual && isReset && step.float('clip', 0) === 0 && step.integer('input_forget', 0) === 0;
}

function withOurCell(
  op: CellOp,
  x: Value,
  weights: Direction,
  reverse: boolean,
  mask: Value | undefined,
): ReturnType<typeof recurrence> {
  const { inputBias, recurrentBias, initialHidden, initialCell, peepholes } = weights;
  // Only the GRU's second bias is something else than an addition to the first.
  const bias = op === 'GRU' || !inputBias || !recurrentBias ? inputBias : add(inputBias, recurrentBias);
  const none = zeros(x.program, [sizeAt(weights.inputWeight.shape, 1)]);
  const projected = projectColumns(columnsOfSteps(x), weights.inputWeight, bias ?? none);
  const result = recurrence(projected, weights.recurrentWeight, {
    cell: cellNames[op],
    reverse,
    ...(op === 'GRU' && recurrentBias && { recurrentBias }),
    ...(peepholes && { peepholes }),
    ...(initialHidden && { initialHidden }),
    ...(initialCell && { initialCell }),
    ...(mask && { mask }),
  });
  return { ...result, hidden: stepsOfColumns(result.hidden) };
}

function unrolled(
  step: Step,
  op: CellOp,
  x: Value,
  weights: Direction,
  reverse: boolean,
  direction: number,
  mask: Value | undefined,
): ReturnType<typeof recurrence> {
  if (weights.peepholes || mask) {
    throw new LabError(
      'bad-spec',
      `${op} with peepholes or lengths and a cell that is not the usual one cannot be read`,
    );
  }
  return unroll(step, op, x, { ...weights, reverse, direction });
}

export const recurrentOperators: Readonly<Record<string, Operator>> = {
  RNN: layer('RNN'),
  LSTM: layer('LSTM'),
  GRU: layer('GRU'),
};
