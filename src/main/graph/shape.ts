/** Arithmetic on static shapes: counting, broadcasting, axes, and how shapes are shown in messages. */
import { LabError } from '../../shared/errors.ts';
import type { Shape } from './types.ts';

/** Number of elements; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** NumPy broadcasting. Throws `LabError('shape')` naming both shapes. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new LabError('shape', `the shapes ${showShape(a)} and ${showShape(b)} do not broadcast`);
    }
    return Math.max(left, right);
  });
}

/** A negative axis counts from the end. Throws `LabError('shape')` when out of range. */
export function normaliseAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    throw new LabError('shape', `there is no axis ${String(axis)} in a tensor of rank ${String(rank)}`);
  }
  return normal;
}

/** The size along an axis that is known to exist. */
export function sizeAt(shape: Shape, axis: number): number {
  return shape[normaliseAxis(axis, shape.length)]!; // normaliseAxis has checked the range
}

/** Sorted, non-negative, without repetition; all axes where none are given. Throws `LabError('shape')` when out of range. */
export function normaliseAxes(axes: readonly number[] | undefined, rank: number): readonly number[] {
  const all = axes ?? Array.from({ length: rank }, (_, axis) => axis);
  return [...new Set(all.map((axis) => normaliseAxis(axis, rank)))].sort((a, b) => a - b);
}

/** What a reduction over `axes` leaves. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDimensions: boolean): Shape {
  return shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDimensions ? [1] : []) : [size]));
}
