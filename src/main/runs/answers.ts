/**
 * What a network answered, read from the outputs that heads have in common: `logits` of classes with `labels`, of steps with
 * the `places` of a transcript, `maskedLogits` of words with `maskedLabels`. Generic over tasks, for looking at single examples.
 */
import type { TextTokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Feeds, TaskFacts, TensorData } from '../tasks/index.ts';
import { tokenText } from '../tasks/text/vocabulary.ts';
import { decodeByBeam } from '../tasks/transcription/ctc-decoding.ts';
import { fedTranscript, stepProbabilities, textOf } from '../tasks/transcription/evaluation.ts';

export interface ExampleAnswer {
  readonly question: string;
  readonly choices: { label: string; probability: number }[];
  readonly truth: string;
}

/** Of transcripts: with fewer, probabilities of the likeliest miss many of their paths. */
const beamWidth = 16;

/** What a network answered to one example, and what is right; empty for outputs that are of another kind. */
export function readAnswers(
  outputs: TensorData,
  feeds: Feeds,
  { classes }: TaskFacts,
  tokenizer: TextTokenizer | undefined,
  top: number,
): ExampleAnswer[] {
  const { logits, maskedLogits } = outputs;
  const answers: ExampleAnswer[] = [];
  const { maskedPositions, maskedLabels, maskedWeights, labels, places, mask, weights } = feeds;
  if (maskedLogits && maskedPositions && maskedLabels && tokenizer) {
    const vocabularySize = maskedLogits.data.length / maskedPositions.length;
    for (let place = 0; place < maskedPositions.length; place++) {
      if (maskedWeights?.[place] === 0) continue;
      const row = maskedLogits.data.subarray(place * vocabularySize, (place + 1) * vocabularySize);
      answers.push({
        question: `[MASK${answers.length + 1}]`,
        choices: likeliest(row, top, (id) => tokenText(tokenizer, id)),
        truth: tokenText(tokenizer, Number(maskedLabels[place])),
      });
    }
  }
  if (labels && classes && logits?.data.length === classes.length && weights?.[0] !== 0) {
    answers.push({
      question: 'class',
      choices: likeliest(logits.data, top, (id) => classes[id] ?? String(id)),
      truth: classes[Number(labels[0])] ?? '',
    });
  }
  if (places && classes && logits?.shape.length === 3 && weights?.[0] !== 0) {
    const found = decodeByBeam(stepProbabilities(logits, 0, mask), Math.max(top, beamWidth)).slice(0, top);
    answers.push({
      question: 'transcript',
      choices: found.map(({ labels: read, logProbability }) => ({
        label: textOf(read, classes),
        probability: Math.exp(logProbability),
      })),
      truth: textOf(fedTranscript(feeds, 0, places.length), classes),
    });
  }
  return answers;
}

/** The labels of the largest logits, with their probabilities over all of them. */
function likeliest(
  logits: ArrayLike<number>,
  top: number,
  labelOf: (index: number) => string,
): ExampleAnswer['choices'] {
  let highest = -Infinity;
  for (let index = 0; index < logits.length; index++) highest = Math.max(highest, logits[index]!);
  let total = 0;
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  for (const weight of weights) total += weight;
  const order = Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b);
  return order.slice(0, top).map((index) => ({ label: labelOf(index), probability: weights[index]! / total }));
}
