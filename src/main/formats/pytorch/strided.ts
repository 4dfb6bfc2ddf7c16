/** Tensors as PyTorch stores them: views of a stretch of numbers, with a first element and a step for each axis. */
import { elementCount } from '../../graph/shape.ts';
import type { SafetensorsData } from '../safetensors-types.ts';

export interface StridedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Elements from the first to the last one, both included; 0 where there are none. May be more than a number holds exactly. */
export function span({ shape, strides }: StridedView): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, 0) + 1;
}

/** Whether the elements lie row by row, as arrays of ours do. */
export function isContiguous({ shape, strides }: StridedView): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    if (strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** The elements row by row, out of those from the first to the last one. */
export function gatherStrided<Data extends SafetensorsData>(stored: Data, view: StridedView): Data {
  if (isContiguous(view)) return stored;
  const { shape, strides } = view;
  // The three kinds of arrays have the same constructor.
  const result = new (stored.constructor as new (length: number) => Data)(elementCount(shape));
  const index = new Array<number>(shape.length).fill(0);
  let place = 0;
  for (let target = 0; target < result.length; target++) {
    result[target] = stored[place]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      place += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      place -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
