/**
 * Learned biases of attention for distances (C. Raffel et al. 2020, "Exploring the limits of transfer learning with a unified
 * text-to-text transformer", section 2.1): distances fall into buckets, near ones into one each and far ones into buckets that
 * grow with them, and each head adds a learned number for the bucket to its logits.
 */
import { LabError } from '../../shared/errors.ts';
import { constant, gather, reshape, transpose } from '../graph/index.ts';
import type { Program, Value } from '../graph/program.ts';
import { parameter } from '../graph/program.ts';

export interface RelativePositionOptions {
  readonly heads: number;
  /** Even where both directions are seen, because each has half of them. */
  readonly buckets: number;
  /** Distances from here on share the last bucket of their direction. */
  readonly maximumDistance: number;
  readonly causal: boolean;
}

/**
 * The bucket of a distance, as in T5: `distance` is the place that is looked at minus the place that looks. With `causal`
 * what comes later shares the bucket of distance 0, because it is not seen.
 */
export function relativePositionBucket(
  distance: number,
  { buckets, maximumDistance, causal }: Pick<RelativePositionOptions, 'buckets' | 'maximumDistance' | 'causal'>,
): number {
  const ofDirection = causal ? buckets : buckets / 2;
  const offset = !causal && distance > 0 ? ofDirection : 0;
  const size = causal ? Math.max(0, -distance) : Math.abs(distance);
  const exact = Math.floor(ofDirection / 2);
  if (size < exact) return offset + size;
  // From `exact` to the maximum, bucket bounds are evenly apart in the logarithm.
  const share = Math.log(size / exact) / Math.log(maximumDistance / exact);
  return offset + Math.min(ofDirection - 1, exact + Math.floor(share * (ofDirection - exact)));
}

/**
 * What is added to the logits [batch, heads, length, length]: [1, heads, length, length], of a parameter [buckets, heads].
 * Throws `LabError('bad-spec')` where the exact buckets alone reach the maximum distance.
 */
export function relativePositionBias(program: Program, length: number, options: RelativePositionOptions): Value {
  const { heads, buckets, maximumDistance, causal } = options;
  const exact = Math.floor(causal ? buckets / 2 : buckets / 4);
  if (maximumDistance <= exact) {
    throw new LabError(
      'bad-spec',
      `maximumDistance is ${maximumDistance}, and the first ${exact} of ${buckets} buckets hold one distance each: make it larger than ${exact}, or take fewer buckets`,
    );
  }
  // Zero, so that at first all distances are alike, as without positions.
  const table = parameter(program, 'relative-positions', [buckets, heads], { initialiser: { type: 'zeros' } });
  const indices = Int32Array.from({ length: length * length }, (_, index) =>
    relativePositionBucket((index % length) - Math.floor(index / length), options),
  );
  const biases = gather(table, constant(program, indices, [length, length]));
  return reshape(transpose(biases, [2, 0, 1]), [1, heads, length, length]);
}
