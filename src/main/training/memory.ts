/** How much memory a network takes while it is trained. */
import { bytesOf, peakBytes } from '../graph/passes/liveness.ts';
import type { Program } from '../graph/program.ts';
import { countParameters } from './model.ts';

/**
 * Bytes at most: weights, gradients, two moments, averages where they are kept, and everything a step computes, as if nothing were given
 * back on the way, which is what checkpointing of gradients is for. What the process takes besides is not in it.
 */
export function memoryOf(program: Program, { weightAverage }: { readonly weightAverage: number }): number {
  const { total, trainable } = countParameters(program);
  return 4 * (total + (weightAverage > 0 ? 4 : 3) * trainable) + computedBytes(program);
}

function computedBytes(program: Program): number {
  const { nodes } = program;
  if (nodes.some(({ op }) => op.name === 'await-value')) return peakBytes(program);
  return nodes
    .filter(({ op }) => op.name !== 'reshape') // a view of what is there
    .flatMap(({ outputs }) => outputs)
    .reduce((sum, value) => sum + bytesOf(value), 0);
}
