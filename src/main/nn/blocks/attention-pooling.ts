/** A sequence becomes one vector, its positions weighted by learned importance (Yang et al. 2016, section 2.2). */
import { z } from 'zod';
import { add, matmul, multiply, reshape, scale, shift, softmax, sum, tanh } from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { parameter } from '../../graph/program.ts';
import { defineBlock } from '../block.ts';
import { weightInitialiser } from '../initialisers.ts';
import { denseLayer } from '../layers.ts';

const options = z.strictObject({
  attentionSize: z.int().positive().default(64).describe('Inner size of the network that rates the positions'),
});

defineBlock({
  type: 'attention-pooling',
  family: 'attention',
  title: 'Attention pooling',
  summary:
    'Weighs the positions of a sequence by a learned importance and adds them up (Yang et al. 2016). The weights show what the network looks at.',
  options,
  ignoresPadding: true,
  inputs: [
    { name: 'sequence', summary: 'A vector for each position', axes: ['batch', 'length', 'features'] },
    { name: 'mask', summary: '1 at real positions, 0 at padding', axes: ['batch', 'length'], optional: true },
  ],
  outputs: [
    { name: 'vector', summary: 'One vector for each example', axes: ['batch', 'features'] },
    { name: 'weights', summary: 'How much each position counts; together 1', axes: ['batch', 'length'] },
  ],
  build: (_context, { sequence, mask }, { attentionSize }) => poolByAttention(sequence!, mask, attentionSize), // the port is required
});

/** softmax(v·tanh(W·s + b)) over real positions, and the mean of the sequence with these weights. */
export function poolByAttention(
  sequence: Value,
  mask: Value | undefined,
  attentionSize: number,
): { readonly vector: Value; readonly weights: Value } {
  const [batch, length] = sequence.shape as readonly [number, number, number]; // callers have checked the rank
  const rated = tanh(denseLayer(sequence, 'rating', attentionSize, { initialisation: 'glorot' }));
  const context = parameter(sequence.program, 'context', [attentionSize, 1], {
    initialiser: weightInitialiser('glorot', attentionSize, 1),
  });
  const scores = reshape(matmul(rated, context), [batch, length]);
  const weights = softmax(mask ? add(scores, scale(shift(mask, -1), 1e4)) : scores);
  return { vector: sum(multiply(sequence, reshape(weights, [batch, length, 1])), [1]), weights };
}
