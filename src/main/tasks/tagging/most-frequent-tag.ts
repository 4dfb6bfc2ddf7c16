/**
 * The tag that each word had most often in training, the classical method of tagging. A word that is new has the most frequent tag of
 * all, or of words with its ending: tags of shorter endings count as one more occurrence, as in TnT (T. Brants 2000).
 */
import type { ClassicalMaterial, LinearFit } from '../linear/linear-method.ts';
import type { Baseline, EvaluationResult, EvaluationSplit } from '../task.ts';
import { evaluateTags, likeliestTags } from './evaluation.ts';
import type { TaggedMaterial, Window } from './tagged-material.ts';

/** Letters of the longest ending that is looked at. */
const LONGEST_ENDING = 4;

/** How often each key had each tag. */
class TagCounts {
  private readonly counts = new Map<string, Float64Array>();
  private readonly tags: number;

  constructor(tags: number) {
    this.tags = tags;
  }

  add(key: string, tag: number): void {
    const own = this.counts.get(key) ?? new Float64Array(this.tags);
    this.counts.set(key, own);
    own[tag]! += 1;
  }

  /** Shares of the tags of a key, where what was believed before counts as one more occurrence. */
  shares(key: string, before: Float64Array): Float64Array {
    const own = this.counts.get(key);
    if (!own) return before;
    const total = own.reduce((sum, count) => sum + count, 1);
    return own.map((count, tag) => (count + before[tag]!) / total);
  }
}

export interface WordTags {
  /** The probability of each tag of a word. */
  probabilities(word: string): Float64Array;
}

/** Counts the tags of words, and of the endings of words, in some windows. */
export function countTags(tags: number, windows: readonly Window[], withEndings: boolean): WordTags {
  const words = new TagCounts(tags);
  const endings = new TagCounts(tags);
  for (const { words: own, tags: theirs } of windows) {
    for (const [place, word] of own.entries()) {
      words.add(word, theirs[place]!);
      endings.add('', theirs[place]!);
      if (withEndings) for (const ending of endingsOf(word)) endings.add(ending, theirs[place]!);
    }
  }
  const even = new Float64Array(tags).fill(1 / tags);
  return {
    probabilities(word) {
      let believed = endings.shares('', even);
      if (withEndings) for (const ending of endingsOf(word)) believed = endings.shares(ending, believed);
      return words.shares(word, believed);
    },
  };
}

/** From the last letter to the last four; a capital at the beginning is told, too. */
function endingsOf(word: string): string[] {
  const letters = Array.from(word.toLowerCase());
  const isCapital = /^\p{Lu}/u.test(word) ? 'capital' : 'small';
  const lengths = Array.from({ length: Math.min(LONGEST_ENDING, letters.length) }, (_, index) => index + 1);
  return [isCapital, ...lengths.map((length) => `${isCapital} ${letters.slice(-length).join('')}`)];
}

/** @param most windows that are looked at */
function evaluateCounts({ tags }: TaggedMaterial, counted: WordTags, windows: readonly Window[]): EvaluationResult {
  const words = windows.flatMap((window) => window.words);
  const labels = windows.flatMap((window) => window.tags);
  const known = new Map<string, Float64Array>();
  const probabilities = new Float32Array(words.length * tags.length);
  for (const [place, word] of words.entries()) {
    const own = known.get(word) ?? counted.probabilities(word);
    known.set(word, own);
    probabilities.set(own, place * tags.length);
  }
  let end = 0;
  const ends = windows.map((window) => (end += window.words.length));
  let at = 0;
  const losses = ends.map((to) => {
    let loss = 0;
    for (; at < to; at += 1) loss -= Math.log(probabilities[at * tags.length + labels[at]!]!);
    return loss;
  });
  return evaluateTags(tags, {
    labels,
    predicted: likeliestTags(probabilities, tags.length),
    ...{ ends, losses, probabilities },
  });
}

export function mostFrequentTag(material: TaggedMaterial): Baseline {
  const { tags, sides, windows } = material;
  const counted = countTags(tags.length, windows('training'), false);
  const { metrics } = evaluateCounts(material, counted, windows(sides.test.length > 0 ? 'test' : 'validation'));
  return {
    name: 'most frequent tag',
    summary: 'Each word has the tag that it had most often in training; new words have the most frequent tag of all',
    metrics,
  };
}

/** Both methods, to be chosen from on the validation sentences. */
export function classicalTags(material: TaggedMaterial): ClassicalMaterial {
  const { tags, windows, dataset } = material;
  const fit = (withEndings: boolean): ((score: (result: EvaluationResult) => number) => LinearFit) => {
    return (score) => {
      const counted = countTags(tags.length, windows('training'), withEndings);
      const evaluate = (split: EvaluationSplit, most?: number): EvaluationResult =>
        evaluateCounts(material, counted, windows(split).slice(0, most));
      const validation = evaluate('validation');
      return { settings: {}, trials: 1, score: score(validation), loss: validation.metrics.loss!, evaluate };
    };
  };
  const [plain, ending] = [fit(false), fit(true)];
  return {
    title: 'most frequent tag',
    examples: {
      training: windows('training').length,
      validation: windows('validation').length,
      test: windows('test').length,
    },
    candidates: [
      { name: 'tags of words', fit: ({ score }) => Promise.resolve(plain(score)) },
      { name: 'tags of words and of their endings', fit: ({ score }) => Promise.resolve(ending(score)) },
    ],
    close: () => {
      dataset.close();
    },
  };
}
