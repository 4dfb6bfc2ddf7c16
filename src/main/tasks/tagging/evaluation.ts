/** Tags of words beside the true ones: entities found, tags right, and the sentences with mistakes. */
import { LabError } from '../../../shared/errors.ts';
import type { Evaluation, EvaluationResult, Feeds, TensorData } from '../task.ts';
import type { EntityCounts } from './entities.ts';
import { countEntities, entitiesOf, entityMetrics, totalOf, wordsAsEntities } from './entities.ts';
import type { NumericScores } from './viterbi.ts';
import { bestTags } from './viterbi.ts';

/** The best tags of one window of a batch, by what the program gave. */
export function readTags(outputs: TensorData, row: number, words: number): Int32Array {
  const { logits } = outputs;
  if (!logits) throw new LabError('internal', "the program has no output 'logits'");
  const [, steps, tags] = logits.shape as readonly [number, number, number]; // as the head makes them
  const values = logits.data.subarray(row * steps * tags, (row * steps + words) * tags);
  const scores = crfScoresOf(outputs);
  if (scores) return bestTags({ values, steps: words, tags }, scores);
  return Int32Array.from({ length: words }, (_, word) => {
    let best = 0;
    for (let tag = 1; tag < tags; tag += 1) if (values[word * tags + tag]! > values[word * tags + best]!) best = tag;
    return best;
  });
}

/** Of a CRF; undefined where tags are read one by one. */
export function crfScoresOf({ transitions, start, end }: TensorData): NumericScores | undefined {
  return transitions && start && end ? { transitions: transitions.data, start: start.data, end: end.data } : undefined;
}

/** How many words the window in a row has. */
export function wordsIn({ wordMask }: Feeds, row: number, most: number): number {
  let words = 0;
  for (let word = 0; word < most; word += 1) words += Number((wordMask?.[row * most + word] ?? 0) > 0);
  return words;
}

/** Reads the outputs `losses` and `logits` [batch, words, tags], and the feeds `tags` and `wordMask` [batch, words]. */
export function taggingEvaluation(tags: readonly string[], hasEntities: boolean, mostWords: number): Evaluation {
  const counts = new Map<string, EntityCounts>();
  const ofTags = new Map<string, EntityCounts>();
  let [loss, words, right, windows] = [0, 0, 0, 0];
  const read = hasEntities ? entitiesOf : wordsAsEntities;
  return {
    add(outputs, feeds) {
      const { losses } = outputs;
      for (const [row, weight] of (feeds.weights ?? []).entries()) {
        if (weight === 0) continue;
        const count = wordsIn(feeds, row, mostWords);
        const answered = readTags(outputs, row, count);
        const truth = feeds.tags!.subarray(row * mostWords, row * mostWords + count);
        const names = (numbers: ArrayLike<number>): string[] => Array.from(numbers, (tag) => tags[tag] ?? '');
        countEntities(counts, read(names(truth)), read(names(answered)));
        if (hasEntities) countEntities(ofTags, wordsAsEntities(names(truth)), wordsAsEntities(names(answered)));
        for (let word = 0; word < count; word += 1) right += Number(truth[word] === answered[word]);
        windows += 1;
        loss += losses?.data[row] ?? Number.NaN;
        words += count;
      }
    },
    result: () =>
      resultOf({
        counts,
        ofTags: hasEntities ? ofTags : counts,
        accuracy: right / words,
        loss: loss / words,
        examples: windows,
      }),
  };
}

interface Counted {
  readonly counts: ReadonlyMap<string, EntityCounts>;
  readonly ofTags: ReadonlyMap<string, EntityCounts>;
  readonly accuracy: number;
  readonly loss?: number;
  /** Sentences, or windows of them. */
  readonly examples: number;
}

/** Macro F1 is over the tags that occur or were answered. */
export function resultOf({ counts, ofTags, accuracy, loss, examples }: Counted): EvaluationResult {
  const { precision, recall, f1 } = totalOf(counts);
  const each = [...ofTags.values()].map((one) => entityMetrics(one).f1);
  const perClass = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => ({ name, ...entityMetrics(one) }));
  return {
    metrics: {
      ...(loss !== undefined && { loss }),
      entityF1: f1,
      entityPrecision: precision,
      entityRecall: recall,
      accuracy,
      macroF1: each.reduce((sum, value) => sum + value, 0) / each.length,
    },
    perClass,
    exampleCount: examples,
  };
}
