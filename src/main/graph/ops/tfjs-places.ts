/** One element of each row of a matrix, the way TensorFlow.js wants its places. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorFlow } from '../op.ts';
import { sizeAt } from '../shape.ts';

/** [N, 2] from [N]: the row's number and the index in it. */
export function tfjsPlaces(tf: TensorFlow, indices: Tensor): Tensor {
  return tf.stack([tf.range(0, sizeAt(indices.shape, 0), 1, 'int32'), indices], 1);
}
