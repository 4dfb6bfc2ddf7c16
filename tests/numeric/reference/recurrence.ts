/**
 * Recurrent cells in float64, one number at a time: forward as the papers write them, backward by the chain rule through
 * every gate. Shares no code with the ops.
 */
import type { OpAttributes } from '../../../src/main/graph/op.ts';
import type { Tensor64 } from './tensor.ts';
import { read, tabulate } from './tensor.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

type Vector = number[];

interface State {
  readonly hidden: Vector;
  readonly cell: Vector;
}

/** h·U, one number. */
function recur(hidden: Vector, weight: Tensor64, column: number): number {
  return hidden.reduce((sum, value, row) => sum + value * read(weight, [row, column]), 0);
}

/** Axes in another order: axis i of the result is axis `order[i]`. */
function moved(x: Tensor64, order: readonly number[]): Tensor64 {
  return tabulate(
    order.map((axis) => x.shape[axis]!),
    (place) =>
      read(
        x,
        order.map((_, axis) => place[order.indexOf(axis)]!),
      ),
  );
}

/** The ops have vectors as columns, [features, steps, batch] or [features, batch]; here they are rows. */
const rowsOf = (x: Tensor64): Tensor64 => moved(x, x.shape.length === 3 ? [1, 2, 0] : [1, 0]);
const columnsOf = (x: Tensor64): Tensor64 => moved(x, x.shape.length === 3 ? [2, 0, 1] : [1, 0]);

type Tuple8 = [number, number, number, number, number, number, number, number];

type Step = (
  x: Vector,
  state: State,
  weight: Tensor64,
  bias: Tensor64 | undefined,
  peepholes: readonly Tensor64[],
) => State;

const steps: Readonly<Record<string, Step>> = {
  rnn: (x, { hidden, cell }, weight) => ({
    hidden: hidden.map((_, j) => Math.tanh(x[j]! + recur(hidden, weight, j))),
    cell,
  }),
  lstm(x, { hidden, cell }, weight, _bias, peepholes) {
    const size = hidden.length;
    const gate = (index: number, j: number): number => x[index * size + j]! + recur(hidden, weight, index * size + j);
    const look = (index: number, j: number, at: number): number => (peepholes[index]?.data[j] ?? 0) * at;
    const next = cell.map((before, j) => {
      const input = sigmoid(gate(0, j) + look(0, j, before));
      const forget = sigmoid(gate(1, j) + look(1, j, before));
      return forget * before + input * Math.tanh(gate(2, j));
    });
    return { hidden: next.map((c, j) => sigmoid(gate(3, j) + look(2, j, c)) * Math.tanh(c)), cell: next };
  },
  gru(x, { hidden, cell }, weight, bias) {
    const size = hidden.length;
    const inner = (index: number, j: number): number =>
      recur(hidden, weight, index * size + j) + (bias?.data[index * size + j] ?? 0);
    return {
      hidden: hidden.map((before, j) => {
        const reset = sigmoid(x[j]! + inner(0, j));
        const update = sigmoid(x[size + j]! + inner(1, j));
        const candidate = Math.tanh(x[2 * size + j]! + reset * inner(2, j));
        return (1 - update) * candidate + update * before;
      }),
      cell,
    };
  },
};

function recurrence(inputs: readonly Tensor64[], { cell, reverse, hasPeepholes, hasMask }: OpAttributes): Tensor64[] {
  const list = [...inputs];
  const [projected, weight] = [rowsOf(list.shift()!), list.shift()!];
  const bias = cell === 'gru' ? list.shift() : undefined;
  const peepholes = hasPeepholes === true ? list.splice(0, 3) : [];
  const initialHidden = rowsOf(list.shift()!);
  const initialCell = cell === 'lstm' ? rowsOf(list.shift()!) : undefined;
  const mask = hasMask === true ? list.shift() : undefined;
  const [length, batch, width] = projected.shape as readonly [number, number, number];
  const features = weight.shape[0]!;
  const states: State[][] = [];
  const before: State[][] = [];
  const final: State[] = [];
  for (let row = 0; row < batch; row++) {
    const start = (tensor: Tensor64): Vector => Array.from({ length: features }, (_, j) => read(tensor, [row, j]));
    let state: State = {
      hidden: start(initialHidden),
      cell: initialCell ? start(initialCell) : new Array<number>(features).fill(0),
    };
    states[row] = [];
    before[row] = [];
    for (let index = 0; index < length; index++) {
      const time = reverse === true ? length - 1 - index : index;
      before[row]![time] = state;
      if (!mask || read(mask, [time, row]) > 0.5) {
        const x = Array.from({ length: width }, (_, column) => read(projected, [time, row, column]));
        state = steps[String(cell)]!(x, state, weight, bias, peepholes);
      }
      states[row]![time] = state;
    }
    final[row] = state;
  }
  const sequence = (from: State[][]): Tensor64 =>
    tabulate([length, batch, features], ([time, row, j]) => from[row!]![time!]!.hidden[j!]!);
  const last = (pick: keyof State): Tensor64 => tabulate([batch, features], ([row, j]) => final[row!]![pick][j!]!);
  return [sequence(states), last('hidden'), sequence(before), ...(cell === 'lstm' ? [last('cell')] : [])].map(
    columnsOf,
  );
}

