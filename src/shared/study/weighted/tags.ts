/** Metrics of weighted sentences whose words have tags. Definitions as in `tasks/tagging/evaluation.ts`. */
import type { AnsweredTags } from '../answers.ts';
import { meanF1 } from './classes.ts';
import type { WeightedMetric } from './weighted-metric.ts';
import { weightedSum } from './weighted-metric.ts';

export function weightedTags(run: AnsweredTags, metric: string): WeightedMetric | undefined {
  const { losses, ends, found, answered, support } = run;
  const words = Array.from(ends, (end, sentence) => end - (ends[sentence - 1] ?? 0));
  const entities = (valueOf: (found: number, answered: number, support: number) => number): WeightedMetric => {
    return (weights) => {
      const sum = (counts: ArrayLike<number>): number => weightedSum(counts, weights);
      return valueOf(sum(found), sum(answered), sum(support));
    };
  };
  switch (metric) {
    case 'loss':
      return losses === null
        ? () => Number.NaN
        : (weights) => weightedSum(losses, weights) / weightedSum(words, weights);
    case 'accuracy': {
      const right = rightWords(run);
      return (weights) => weightedSum(right, weights) / weightedSum(words, weights);
    }
    case 'macroF1':
      return (weights) => macroF1(run, weights);
    case 'entityF1':
      return entities((hits, given, there) => (given + there === 0 ? 0 : (2 * hits) / (given + there)));
    case 'entityPrecision':
      return entities((hits, given) => (given === 0 ? 0 : hits / given));
    case 'entityRecall':
      return entities((hits, _given, there) => (there === 0 ? 0 : hits / there));
    default:
      return undefined;
  }
}

function rightWords({ labels, predicted, ends }: AnsweredTags): Float64Array {
  let word = 0;
  return Float64Array.from(ends, (end) => {
    let right = 0;
    for (; word < end; word += 1) right += Number(labels[word] === predicted[word]);
    return right;
  });
}

/** Over the tags that occur or were answered. */
function macroF1({ labels, predicted, ends, tagCount }: AnsweredTags, weights: ArrayLike<number>): number {
  const [found, answered, support] = [0, 0, 0].map(() => new Float64Array(tagCount)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]; // three, as written
  let word = 0;
  for (let sentence = 0; sentence < ends.length; sentence += 1) {
    const weight = weights[sentence]!;
    for (; word < ends[sentence]!; word += 1) {
      support[labels[word]!]! += weight;
      answered[predicted[word]!]! += weight;
      if (labels[word] === predicted[word]) found[labels[word]!]! += weight;
    }
  }
  return meanF1(found, answered, support);
}
