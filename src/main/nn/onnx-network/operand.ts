/** What a node of a foreign network reads: a value of the program, or a tensor that is known while it is built. */
import { LabError } from '../../../shared/errors.ts';
import type { Program, Shape, Value } from '../../graph/index.ts';
import {
  broadcastTo,
  cast,
  concat,
  constant,
  elementCount,
  gather,
  pad,
  reshape,
  sizeAt,
  sliceAxis,
  transpose,
} from '../../graph/index.ts';
import { normaliseAxis, sameShape, showShape } from '../../graph/shape.ts';
import type { HostTensor } from './host-tensor.ts';
import { broadcastHost, hostTensor, restride, stridesOf } from './host-tensor.ts';

export type Operand = Value | HostTensor;

export function isHost(operand: Operand): operand is HostTensor {
  return !('program' in operand);
}

const largestInt32 = 2 ** 31 - 1;

/** A value of the program, which for a known tensor is a constant. Throws `LabError('shape')` for one without elements. */
export function valueOf(program: Program, operand: Operand): Value {
  if (!isHost(operand)) return operand;
  const { kind, shape, data } = operand;
  if (data.length === 0) throw new LabError('shape', `a tensor of the shape ${showShape(shape)} has no elements`);
  // One number everywhere, such as a mask that masks nothing, needs no memory.
  const first = data[0]!;
  const isUniform = data.length > 1 && data.every((value) => value === first);
  const numbers = isUniform ? Float64Array.of(first) : data;
  const own = isUniform ? [] : shape;
  if (kind === 'float') return broadcastTo(constant(program, Float32Array.from(numbers), own), shape);
  const whole = Int32Array.from(numbers, (value) => Math.max(-largestInt32 - 1, Math.min(largestInt32, value)));
  const value = constant(program, whole, own);
  return broadcastTo(kind === 'boolean' ? cast(value, 'bool') : value, shape);
}

export function reshapeOperand(operand: Operand, shape: Shape): Operand {
  if (!isHost(operand)) return reshape(operand, shape);
  if (elementCount(shape) !== operand.data.length) {
    throw new LabError('shape', `${showShape(operand.shape)} cannot be reshaped to ${showShape(shape)}`);
  }
  return { ...operand, shape };
}

export function transposeOperand(operand: Operand, permutation: readonly number[]): Operand {
  if (!isHost(operand)) return transpose(operand, permutation);
  const strides = stridesOf(operand.shape);
  const axes = permutation.map((axis) => normaliseAxis(axis, operand.shape.length));
  return restride(
    operand,
    axes.map((axis) => operand.shape[axis]!),
    axes.map((axis) => strides[axis]!),
  );
}

export function broadcastOperand(operand: Operand, shape: Shape): Operand {
  return isHost(operand) ? broadcastHost(operand, shape) : broadcastTo(operand, shape);
}

/** The places `indices` along an axis, in that order; a place may come more than once. */
export function takeOperand(operand: Operand, axis: number, indices: readonly number[]): Operand {
  const normal = normaliseAxis(axis, operand.shape.length);
  const size = sizeAt(operand.shape, normal);
  const places = indices.map((index) => (index < 0 ? index + size : index));
  const outside = places.find((place) => !Number.isInteger(place) || place < 0 || place >= size);
  if (outside !== undefined) {
    throw new LabError('shape', `there is no place ${outside} along axis ${normal} of ${showShape(operand.shape)}`);
  }
  return isHost(operand) ? takeHost(operand, normal, places) : takeValue(operand, normal, places);
}

function takeHost(operand: HostTensor, axis: number, places: readonly number[]): HostTensor {
  const { shape } = operand;
  const [outer, inner] = [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis + 1))];
  return hostTensor(operand.kind, shape.with(axis, places.length), (data) => {
    for (let row = 0; row < outer; row++) {
      places.forEach((place, index) => {
        const from = (row * shape[axis]! + place) * inner;
        data.set(operand.data.subarray(from, from + inner), (row * places.length + index) * inner);
      });
    }
  });
}

/** As slices where the places are evenly spaced, whose gradient is cheap, and as rows of a table otherwise. */
function takeValue(x: Value, axis: number, places: readonly number[]): Value {
  const [first, second] = places;
  if (first === undefined) throw new LabError('shape', 'nothing is left of a tensor');
  const step = second === undefined ? 1 : second - first;
  if (step > 0 && places.every((place, index) => place === first + index * step)) {
    return everyNth(x, axis, first, step, places.length);
  }
  const toFront = [axis, ...x.shape.map((_, other) => other).filter((other) => other !== axis)];
  const back = toFront.map((_, other) => toFront.indexOf(other));
  const rows = gather(transpose(x, toFront), constant(x.program, Int32Array.from(places), [places.length]));
  return transpose(rows, back);
}

function everyNth(x: Value, axis: number, first: number, step: number, count: number): Value {
  if (step === 1) return sliceAxis(x, axis, first, first + count);
  const end = Math.min(first + count * step, sizeAt(x.shape, axis));
  const missing = first + count * step - end;
  const zeros = x.shape.map(() => 0);
  const whole = pad(sliceAxis(x, axis, first, end), zeros, zeros.with(axis, missing));
  const apart = reshape(whole, x.shape.toSpliced(axis, 1, count, step));
  return reshape(sliceAxis(apart, axis + 1, 0, 1), x.shape.with(axis, count));
}

export function concatOperands(program: Program, operands: readonly Operand[], axis: number): Operand {
  const filled = operands.filter(({ shape }) => elementCount(shape) > 0);
  const [first, ...rest] = filled;
  if (!first) return operands[0]!; // every Concat has an input
  const known = filled.filter(isHost);
  const [example] = known;
  if (!example || known.length < filled.length) {
    return concat([valueOf(program, first), ...rest.map((operand) => valueOf(program, operand))], axis);
  }
  const normal = normaliseAxis(axis, first.shape.length);
  const total = filled.reduce((sum, { shape }) => sum + (shape[normal] ?? 0), 0);
  const others = (shape: Shape): Shape => shape.filter((_, other) => other !== normal);
  if (!known.every(({ shape }) => sameShape(others(shape), others(first.shape)))) {
    throw new LabError('shape', `${known.map(({ shape }) => showShape(shape)).join(' and ')} cannot be joined`);
  }
  return hostTensor(example.kind, first.shape.with(normal, total), (data) => {
    const inner = elementCount(first.shape.slice(normal + 1));
    const outer = elementCount(first.shape.slice(0, normal));
    let place = 0;
    for (let row = 0; row < outer; row++) {
      for (const { shape, data: part } of known) {
        const length = shape[normal]! * inner;
        data.set(part.subarray(row * length, (row + 1) * length), place);
        place += length;
      }
    }
  });
}
