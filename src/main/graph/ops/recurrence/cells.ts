/**
 * The equations of the recurrent cells, forward and backward, for one step. Vectors are columns. A projection W·x_t + b of the input
 * comes in; the recurrent weights U are [gates · features, features], one gate below the other in PyTorch's order. A new cell is one
 * more entry in the table.
 */
import type { Arithmetic } from './arithmetic.ts';

/** What stays the same from step to step. */
export interface CellWeights<T> {
  readonly weight: T;
  /** Added to U·h, [gates · features, 1]. Where a cell adds it to the projection anyway, it has none of its own. */
  readonly bias: T | undefined;
  /** Of the input, forget and output gate, each [features, 1]; LSTM only. */
  readonly peepholes: readonly T[] | undefined;
}

/** The state between two steps; `cell` is the LSTM's second one. */
export interface CellState<T> {
  readonly hidden: T;
  readonly cell: T | undefined;
}

export interface CellStep<T> extends CellState<T> {
  /** What the backward pass needs of this step, as many as `saved` says. */
  readonly saved: readonly T[];
}

export interface CellGradient<T> {
  /** Towards the projection of the input, [gates · features, batch]. */
  readonly projected: T;
  /** Towards U·h + bias, where that is something else. */
  readonly recurrent: T;
  /** Towards the previous hidden state besides what flows through U. */
  readonly direct: T | undefined;
  /** Towards the previous cell state. */
  readonly cell: T | undefined;
}

export interface CellDefinition {
  readonly gates: number;
  readonly hasCellState: boolean;
  readonly hasRecurrentBias: boolean;
  /** Number of tensors of a step that the backward pass reads. */
  readonly saved: number;
  forward<T>(a: Arithmetic<T>, projected: T, state: CellState<T>, weights: CellWeights<T>): CellStep<T>;
  /** Given ∂L/∂h_t in all, ∂L/∂c_t of the later steps, what was saved of the step, and the hidden state before it. */
  backward<T>(
    a: Arithmetic<T>,
    towards: { readonly hidden: T; readonly cell: T | undefined },
    saved: readonly T[],
    previousHidden: T,
    weights: CellWeights<T>,
  ): CellGradient<T>;
}

/** ∂sigmoid = s(1 − s), times what comes from above. */
function throughSigmoid<T>(a: Arithmetic<T>, gradient: T, s: T): T {
  return a.multiply(gradient, a.multiply(s, a.oneMinus(s)));
}

/** ∂tanh = 1 − t², times what comes from above. */
function throughTanh<T>(a: Arithmetic<T>, gradient: T, t: T): T {
  return a.multiply(gradient, a.oneMinus(a.multiply(t, t)));
}

/** h' = tanh(x + U·h) (Elman 1990). */
const rnn: CellDefinition = {
  gates: 1,
  hasCellState: false,
  hasRecurrentBias: false,
  saved: 1,
  forward(a, projected, { hidden }, { weight }) {
    const next = a.tanh(a.product(weight, hidden, projected));
    return { hidden: next, cell: undefined, saved: [next] };
  },
  backward(a, { hidden }, [next]) {
    const inner = throughTanh(a, hidden, next!); // one tensor is saved
    return { projected: inner, recurrent: inner, direct: undefined, cell: undefined };
  },
};

/**
 * i, f, o = σ, g = tanh of x + U·h; c' = f∘c + i∘g; h' = o∘tanh(c') (Hochreiter & Schmidhuber 1997, with the forget gate of
 * Gers et al. 2000). Peepholes let i and f look at c, and o at c' (Gers & Schmidhuber 2000).
 *
 * A step of the backward pass is many small operations, each of which costs more to start than to compute. So it works on the
 * four gates at once, and reuses the products of the forward pass: with k = i∘g and d = ∂L/∂c', the gradients towards the gates
 * are d∘(1 − i)∘k, d∘(1 − f)∘f∘c, d∘(1 − g)∘(i + k) and ∂L/∂h'∘(1 − o)∘h', and ∂h'/∂c' = o − h'∘tanh(c').
 */
