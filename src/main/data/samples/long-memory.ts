/**
 * Sequences whose first symbol decides their class, many noisy symbols before the end: what a network can only learn if errors
 * reach back that far (Hochreiter & Schmidhuber 1997, section 5, in the simplest form).
 */
import { randomStream } from '../../../shared/random.ts';

export interface LongMemoryText {
  readonly text: string;
  readonly label: 'first' | 'second';
}

const noise = ['c', 'd', 'e', 'f', 'g', 'h'];

/** Symbols apart by spaces: 'a' or 'b', then `distance` others. Both classes equally often. */
export function longMemoryTexts(count: number, distance: number, seed = 0): LongMemoryText[] {
  return Array.from({ length: count }, (_, index) => {
    const stream = randomStream(seed, distance, index);
    const rest = Array.from({ length: distance }, () => noise[stream.integer(noise.length)]!);
    const isFirst = index % 2 === 0;
    return { text: [isFirst ? 'a' : 'b', ...rest].join(' '), label: isFirst ? 'first' : 'second' };
  });
}
