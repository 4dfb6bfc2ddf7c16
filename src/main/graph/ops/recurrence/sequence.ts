/**
 * A cell over a whole sequence, forward and backward, in any arithmetic: unrolled over time, with one small product a step.
 * Steps that a mask leaves out keep the state as it is.
 */
import type { Arithmetic, SequenceShape } from './arithmetic.ts';
import type { CellDefinition, CellState, CellWeights } from './cells.ts';

export interface SequenceSettings {
  readonly definition: CellDefinition;
  readonly shape: SequenceShape;
  /** From the last step to the first. */
  readonly reverse: boolean;
}

/** As the op has them. */
export interface SequenceWeights<T> {
  /** [features, gates · features] */
  readonly weight: T;
  /** [gates · features] */
  readonly bias: T | undefined;
  /** [features] each */
  readonly peepholes: readonly T[] | undefined;
}

export interface SequenceInputs<T> {
  /** [gates · features, steps, batch] */
  readonly projected: T;
  readonly weights: SequenceWeights<T>;
  readonly initial: CellState<T>;
  readonly mask: T | undefined;
}

/** Sequences are in the order of the input, whichever way the cell ran. */
export interface SequenceResults<T> {
  readonly hidden: T;
  readonly final: CellState<T>;
  /** The state before each step. */
  readonly previousHidden: T;
  readonly previousCell: T | undefined;
  readonly cells: T | undefined;
  readonly saved: readonly T[];
}

/** As a step of the forward pass reads them. */
function columnsOf<T>(a: Arithmetic<T>, { weight, bias, peepholes }: SequenceWeights<T>): CellWeights<T> {
  return {
    weight: a.transpose(weight),
    bias: bias === undefined ? undefined : a.column(bias),
    peepholes: peepholes?.map((peephole) => a.column(peephole)),
  };
}

function order({ shape: { steps }, reverse }: SequenceSettings): readonly number[] {
  return Array.from({ length: steps }, (_, index) => (reverse ? steps - 1 - index : index));
}

export function runSequence<T>(
  a: Arithmetic<T>,
  settings: SequenceSettings,
  { projected, weights, initial, mask }: SequenceInputs<T>,
): SequenceResults<T> {
  const { definition, shape } = settings;
  const inputs = a.unstack(projected, { ...shape, features: definition.gates * shape.features });
  const flags = mask === undefined ? undefined : a.flags(mask, shape.steps);
  const columns = columnsOf(a, weights);
  const hidden: T[] = [];
  const cellStates: T[] = [];
  const previous: CellState<T>[] = [];
  const saved: T[][] = Array.from({ length: definition.saved }, () => []);
  let state = initial;
  for (const time of order(settings)) {
    const step = definition.forward(a, inputs[time]!, state, columns); // as many as there are steps
    const flag = flags?.[time];
    const keep = (next: T, before: T): T => (flag === undefined ? next : a.choose(flag, next, before));
    previous[time] = state;
    state = {
      hidden: keep(step.hidden, state.hidden),
      cell: step.cell === undefined || state.cell === undefined ? undefined : keep(step.cell, state.cell),
    };
    hidden[time] = state.hidden;
    if (state.cell !== undefined) cellStates[time] = state.cell;
    step.saved.forEach((value, index) => (saved[index]![time] = value));
  }
  const { hasCellState } = definition;
  const stack = (steps: readonly T[]): T => a.stack(steps, shape);
  return {
    hidden: stack(hidden),
    final: state,
    previousHidden: stack(previous.map((one) => one.hidden)),
    previousCell: hasCellState ? stack(previous.map((one) => one.cell!)) : undefined,
    cells: hasCellState ? stack(cellStates) : undefined,
    saved: saved.map(stack),
  };
}

export interface SequenceGradientInputs<T> {
  readonly weights: SequenceWeights<T>;
  readonly mask: T | undefined;
  readonly previousHidden: T;
  readonly saved: readonly T[];
  /** ∂L/∂ each output, absent where nothing depends on it. */
  readonly towards: {
    readonly hidden: T | undefined;
    readonly finalHidden: T | undefined;
    readonly finalCell: T | undefined;
  };
}

export interface SequenceGradients<T> {
  readonly projected: T;
  readonly recurrent: T;
  readonly initial: { readonly hidden: T; readonly cell: T | undefined };
  /** ∂L/∂h_t in all: through the output of the step and through the later steps. */
  readonly states: T;
}

export function differentiateSequence<T>(
  a: Arithmetic<T>,
  settings: SequenceSettings,
  inputs: SequenceGradientInputs<T>,
): SequenceGradients<T> {
  const { definition, shape } = settings;
  const { weights, towards } = inputs;
  const flags = inputs.mask === undefined ? undefined : a.flags(inputs.mask, shape.steps);
  const previousHidden = a.unstack(inputs.previousHidden, shape);
  const saved = inputs.saved.map((sequence) => a.unstack(sequence, shape));
  const above = towards.hidden === undefined ? undefined : a.unstack(towards.hidden, shape);
  const plus = (x: T | undefined, y: T | undefined): T | undefined =>
    x === undefined ? y : y === undefined ? x : a.add(x, y);

  // The gradient reads the weights the other way round, so as they are.
  const columns = { ...weights, peepholes: weights.peepholes?.map((peephole) => a.column(peephole)) };

  const times = order(settings).toReversed();
  const projected: T[] = [];
  const recurrent: T[] = [];
  const states: T[] = [];
  let hidden = plus(towards.finalHidden, above?.[times[0]!]);
  let cell = towards.finalCell;
  for (const [index, time] of times.entries()) {
    // A loss that depends on the cell state alone says nothing about the last hidden state.
    const whole = hidden ?? a.subtract(cell!, cell!);
    states[time] = whole;
    const flag = flags?.[time];
    const active = (gradient: T): T => (flag === undefined ? gradient : a.choose(flag, gradient, undefined));
    const kept = (gradient: T | undefined): T | undefined =>
      flag === undefined || gradient === undefined ? undefined : a.choose(flag, undefined, gradient);
    const step = definition.backward(
      a,
      { hidden: active(whole), cell: cell === undefined ? undefined : active(cell) },
      saved.map((steps) => steps[time]!),
      previousHidden[time]!,
      columns,
    );
    projected[time] = step.projected;
    recurrent[time] = step.recurrent;
    const next = times[index + 1];
    const besides = plus(plus(step.direct, kept(whole)), next === undefined ? undefined : above?.[next]);
    hidden = a.product(weights.weight, step.recurrent, besides);
    cell = plus(step.cell, kept(cell));
  }
  const gates = { ...shape, features: definition.gates * shape.features };
  return {
    projected: a.stack(projected, gates),
    recurrent: a.stack(recurrent, gates),
    initial: { hidden: hidden!, cell }, // there is at least one step
    states: a.stack(states, shape),
  };
}