const lstm: CellDefinition = {
  gates: 4,
  hasCellState: true,
  hasRecurrentBias: false,
  saved: 8,
  forward<T>(a: Arithmetic<T>, projected: T, state: CellState<T>, { weight, peepholes }: CellWeights<T>): CellStep<T> {
    const cell = state.cell as T; // an LSTM has one
    const look = (gate: T, place: number, at: T): T =>
      peepholes ? a.add(gate, a.multiply(at, peepholes[place]!)) : gate;
    const [zi, zf, zg, zo] = a.split(a.product(weight, state.hidden, projected), 4) as Four<T>; // as many parts as asked for
    const i = a.sigmoid(look(zi, 0, cell));
    const f = a.sigmoid(look(zf, 1, cell));
    const g = a.tanh(zg);
    const [kept, added] = [a.multiply(f, cell), a.multiply(i, g)];
    const next = a.add(kept, added);
    const o = a.sigmoid(look(zo, 2, next));
    const t = a.tanh(next);
    const hidden = a.multiply(o, t);
    return { hidden, cell: next, saved: [i, f, g, o, added, kept, t, hidden] };
  },
  backward(a, towards, saved, _previousHidden, { peepholes }) {
    const [i, f, g, o, added, kept, t, hidden] = saved as Eight<(typeof saved)[number]>; // what forward saved
    let d = a.multiply(towards.hidden, a.subtract(o, a.multiply(hidden, t)));
    if (towards.cell !== undefined) d = a.add(d, towards.cell);
    if (peepholes) {
      const towardsOutputGate = a.multiply(towards.hidden, a.multiply(hidden, a.oneMinus(o)));
      d = a.add(d, a.multiply(towardsOutputGate, peepholes[2]!));
    }
    const slopes = a.multiply(a.oneMinus(a.concat([i, f, g, o])), a.concat([added, kept, a.add(i, added), hidden]));
    const gates = a.multiply(a.concat([d, d, d, towards.hidden]), slopes);
    let cell = a.multiply(d, f);
    if (peepholes) {
      const [dzi, dzf] = a.split(gates, 4) as Four<typeof gates>; // as many parts as asked for
      cell = a.add(cell, a.add(a.multiply(dzi, peepholes[0]!), a.multiply(dzf, peepholes[1]!)));
    }
    return { projected: gates, recurrent: gates, direct: undefined, cell };
  },
};

/**
 * r, z = σ(x + U·h + b); n = tanh(x + r∘(U·h + b)); h' = (1 − z)∘n + z∘h: the reset gate acts after the product, as in cuDNN
 * and PyTorch and unlike Cho et al. 2014, so that all of U·h is one product.
 */
const gru: CellDefinition = {
  gates: 3,
  hasCellState: false,
  hasRecurrentBias: true,
  saved: 4,
  forward(a, projected, { hidden }, { weight, bias }) {
    const [xr, xz, xn] = a.split(projected, 3) as Three<typeof hidden>; // as many parts as asked for
    const [hr, hz, q] = a.split(a.product(weight, hidden, bias), 3) as Three<typeof hidden>; // as many parts as asked for
    const r = a.sigmoid(a.add(xr, hr));
    const z = a.sigmoid(a.add(xz, hz));
    const n = a.tanh(a.add(xn, a.multiply(r, q)));
    const next = a.add(n, a.multiply(z, a.subtract(hidden, n)));
    return { hidden: next, cell: undefined, saved: [r, z, n, q] };
  },
  backward(a, { hidden }, saved, previousHidden) {
    const [r, z, n, q] = saved as Four<(typeof saved)[number]>; // what forward saved
    const dz = throughSigmoid(a, a.multiply(hidden, a.subtract(previousHidden, n)), z);
    const direct = a.multiply(hidden, z);
    const dn = throughTanh(a, a.subtract(hidden, direct), n);
    const dr = throughSigmoid(a, a.multiply(dn, q), r);
    return {
      projected: a.concat([dr, dz, dn]),
      recurrent: a.concat([dr, dz, a.multiply(dn, r)]),
      direct,
      cell: undefined,
    };
  },
};

// As many as `split` and `saved` were asked for.
type Three<T> = readonly [T, T, T];
type Four<T> = readonly [T, T, T, T];
type Eight<T> = readonly [T, T, T, T, T, T, T, T];

export const cells = { rnn, lstm, gru } as const satisfies Readonly<Record<string, CellDefinition>>;

export type CellName = keyof typeof cells;
