/**
 * Tensors that are known while a program is built: shapes and what is computed from them, indices, small constants. Shape
 * arithmetic of a foreign network happens on them and leaves nothing in the program.
 */
import { LabError } from '../../../shared/errors.ts';
import type { Shape } from '../../graph/program.ts';
import { broadcastShapes, elementCount, showShape } from '../../graph/shape.ts';

export interface HostTensor {
  readonly kind: 'float' | 'integer' | 'boolean';
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** No constant of a network has more elements; a file that asks for more is made to exhaust memory. */
const maximumElements = 2 ** 24;

/** Throws `LabError('too-large')` for more numbers than anything may have that is made while a program is built. */
export function requireFew(count: number, what: string): void {
  if (!(count >= 0 && count <= maximumElements)) throw new LabError('too-large', `${what} is too large`);
}

/** Throws `LabError('too-large')` for more elements than a constant may have. */
export function hostTensor(kind: HostTensor['kind'], shape: Shape, fill: (data: Float64Array) => void): HostTensor {
  const count = elementCount(shape);
  requireFew(count, `a constant of the shape ${showShape(shape)}`);
  const data = new Float64Array(count);
  fill(data);
  return { kind, shape, data };
}

export function hostList(values: readonly number[], kind: HostTensor['kind'] = 'integer'): HostTensor {
  return { kind, shape: [values.length], data: Float64Array.from(values) };
}

export function hostScalar(value: number, kind: HostTensor['kind'] = 'integer'): HostTensor {
  return { kind, shape: [], data: Float64Array.of(value) };
}

/** Distance in the data from one index to the next, along each axis. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** The tensor of the given shape whose element at an index lies at `start` + Σ index · stride of the source. */
export function restride(source: HostTensor, shape: Shape, strides: readonly number[], start = 0): HostTensor {
  return hostTensor(source.kind, shape, (data) => {
    const index = new Array<number>(shape.length).fill(0);
    let place = start;
    for (let position = 0; position < data.length; position++) {
      data[position] = source.data[place]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        place += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        place -= strides[axis]! * shape[axis]!;
        index[axis] = 0;
      }
    }
  });
}

/** Repeats along axes of size 1 and new leading axes. Throws `LabError('shape')`. */
export function broadcastHost(source: HostTensor, shape: Shape): HostTensor {
  const whole = broadcastShapes(source.shape, shape);
  const added = whole.length - source.shape.length;
  const own = stridesOf(source.shape);
  const strides = whole.map((_, axis) => (axis < added || source.shape[axis - added] === 1 ? 0 : own[axis - added]!));
  return restride(source, whole, strides);
}

/** A function of the elements of tensors that broadcast. */
export function combineHost(
  inputs: readonly HostTensor[],
  kind: HostTensor['kind'],
  f: (...values: number[]) => number,
): HostTensor {
  const shape = inputs.map((input) => input.shape).reduce((a, b) => broadcastShapes(a, b));
  const whole = inputs.map((input) => broadcastHost(input, shape));
  return hostTensor(kind, shape, (data) => {
    for (let index = 0; index < data.length; index++) data[index] = f(...whole.map((input) => input.data[index]!));
    if (kind === 'float') data.set(Float32Array.from(data));
  });
}
