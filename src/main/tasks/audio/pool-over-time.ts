/** Steps of a recording become one vector. */
import { LabError } from '../../../shared/errors.ts';
import type { Value } from '../../graph/index.ts';
import { max, reshape, sizeAt } from '../../graph/index.ts';
import type { Pooling } from '../../nn/blocks/sequence-pooling.ts';
import { poolSequence } from '../../nn/blocks/sequence-pooling.ts';

/**
 * [batch, steps, features] → [batch, features]. A sequence that is shorter than the recording, whose mask is [batch, frames], has a
 * mask as many times shorter. Throws `LabError('bad-spec')` where that does not come out even.
 */
export function poolOverTime(sequence: Value, mask: Value | undefined, pooling: Pooling, task: string): Value {
  const steps = sizeAt(sequence.shape, 1);
  if (!mask) return poolSequence(sequence, undefined, pooling);
  const [batch, length] = mask.shape as readonly [number, number]; // as inputs of frames have it
  if (length % steps !== 0) {
    throw new LabError(
      'bad-spec',
      `${task}: ${length} frames became ${steps} steps, which does not come out even; stack 2, 3, 4, 6 or 12 frames, or take the pipeline's vector`,
    );
  }
  return poolSequence(sequence, max(reshape(mask, [batch, steps, length / steps]), [2]), pooling);
}
