/** Tags of words beside the true ones: entities found, tags right, and how sure each was. */
import { LabError } from '../../../shared/errors.ts';
import { softmaxRows } from '../metrics/probabilistic.ts';
import type { Evaluation, EvaluationResult, Feeds, TensorData } from '../task.ts';
import type { EntityCounts } from './entities.ts';
import { areEntityTags, countEntities, entitiesOf, entityMetrics, totalOf, wordsAsEntities } from './entities.ts';
import type { Emissions, NumericScores } from './viterbi.ts';
import { bestTags, tagProbabilities } from './viterbi.ts';

/** What was said of the words of one window: their tags, and the probability of every tag, row-major [words, tags]. */
interface ReadTags {
  readonly tags: Int32Array;
  readonly probabilities: () => Float64Array;
}

/** The best tags of one window of a batch, by what the program gave. */
export function readTags(outputs: TensorData, row: number, words: number): ReadTags {
  const { logits } = outputs;
  if (!logits) throw new LabError('internal', "the program has no output 'logits'");
  const [, steps, tags] = logits.shape as readonly [number, number, number]; // as the head makes them
  const values = logits.data.subarray(row * steps * tags, (row * steps + words) * tags);
  const scores = crfScoresOf(outputs);
  const emissions: Emissions = { values, steps: words, tags };
  if (scores) {
    return { tags: bestTags(emissions, scores), probabilities: () => tagProbabilities(emissions, scores) };
  }
  return { tags: likeliestTags(values, tags), probabilities: () => softmaxRows(values, tags) };
}

/** The first of equal ones. */
export function likeliestTags(values: ArrayLike<number>, tags: number): Int32Array {
  return Int32Array.from({ length: values.length / tags }, (_, word) => {
    let best = 0;
    for (let tag = 1; tag < tags; tag += 1) if (values[word * tags + tag]! > values[word * tags + best]!) best = tag;
    return best;
  });
}

/** Of a CRF; undefined where tags are read one by one. */
function crfScoresOf({ transitions, start, end }: TensorData): NumericScores | undefined {
  return transitions && start && end ? { transitions: transitions.data, start: start.data, end: end.data } : undefined;
}

/** How many words the window in a row has. */
export function wordsIn({ wordMask }: Feeds, row: number, most: number): number {
  let words = 0;
  for (let word = 0; word < most; word += 1) words += Number((wordMask?.[row * most + word] ?? 0) > 0);
  return words;
}

/** Reads the outputs `losses` and `logits` [batch, words, tags], and the feeds `tags` and `wordMask` [batch, words]. */
export function taggingEvaluation(tags: readonly string[], mostWords: number): Evaluation {
  const labels: number[] = [];
  const predicted: number[] = [];
  const ends: number[] = [];
  const losses: number[] = [];
  const probabilities: Float64Array[] = [];
  return {
    add(outputs, feeds) {
      for (const [row, weight] of (feeds.weights ?? []).entries()) {
        if (weight === 0) continue;
        const count = wordsIn(feeds, row, mostWords);
        const read = readTags(outputs, row, count);
        labels.push(...feeds.tags!.subarray(row * mostWords, row * mostWords + count));
        predicted.push(...read.tags);
        ends.push(labels.length);
        losses.push(outputs.losses?.data[row] ?? Number.NaN);
        if (labels.length * tags.length <= MOST_PROBABILITIES) probabilities.push(read.probabilities());
      }
    },
    result: () =>
      evaluateTags(tags, {
        labels,
        predicted,
        ends,
        losses,
        probabilities: probabilities.length === ends.length ? joined(probabilities) : undefined,
      }),
  };
}

/** Beyond this many numbers they are not kept: a test of a million words is told by its tags. */
const MOST_PROBABILITIES = 8_000_000;

function joined(parts: readonly Float64Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Tags of all words, sentence after sentence. */
export interface TaggedAnswers {
  readonly labels: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
  /** Where each sentence, or window of one, ends among the words. */
  readonly ends: ArrayLike<number>;
  /** Of each sentence, in nats. */
  readonly losses: ArrayLike<number>;
  /** Of every tag, row-major [words, tags]. */
  readonly probabilities?: ArrayLike<number> | undefined;
}

/**
 * Entities where tags are those of entities, else words; precision, recall and F1 over all of them, and by type. Macro F1 is over the
 * tags that occur or were answered.
 */
export function evaluateTags(tags: readonly string[], answers: TaggedAnswers): EvaluationResult {
  const { labels, predicted, ends, losses, probabilities } = answers;
  const hasEntities = areEntityTags(tags);
  const read = hasEntities ? entitiesOf : wordsAsEntities;
  const counts = new Map<string, EntityCounts>();
  const ofTags = new Map<string, EntityCounts>();
  const [found, answered, support] = [0, 0, 0].map(() => new Uint32Array(ends.length)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]; // three, as written
  let [from, right] = [0, 0];
  for (let sentence = 0; sentence < ends.length; sentence += 1) {
    const end = ends[sentence]!;
    const names = (numbers: ArrayLike<number>): string[] =>
      Array.from({ length: end - from }, (_, word) => tags[numbers[from + word]!] ?? '');
    const [truth, given] = [names(labels), names(predicted)];
    const own = new Map<string, EntityCounts>();
    for (const into of [counts, own]) countEntities(into, read(truth), read(given));
    countEntities(ofTags, wordsAsEntities(truth), wordsAsEntities(given));
    for (const one of own.values()) {
      found[sentence]! += one.found;
      answered[sentence]! += one.answered;
      support[sentence]! += one.support;
    }
    for (; from < end; from += 1) right += Number(labels[from] === predicted[from]);
  }
  const { precision, recall, f1 } = totalOf(counts);
  const each = [...ofTags.values()].map((one) => entityMetrics(one).f1);
  const total = Array.from(losses).reduce((sum, loss) => sum + loss, 0);
  return {
    metrics: {
      loss: total / from,
      entityF1: f1,
      entityPrecision: precision,
      entityRecall: recall,
      accuracy: right / from,
      macroF1: each.reduce((sum, value) => sum + value, 0) / each.length,
    },
    perClass: [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => ({ name, ...entityMetrics(one) })),
    exampleCount: ends.length,
    answers: {
      kind: 'tags',
      labels: Int32Array.from(labels),
      predicted: Int32Array.from(predicted),
      ends: Uint32Array.from(ends),
      tagCount: tags.length,
      losses: Float32Array.from(losses),
      ...{ found, answered, support },
    },
    ...(probabilities && {
      scored: { kind: 'classes', names: tags, labels: Int32Array.from(labels), probabilities },
    }),
  };
}