/** Gate by gate: derivatives of the equations above, with the values that the forward pass has kept. */
function recurrenceGradient(inputs: readonly Tensor64[], attributes: OpAttributes): Tensor64[] {
  const { cell, reverse, hasPeepholes, hasMask, fromHidden, fromFinalHidden, fromFinalCell } = attributes;
  const list = [...inputs];
  const weight = list.shift()!;
  const peepholes = hasPeepholes === true ? list.splice(0, 3) : [];
  const mask = hasMask === true ? list.shift() : undefined;
  const previousHidden = rowsOf(list.shift()!);
  const saved = list.splice(0, { rnn: 1, lstm: 8, gru: 4 }[String(cell)]).map(rowsOf);
  const towardsHidden = fromHidden === true ? rowsOf(list.shift()!) : undefined;
  const towardsFinalHidden = fromFinalHidden === true ? rowsOf(list.shift()!) : undefined;
  const towardsFinalCell = fromFinalCell === true ? rowsOf(list.shift()!) : undefined;
  const [length, batch, features] = previousHidden.shape as readonly [number, number, number];
  const gates = weight.shape[1]! / features;
  const projected = tabulate([length, batch, gates * features], () => 0);
  const recurrent = tabulate([length, batch, gates * features], () => 0);
  const states = tabulate([length, batch, features], () => 0);
  const initialHidden = tabulate([batch, features], () => 0);
  const initialCell = tabulate([batch, features], () => 0);
  for (let row = 0; row < batch; row++) {
    const one = (tensor: Tensor64 | undefined): Vector =>
      Array.from({ length: features }, (_, j) => (tensor ? read(tensor, [row, j]) : 0));
    let hidden = one(towardsFinalHidden);
    const cellGradient = one(towardsFinalCell);
    for (let index = 0; index < length; index++) {
      const time = reverse === true ? index : length - 1 - index;
      const place = (time * batch + row) * features;
      hidden = hidden.map((value, j) => value + (towardsHidden?.data[place + j] ?? 0));
      hidden.forEach((value, j) => (states.data[place + j] = value));
      if (mask && read(mask, [time, row]) <= 0.5) continue;
      const direct: Vector = [];
      for (let j = 0; j < features; j++) {
        const [dh, h] = [hidden[j]!, previousHidden.data[place + j]!];
        const kept = saved.map(({ data }) => data[place + j]!) as Tuple8;
        const put = (values: readonly number[], target: Tensor64): void => {
          values.forEach(
            (value, gate) => (target.data[(time * batch + row) * gates * features + gate * features + j] = value),
          );
        };
        if (cell === 'rnn') {
          const [next] = kept;
          put([dh * (1 - next ** 2)], projected);
          put([dh * (1 - next ** 2)], recurrent);
        } else if (cell === 'gru') {
          const [r, z, n, q] = kept;
          const dn = dh * (1 - z) * (1 - n ** 2);
          const [dr, dz] = [dn * q * r * (1 - r), dh * (h - n) * z * (1 - z)];
          put([dr, dz, dn], projected);
          put([dr, dz, dn * r], recurrent);
          direct[j] = dh * z;
        } else {
          const [i, f, g, o, added, remaining, t, output] = kept; // added = i·g, remaining = f·c, output = o·t
          const [pi = 0, pf = 0, po = 0] = peepholes.map(({ data }) => data[j]!);
          const dzo = dh * output * (1 - o);
          const dc = cellGradient[j]! + dh * (o - output * t) + dzo * po;
          const dzi = dc * added * (1 - i);
          const dzf = dc * remaining * (1 - f);
          const dzg = dc * (i + added) * (1 - g);
          put([dzi, dzf, dzg, dzo], projected);
          put([dzi, dzf, dzg, dzo], recurrent);
          cellGradient[j] = dc * f + dzi * pi + dzf * pf;
        }
      }
      hidden = hidden.map((_, j) => {
        let total = direct[j] ?? 0;
        for (let column = 0; column < gates * features; column++) {
          total += recurrent.data[(time * batch + row) * gates * features + column]! * read(weight, [j, column]);
        }
        return total;
      });
    }
    hidden.forEach((value, j) => (initialHidden.data[row * features + j] = value));
    cellGradient.forEach((value, j) => (initialCell.data[row * features + j] = value));
  }
  return [projected, recurrent, states, initialHidden, ...(cell === 'lstm' ? [initialCell] : [])].map(columnsOf);
}

/** weightᵀ·x + bias of each column. */
function projectColumns([x, weight, bias]: readonly Tensor64[]): Tensor64[] {
  const inner = weight!.shape[0]!;
  const value = (row: number, column: number): number => {
    let total = bias!.data[row]!;
    for (let j = 0; j < inner; j++) total += read(weight!, [j, row]) * read(x!, [j, column]);
    return total;
  };
  return [tabulate([weight!.shape[1]!, x!.shape[1]!], ([row, column]) => value(row!, column!))];
}

export const recurrenceOps = {
  recurrence,
  'project-columns': projectColumns,
  'recurrence-gradient': recurrenceGradient,
};
