/** The tag that each word had most often in training; new words have the most frequent of all. */
import type { Baseline } from '../task.ts';
import type { EntityCounts } from './entities.ts';
import { countEntities, entitiesOf, wordsAsEntities } from './entities.ts';
import { resultOf } from './evaluation.ts';
import type { TaggedMaterial, Window } from './tagged-material.ts';

class TagCounts {
  private readonly counts = new Map<string, Map<number, number>>();

  add(key: string, tag: number): void {
    const own = this.counts.get(key) ?? new Map<number, number>();
    own.set(tag, (own.get(tag) ?? 0) + 1);
    this.counts.set(key, own);
  }

  /** Of equally frequent ones, the first tag. */
  best(key: string): number | undefined {
    const own = this.counts.get(key);
    return own && [...own].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a))[0];
  }
}

export function mostFrequentTag({ tags, hasEntities, sides, windows }: TaggedMaterial): Baseline {
  const known = new TagCounts();
  for (const { words, tags: own } of windows('training')) {
    for (const [place, word] of words.entries()) {
      known.add(word, own[place]!);
      known.add('', own[place]!);
    }
  }
  const counts = new Map<string, EntityCounts>();
  const ofTags = new Map<string, EntityCounts>();
  const read = hasEntities ? entitiesOf : wordsAsEntities;
  let [right, all] = [0, 0];
  const names = (numbers: readonly number[]): string[] => numbers.map((tag) => tags[tag] ?? '');
  const score = ({ words, tags: truth }: Window): void => {
    const answered = words.map((word) => known.best(word) ?? known.best('') ?? 0);
    countEntities(counts, read(names(truth)), read(names(answered)));
    if (hasEntities) countEntities(ofTags, wordsAsEntities(names(truth)), wordsAsEntities(names(answered)));
    answered.forEach((tag, place) => (right += Number(tag === truth[place])));
    all += words.length;
  };
  const scored = windows(sides.test.length > 0 ? 'test' : 'validation');
  scored.forEach(score);
  const { metrics } = resultOf({
    counts,
    ofTags: hasEntities ? ofTags : counts,
    accuracy: right / all,
    examples: scored.length,
  });
  return {
    name: 'most frequent tag',
    summary: 'Each word has the tag that it had most often in training; new words have the most frequent tag of all',
    metrics,
  };
}
