/** Cutting out, joining, padding and looking up. */
import { LabError } from '../../../../shared/errors.ts';
import type { Shape, Value } from '../../../graph/index.ts';
import {
  batchGather,
  constant,
  gather,
  multiply,
  oneHot,
  pad,
  reshape,
  scale,
  shift,
  sizeAt,
  slice,
  sliceAxis,
  sum,
  transpose,
} from '../../../graph/index.ts';
import { normaliseAxis, showShape } from '../../../graph/shape.ts';
import type { HostTensor } from '../host-tensor.ts';
import { hostTensor, requireFew, stridesOf } from '../host-tensor.ts';
import type { Operand } from '../operand.ts';
import { concatOperands, isHost, reshapeOperand, takeOperand, valueOf } from '../operand.ts';
import type { Operator } from '../step.ts';

/** Starts, ends, axes and steps are attributes before opset 10; numbers beyond an axis mean its end. */
const cut: Operator = (step) => {
  let x = step.operand(0);
  const starts = step.list('starts') ?? step.integers(1) ?? [];
  const ends = step.list('ends') ?? step.integers(2) ?? [];
  const axes = step.list('axes') ?? step.integers(3) ?? starts.map((_, axis) => axis);
  const steps = step.integers(4) ?? starts.map(() => 1);
  axes.forEach((given, index) => {
    const axis = normaliseAxis(given, x.shape.length);
    x = takeRange(x, axis, starts[index] ?? 0, ends[index] ?? 0, steps[index] ?? 1);
  });
  return x;
};

function takeRange(x: Operand, axis: number, start: number, end: number, by: number): Operand {
  const size = sizeAt(x.shape, axis);
  const wrap = (place: number): number => (place < 0 ? place + size : place);
  const [lowest, highest] = by > 0 ? [0, size] : [-1, size - 1];
  const clamp = (place: number): number => Math.min(Math.max(place, lowest), highest);
  const [from, to] = [clamp(wrap(start)), clamp(wrap(end))];
  const count = Math.max(0, Math.ceil((to - from) / by));
  if (from === 0 && by === 1 && count === size) return x;
  requireFew(by === 1 ? 1 : count, 'what is cut out');
  if (by === 1 && count > 0 && !isHost(x)) return sliceAxis(x, axis, from, to);
  if (count === 0 && isHost(x)) return { ...x, shape: x.shape.with(axis, 0), data: new Float64Array(0) };
  return takeOperand(
    x,
    axis,
    Array.from({ length: count }, (_, index) => from + index * by),
  );
}

/** Sizes are an attribute before opset 13; equal parts, the last one smaller, since 18. */
const split: Operator = (step) => {
  const x = step.operand(0);
  const axis = normaliseAxis(step.integer('axis', 0), x.shape.length);
  const size = sizeAt(x.shape, axis);
  const parts = Math.min(step.integer('num_outputs', step.outputCount), step.outputCount);
  const whole = Math.ceil(size / parts);
  const equal = Array.from({ length: parts }, (_, index) => Math.min(whole, size - index * whole));
  const sizes = step.list('split') ?? step.integers(1) ?? equal;
  let start = 0;
  return sizes.map((length) => {
    const part = takeRange(x, axis, start, start + length, 1);
    start += length;
    return part;
  });
};

/** Places that are known are slices or rows; places that are fed are rows of the table along the first axis. */
const lookUp: Operator = (step) => {
  const [table, indices] = [step.operand(0), step.operand(1)];
  const axis = normaliseAxis(step.integer('axis', 0), table.shape.length);
  const shape = [...table.shape.slice(0, axis), ...indices.shape, ...table.shape.slice(axis + 1)];
  if (isHost(indices)) return reshapeOperand(takeOperand(table, axis, [...indices.data]), shape);
  const value = valueOf(step.program, table);
  const toFront = [axis, ...value.shape.map((_, other) => other).filter((other) => other !== axis)];
  const rows = gather(transpose(value, toFront), indices);
  const rank = indices.shape.length;
  const outer = Array.from({ length: axis }, (_, other) => rank + other);
  const inner = Array.from({ length: value.shape.length - axis - 1 }, (_, other) => rank + axis + other);
  return transpose(rows, [...outer, ...indices.shape.map((_, other) => other), ...inner]);
};

/** One element for each index along an axis; with places that are fed, as a product with their one-hot vectors. */
const lookUpElements: Operator = (step) => {
  const [x, indices] = [step.operand(0), step.operand(1)];
  const axis = normaliseAxis(step.integer('axis', 0), x.shape.length);
  if (isHost(x) && isHost(indices)) return elementsOf(x, indices, axis);
  const size = sizeAt(x.shape, axis);
  const chosen = oneHot(step.value(1), size);
  const table = reshape(step.value(0), x.shape.toSpliced(axis, 0, 1));
  const rank = x.shape.length;
  const last = [...table.shape.keys()].filter((other) => other !== axis + 1);
  const fits = x.shape.every((length, other) => other === axis || length === indices.shape[other]);
  if (!fits) throw new LabError('bad-spec', 'it takes elements of a part of its input: choose a layer before it');
  return sum(multiply(transpose(table, [...last, axis + 1]), chosen), [rank]);
};

function elementsOf(x: HostTensor, indices: HostTensor, axis: number): HostTensor {
  const [strides, own] = [stridesOf(x.shape), stridesOf(indices.shape)];
  return hostTensor(x.kind, indices.shape, (data) => {
    for (let position = 0; position < data.length; position++) {
      const place = indices.shape.reduce((total, size, other) => {
        const here = Math.floor(position / own[other]!) % size;
        const index = other === axis ? wrapped(indices.data[position]!, x.shape[axis]!) : here;
        return total + index * strides[other]!;
      }, 0);
      data[position] = x.data[place]!;
    }
  });
}

