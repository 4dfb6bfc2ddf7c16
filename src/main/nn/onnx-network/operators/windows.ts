/** What convolutions and poolings of ONNX share: windows, strides, and the several ways to say how much is padded. */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import { reshape, sizeAt } from '../../../graph/index.ts';
import type { Step } from '../step.ts';

export interface Windows {
  /** [vertical, horizontal], as the next two. */
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** [top, left, bottom, right] */
  readonly padding: readonly [number, number, number, number];
}

/** [N, C, L] as an image of height 1; images stay as they are. Throws `LabError('bad-spec')` for volumes. */
export function asImage(x: Value): Value {
  if (x.shape.length === 4) return x;
  if (x.shape.length !== 3) {
    throw new LabError('bad-spec', `it works on ${x.shape.length - 2} axes; sequences (1) and images (2) can be read`);
  }
  return reshape(x, [...x.shape.slice(0, 2), 1, sizeAt(x.shape, 2)]);
}

/** Undoes `asImage` for a result. */
export function likeInput(result: Value, x: Value): Value {
  return x.shape.length === 4 ? result : reshape(result, result.shape.toSpliced(2, 1));
}

/** Both sizes of an attribute that has one for each axis; along a sequence the first axis is the one that was added. */
function both(list: readonly number[] | undefined, axes: number, otherwise: number): readonly [number, number] {
  const given = list ?? new Array<number>(axes).fill(otherwise);
  return axes === 1 ? [otherwise, given[0] ?? otherwise] : [given[0] ?? otherwise, given[1] ?? otherwise];
}

/**
 * The windows of a node over `x`, which is still of its own rank.
 *
 * @param kernel sizes of the kernel along the axes, where there is one; `kernel_shape` otherwise
 */
export function windowsOf(step: Step, x: Value, kernel?: readonly number[]): Windows {
  const axes = x.shape.length - 2;
  const shape = step.list('kernel_shape') ?? kernel;
  if (!shape) throw new LabError('bad-spec', 'it does not say how large its window is');
  const size = both(shape, axes, 1);
  const strides = both(step.list('strides'), axes, 1);
  const dilations = both(step.list('dilations'), axes, 1);
  const word = step.text('auto_pad', 'NOTSET');
  if (word === 'SAME_UPPER' || word === 'SAME_LOWER') {
    const image = both(x.shape.slice(2), axes, 1);
    return { size, strides, dilations, padding: samePadding({ size, strides, dilations }, image, word) };
  }
  const pads = word === 'VALID' ? undefined : step.list('pads');
  const before = both(pads?.slice(0, axes), axes, 0);
  const after = both(pads?.slice(axes), axes, 0);
  return { size, strides, dilations, padding: [before[0], before[1], after[0], after[1]] };
}

/** So much that ⌈size / stride⌉ windows fit; an odd one goes to the end (SAME_UPPER) or to the beginning. */
function samePadding(
  { size, strides, dilations }: Omit<Windows, 'padding'>,
  image: readonly [number, number],
  word: 'SAME_UPPER' | 'SAME_LOWER',
): Windows['padding'] {
  const totals = ([0, 1] as const).map((axis) => {
    const covered =
      (Math.ceil(image[axis] / strides[axis]) - 1) * strides[axis] + extentOf(size[axis], dilations[axis]);
    return Math.max(0, covered - image[axis]);
  }) as [number, number]; // one for each axis
  const less = [Math.floor(totals[0] / 2), Math.floor(totals[1] / 2)] as const;
  const more = [totals[0] - less[0], totals[1] - less[1]] as const;
  return word === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
}

/** Of a window with its holes. */
export const extentOf = (size: number, dilation: number): number => (size - 1) * dilation + 1;
