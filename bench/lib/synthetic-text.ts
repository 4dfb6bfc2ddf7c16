/**
 * Text without a corpus: sequences whose tokens are as unevenly frequent as words are (Zipf's law), most of them full and
 * some shorter, so that embedding rows repeat and padding is masked as in real batches. Which tokens they are does not
 * change how long a step takes.
 */
import type { RandomStream } from '../../src/shared/random.ts';
import { randomStream } from '../../src/shared/random.ts';
import type { SpecialTokens } from '../../src/main/tasks/text/corpus-source.ts';

/** As our tokenizers number them. */
export const specialTokens: SpecialTokens = { pad: 0, unknown: 1, classify: 2, separate: 3, mask: 4 };
export const specialCount = 5;

/** One sequence in eight is shorter than it could be. */
const shortProbability = 1 / 8;

/** A function that returns text number `index`, of at most `maximumLength` tokens, the same each time it is asked. */
export function syntheticTexts(
  vocabularySize: number,
  maximumLength: number,
  seed: number,
): (index: number) => Uint32Array {
  const draw = zipf(vocabularySize - specialCount);
  return (index) => {
    const stream = randomStream(seed, index);
    const short = stream.uniform() < shortProbability;
    const length = short ? Math.ceil(maximumLength * (0.25 + 0.75 * stream.uniform())) : maximumLength;
    return Uint32Array.from({ length }, () => specialCount + draw(stream));
  };
}

/** Draws 0 … count − 1 with probabilities proportional to 1 / (rank + 1). */
function zipf(count: number): (stream: RandomStream) => number {
  const cumulative = new Float64Array(count);
  let total = 0;
  for (let rank = 0; rank < count; rank++) cumulative[rank] = total += 1 / (rank + 1);
  return (stream) => {
    const wanted = stream.uniform() * total;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
