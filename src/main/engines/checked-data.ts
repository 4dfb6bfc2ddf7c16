import { LabError } from '../../shared/errors.ts';
import type { Shape } from '../graph/program.ts';
import { sameShape, showShape } from '../graph/shape.ts';
import type { Tensor } from './engine.ts';

/** The numbers of a tensor of a state. Throws `LabError('shape')` when it does not fit the parameter that it is for. */
export function checkedData(name: string, { shape, data }: Tensor, expected: Shape): Float32Array {
  if (!sameShape(shape, expected) || !(data instanceof Float32Array)) {
    throw new LabError(
      'shape',
      `the tensor ${name} has the shape ${showShape(shape)}; the pipeline needs ${showShape(expected)}`,
    );
  }
  return data;
}
