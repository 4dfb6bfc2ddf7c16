/**
 * Which example comes when. Training walks through a new permutation of all examples each epoch; evaluation through a
 * fixed choice. Both are index arithmetic, so any step can be asked for at any time.
 */
import { hash32, permutation } from '../../../shared/random.ts';
import { purpose } from './purposes.ts';

/** Maps the number of an example since the beginning of training to its index: each index once an epoch. */
export function trainingOrder(exampleCount: number): (seed: number, counter: number) => number {
  let cached: { seed: number; epoch: number; permute: (index: number) => number } | undefined;
  return (seed, counter) => {
    const epoch = Math.floor(counter / exampleCount);
    if (cached?.seed !== seed || cached.epoch !== epoch) {
      const permute = permutation(exampleCount, hash32(seed, purpose.trainingOrder, epoch));
      cached = { seed, epoch, permute };
    }
    return cached.permute(counter - epoch * exampleCount);
  };
}

/** `count` of the examples, at most all of them, evenly chosen by the split seed. */
export function evaluationChoice(exampleCount: number, count: number, splitSeed: number): Uint32Array {
  if (exampleCount === 0) return new Uint32Array(0);
  const permute = permutation(exampleCount, hash32(splitSeed, purpose.evaluationChoice, exampleCount));
  return Uint32Array.from({ length: Math.min(count, exampleCount) }, (_, index) => permute(index)).sort();
}

/**
 * A label for each counter such that each pair of counters (0 and 1, 2 and 3 …) has both labels, in random order: every
 * batch of even size is balanced exactly, whatever the data.
 */
export function balancedLabel(seed: number, counter: number): 0 | 1 {
  const flip = hash32(seed, purpose.label, Math.floor(counter / 2)) & 1;
  return ((counter & 1) ^ flip) === 0 ? 0 : 1;
}