const wrapped = (index: number, size: number): number => (index < 0 ? index + size : index);

/** Rows at known places, or with one place for each example at places that are fed. */
const lookUpPlaces: Operator = (step) => {
  const [x, indices] = [step.operand(0), step.operand(1)];
  const depth = sizeAt(indices.shape, -1);
  const batchAxes = step.integer('batch_dims', 0);
  if (!isHost(indices)) {
    if (batchAxes === 1 && depth === 1 && indices.shape.length === 3) {
      return batchGather(step.value(0), reshape(indices, indices.shape.slice(0, -1)));
    }
    throw new LabError('bad-spec', 'its places depend on what the network is fed: choose a layer before it');
  }
  if (batchAxes !== 0) {
    throw new LabError('bad-spec', 'places of each example cannot be read: choose a layer before it');
  }
  const [outer, rest] = [x.shape.slice(0, depth), x.shape.slice(depth)];
  const strides = stridesOf(outer);
  const count = indices.data.length / depth;
  const places = Array.from({ length: count }, (_, row) =>
    outer.reduce((total, size, axis) => total + wrapped(indices.data[row * depth + axis]!, size) * strides[axis]!, 0),
  );
  const flat = reshapeOperand(x, [outer.reduce((a, b) => a * b, 1), ...rest]);
  return reshapeOperand(takeOperand(flat, 0, places), [...indices.shape.slice(0, -1), ...rest]);
};

const join: Operator = (step) =>
  concatOperands(
    step.program,
    step.inputs.map((_, index) => step.operand(index)),
    step.integer('axis', 0),
  );

/** Amounts are an attribute before opset 11, and negative ones cut off. */
const padAround: Operator = (step) => {
  const x = step.value(0);
  const rank = x.shape.length;
  const amounts = step.list('pads') ?? step.integers(1) ?? [];
  const axes = (step.integers(3) ?? [...x.shape.keys()]).map((axis) => normaliseAxis(axis, rank));
  const spread = (list: readonly number[]): number[] => x.shape.map((_, axis) => list[axes.indexOf(axis)] ?? 0);
  const [before, after] = [spread(amounts.slice(0, axes.length)), spread(amounts.slice(axes.length))];
  const mode = step.text('mode', 'constant');
  const cropped = crop(x, before, after);
  const added = (list: readonly number[]): number[] => list.map((amount) => Math.max(0, amount));
  const [head, tail] = [added(before), added(after)];
  if (mode === 'constant') return pad(cropped, head, tail, step.number(2) ?? step.float('value', 0));
  return x.shape.reduce<Operand>((value, _size, axis) => {
    if (head[axis] === 0 && tail[axis] === 0) return value;
    return takeOperand(value, axis, mirroredPlaces(value.shape, axis, head[axis]!, tail[axis]!, mode));
  }, cropped);
};

function crop(x: Value, before: readonly number[], after: readonly number[]): Value {
  return slice(
    x,
    before.map((amount) => Math.max(0, -amount)),
    x.shape.map((size, axis) => size - Math.max(0, -after[axis]!)),
  );
}

function mirroredPlaces(shape: Shape, axis: number, before: number, after: number, mode: string): number[] {
  const size = sizeAt(shape, axis);
  if (mode === 'reflect' && Math.max(before, after) >= size) {
    throw new LabError(
      'shape',
      `${showShape(shape)} cannot be reflected by ${Math.max(before, after)} along axis ${axis}`,
    );
  }
  requireFew(before + size + after, 'what is padded');
  return Array.from({ length: before + size + after }, (_, index) => {
    const place = index - before;
    if (mode === 'edge') return Math.min(Math.max(place, 0), size - 1);
    if (mode === 'wrap') return ((place % size) + size) % size;
    if (mode !== 'reflect') throw new LabError('bad-spec', `padding of the kind '${mode}' cannot be read`);
    return place < 0 ? -place : place >= size ? 2 * size - 2 - place : place;
  });
}

/** Off and on values are given together. */
const oneHotVectors: Operator = (step) => {
  const depth = step.number(1) ?? 0;
  const [off, on] = step.integers(2) ?? [0, 1];
  const indices = step.value(0);
  const axis = normaliseAxis(step.integer('axis', -1), indices.shape.length + 1);
  const vectors = oneHot(indices, depth);
  const scaled = shift(scale(vectors, on! - off!), off!); // there are two of them
  const rank = indices.shape.length;
  const order = [...vectors.shape.keys()].slice(0, -1).toSpliced(axis, 0, rank);
  return transpose(scaled, order);
};

/** What lies on one side of a diagonal of the last two axes; the rest is 0. */
const triangle: Operator = (step) => {
  const x = step.operand(0);
  const [rows, columns] = [sizeAt(x.shape, -2), sizeAt(x.shape, -1)];
  const isUpper = step.integer('upper', 1) !== 0;
  const offset = step.number(1) ?? 0;
  const isKept = (row: number, column: number): boolean => (isUpper ? column - row >= offset : column - row <= offset);
  const keeps = (position: number): boolean => isKept(Math.floor(position / columns) % rows, position % columns);
  if (isHost(x)) return { ...x, data: x.data.map((value, position) => (keeps(position) ? value : 0)) };
  const mask = Float32Array.from({ length: rows * columns }, (_, position) => Number(keeps(position)));
  return multiply(x, constant(step.program, mask, [rows, columns]));
};

export const indexingOperators: Readonly<Record<string, Operator>> = {
  Slice: cut,
  Split: split,
  Gather: lookUp,
  GatherElements: lookUpElements,
  GatherND: lookUpPlaces,
  Concat: join,
  Pad: padAround,
  OneHot: oneHotVectors,
  Trilu: triangle,
};
