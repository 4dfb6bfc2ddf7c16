/** Recurrent cells with other equations than ours, step by step in ops: Keras' GRU, cells with ReLU, clipped ones. */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import {
  add,
  constant,
  dense,
  divide,
  absolute,
  matmul,
  maximum,
  minimum,
  multiply,
  relu,
  reshape,
  scale,
  shift,
  sigmoid,
  sizeAt,
  sliceAxis,
  softplus,
  split,
  stack,
  subtract,
  tanh,
  zeros,
} from '../../../graph/index.ts';
import type { Recurrence } from '../../../graph/index.ts';
import type { Step } from '../step.ts';

export const defaultActivations = {
  RNN: ['Tanh'],
  LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
  GRU: ['Sigmoid', 'Tanh'],
} as const;

type Activation = (x: Value) => Value;

/** By lower-case name; some take a factor and an offset. */
function activationNamed(name: string, alpha: number | undefined, beta: number | undefined): Activation {
  switch (name.toLowerCase()) {
    case 'tanh':
      return tanh;
    case 'sigmoid':
      return sigmoid;
    case 'relu':
      return relu;
    case 'softplus':
      return softplus;
    case 'softsign':
      return (x) => divide(x, shift(absolute(x), 1));
    case 'affine':
      return (x) => shift(scale(x, alpha ?? 1), beta ?? 0);
    case 'leakyrelu':
      return (x) => subtract(relu(x), scale(relu(scale(x, -1)), alpha ?? 0.01));
    case 'hardsigmoid':
      return (x) => within(shift(scale(x, alpha ?? 0.2), beta ?? 0.5), 0, 1);
    case 'scaledtanh':
      return (x) => scale(tanh(scale(x, beta ?? 1)), alpha ?? 1);
    default:
      throw new LabError('bad-spec', `the activation '${name}' is unknown`);
  }
}

const within = (x: Value, low: number, high: number): Value =>
  minimum(maximum(x, constant(x.program, low)), constant(x.program, high));

export interface UnrolledWeights {
  /** [inputs, gates · features] and [features, gates · features], gates in our order. */
  readonly inputWeight: Value;
  readonly recurrentWeight: Value;
  readonly inputBias: Value | undefined;
  readonly recurrentBias: Value | undefined;
  readonly initialHidden: Value | undefined;
  readonly initialCell: Value | undefined;
  readonly reverse: boolean;
  /** Number of the direction: activations are listed for each. */
  readonly direction: number;
}

interface State {
  readonly hidden: Value;
  readonly cell: Value | undefined;
}

/** The states after each step of x [steps, batch, inputs]. Throws `LabError('bad-spec')` for an activation that is not known. */
export function unroll(
  step: Step,
  op: keyof typeof defaultActivations,
  x: Value,
  weights: UnrolledWeights,
): Recurrence {
  const [steps, batch] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1)];
  const features = sizeAt(weights.recurrentWeight.shape, 0);
  const projected = dense(x, weights.inputWeight, weights.inputBias);
  const next = cellOf(step, op, weights);
  const start = (): Value => zeros(step.program, [batch, features]);
  let state: State = {
    hidden: weights.initialHidden ?? start(),
    cell: op === 'LSTM' ? (weights.initialCell ?? start()) : undefined,
  };
  const hidden: Value[] = [];
  for (let index = 0; index < steps; index++) {
    const place = weights.reverse ? steps - 1 - index : index;
    state = next(reshape(sliceAxis(projected, 0, place, place + 1), [batch, -1]), state);
    hidden[place] = state.hidden;
  }
  return { hidden: stack(hidden as [Value, ...Value[]]), finalHidden: state.hidden, finalCell: state.cell }; // a sequence has a step
}

function cellOf(
  step: Step,
  op: keyof typeof defaultActivations,
  { recurrentWeight, recurrentBias, direction }: UnrolledWeights,
): (projected: Value, state: State) => State {
  const usual = defaultActivations[op];
  const names = step.texts('activations')?.slice(direction * usual.length, (direction + 1) * usual.length) ?? usual;
  const [alphas, betas] = [step.list('activation_alpha'), step.list('activation_beta')];
  const f = names.map((name, index) => activationNamed(name, alphas?.[index], betas?.[index]));
  const limit = step.float('clip', 0);
  const clipped = (x: Value): Value => (limit > 0 ? within(x, -limit, limit) : x);
  const [gate, inner, outer] = [f[0]!, f[1] ?? f[0]!, f[2] ?? f[1] ?? f[0]!]; // a cell has an activation
  const features = sizeAt(recurrentWeight.shape, 0);
  switch (op) {
    case 'RNN':
      return (projected, { hidden }) => ({
        hidden: gate(clipped(add(projected, dense(hidden, recurrentWeight, recurrentBias)))),
        cell: undefined,
      });
    case 'LSTM': {
      const isCoupled = step.integer('input_forget', 0) !== 0;
      return (projected, { hidden, cell }) => {
        const gates = split(clipped(add(projected, dense(hidden, recurrentWeight, recurrentBias))), 1, 4);
        const [i, forget, g, o] = [gate(gates[0]!), gate(gates[1]!), inner(gates[2]!), gate(gates[3]!)]; // four parts
        const f = isCoupled ? subtract(constant(step.program, 1), i) : forget;
        const next = add(multiply(f, cell!), multiply(i, g)); // an LSTM has one
        return { hidden: multiply(o, outer(next)), cell: next };
      };
    }
    case 'GRU': {
      const resetsAfter = step.integer('linear_before_reset', 0) !== 0;
      const [early, late] = split(recurrentWeight, 1, [2 * features, features]);
      const [earlyBias, lateBias] = recurrentBias ? split(recurrentBias, 0, [2 * features, features]) : [];
      return (projected, { hidden }) => {
        const [x, xn] = split(projected, 1, [2 * features, features]);
        const [r, z] = split(gate(clipped(add(x!, dense(hidden, early!, earlyBias)))), 1, 2); // two parts
        const memory = resetsAfter
          ? multiply(r!, dense(hidden, late!, lateBias))
          : withBias(matmul(multiply(r!, hidden), late!), lateBias);
        const n = inner(clipped(add(xn!, memory)));
        return { hidden: add(n, multiply(z!, subtract(hidden, n))), cell: undefined };
      };
    }
  }
}

const withBias = (x: Value, bias: Value | undefined): Value => (bias ? add(x, bias) : x);
