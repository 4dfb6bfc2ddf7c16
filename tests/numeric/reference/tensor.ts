/** Float64 tensors and index loops, written to be obviously right rather than fast. */
import type { Shape } from '../../../src/main/graph/program.ts';

export interface Tensor64 {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Calls back with every index of the shape, in row-major order. */
export function forEachIndex(shape: Shape, visit: (index: readonly number[], position: number) => void): void {
  const total = sizeOf(shape);
  const index = shape.map(() => 0);
  for (let position = 0; position < total; position++) {
    visit([...index], position);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** The tensor whose element at each index is given by a function. */
export function tabulate(shape: Shape, element: (index: readonly number[]) => number): Tensor64 {
  const data = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, position) => {
    data[position] = element(index);
  });
  return { shape, data };
}

/** The element at an index. Throws RangeError outside the tensor. */
export function read({ shape, data }: Tensor64, index: readonly number[]): number {
  if (index.length !== shape.length) throw new RangeError(`index ${index.join()} in a tensor of shape ${shape.join()}`);
  let position = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const place = index[axis]!;
    if (!(place >= 0 && place < shape[axis]!)) {
      throw new RangeError(`index ${index.join()} in a tensor of shape ${shape.join()}`);
    }
    position = position * shape[axis]! + place;
  }
  return data[position]!;
}

/** The element that stands at an index once the tensor is broadcast. */
export function readBroadcast(tensor: Tensor64, index: readonly number[]): number {
  const own = index.slice(index.length - tensor.shape.length);
  return read(
    tensor,
    own.map((place, axis) => (tensor.shape[axis] === 1 ? 0 : place)),
  );
}

/** For each index of a tensor reduced over `axes`, the elements that fall together there. */
export function reduce(
  tensor: Tensor64,
  axes: readonly number[],
  keep: boolean,
  combine: (elements: readonly number[]) => number,
): Tensor64 {
  const keptShape = tensor.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const groups: number[][] = Array.from({ length: sizeOf(keptShape) }, () => []);
  forEachIndex(tensor.shape, (index, position) => {
    let group = 0;
    index.forEach((place, axis) => {
      group = group * keptShape[axis]! + (axes.includes(axis) ? 0 : place);
    });
    groups[group]!.push(tensor.data[position]!);
  });
  const shape = keep ? keptShape : tensor.shape.filter((_, axis) => !axes.includes(axis));
  return { shape, data: Float64Array.from(groups, combine) };
}

/** erf in float64: a series of positive terms, e^(−x²)·2/√π·Σ 2ⁿx²ⁿ⁺¹/(2n+1)!! (Abramowitz & Stegun 7.1.6). */
export function erf64(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x); // 1 − erf(6) is 2e-17
  let term = x;
  let total = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}
