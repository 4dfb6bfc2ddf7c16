/** What a network read in the one line of a batch: output `logits` [1, steps, classes], feed `places`. */
import type { AnsweredExample, ExampleAnswer } from '../task.ts';
import { decodeByBeam } from './ctc-decoding.ts';
import { fedTranscript, stepProbabilities, textOf } from './evaluation.ts';

/** With fewer, probabilities of the likeliest transcripts miss many of their paths. */
const beamWidth = 16;

export function transcriptAnswers({
  outputs: { logits },
  feeds,
  facts: { classes },
  top,
}: AnsweredExample): ExampleAnswer[] {
  const { places, mask, weights } = feeds;
  if (!places || !classes || logits?.shape.length !== 3 || weights?.[0] === 0) return [];
  const found = decodeByBeam(stepProbabilities(logits, 0, mask), Math.max(top, beamWidth)).slice(0, top);
  return [
    {
      question: 'transcript',
      kind: 'transcript',
      choices: found.map(({ labels: read, logProbability }) => ({
        label: textOf(read, classes),
        probability: Math.exp(logProbability),
      })),
      truth: textOf(fedTranscript(feeds, 0, places.length), classes),
    },
  ];
}
