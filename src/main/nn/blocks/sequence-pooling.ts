/** A sequence becomes one vector. */
import { z } from 'zod';
import {
  add,
  cast,
  divide,
  maximum,
  multiply,
  constant,
  max,
  reshape,
  scale,
  shift,
  slice,
  sum,
} from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { defineBlock } from '../block.ts';
import { atPositions, firstPosition, positionsAt } from '../positions.ts';

export const poolings = ['first', 'last', 'mean', 'max'] as const;
export type Pooling = (typeof poolings)[number];

const options = z.strictObject({
  pooling: z
    .enum(poolings)
    .default('mean')
    .describe('The first position ([CLS] in text), the last real one, the mean or the maximum over real positions'),
});

defineBlock({
  type: 'sequence-pooling',
  family: 'pooling',
  title: 'Sequence pooling',
  summary:
    'Reduces a sequence to one vector: its first or last position, or the mean or maximum over positions that are not padding.',
  options,
  ignoresPadding: true,
  inputs: [
    { name: 'sequence', summary: 'A vector for each position', axes: ['batch', 'length', 'features'] },
    { name: 'mask', summary: '1 at real positions, 0 at padding', axes: ['batch', 'length'], optional: true },
  ],
  outputs: [{ name: 'vector', summary: 'One vector for each example', axes: ['batch', 'features'] }],
  build: (_context, { sequence, mask }, { pooling }) => ({ vector: poolSequence(sequence!, mask, pooling) }),
});

/** [batch, length, features] → [batch, features]; `mask` [batch, length] leaves padding out of mean and maximum. */
export function poolSequence(sequence: Value, mask: Value | undefined, pooling: Pooling): Value {
  const [batch, length, features] = sequence.shape as readonly [number, number, number]; // callers have checked the rank
  const column = mask && reshape(mask, [batch, length, 1]);
  switch (pooling) {
    case 'first':
      return reshape(atPositions(sequence, firstPosition), [batch, features]);
    case 'last': {
      if (!mask) return reshape(slice(sequence, [0, length - 1, 0], [batch, length, features]), [batch, features]);
      const last = cast(maximum(shift(sum(mask, [1], true), -1), constant(sequence.program, 0)), 'int32');
      return reshape(atPositions(sequence, positionsAt(last)), [batch, features]);
    }
    case 'mean': {
      if (!column) return scale(sum(sequence, [1]), 1 / length);
      const count = maximum(sum(column, [1]), constant(sequence.program, 1));
      return divide(sum(multiply(sequence, column), [1]), count);
    }
    case 'max':
      return max(column ? add(sequence, scale(shift(column, -1), 1e4)) : sequence, [1]);
  }
}

/**
 * The mean over real positions, where the sequence may have been made shorter on its way from the input: a step is real then where any of
 * the positions that it came from is. Where it has other positions than the mask tells of, all of them count.
 */
export function poolExample(sequence: Value, mask: Value | undefined): Value {
  return poolSequence(sequence, mask && shortened(mask, sequence.shape[1] ?? 1), 'mean');
}

function shortened(mask: Value, steps: number): Value | undefined {
  const [batch = 1, length = 1] = mask.shape;
  if (length === steps) return mask;
  return length % steps === 0 ? max(reshape(mask, [batch, steps, length / steps]), [2]) : undefined;
}
