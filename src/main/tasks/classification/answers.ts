/** What a network answers to single examples with classes: to a question, and to what people look at of a run. */
import { LabError } from '../../../shared/errors.ts';
import { likeliestChoices } from '../likeliest.ts';
import type { AnsweredExample, ExampleAnswer, PredictionAnswer } from '../task.ts';

/** The class of an example: output `logits` [1, classes], feed `labels`; none for an example that only fills up a batch. */
export function classAnswers({
  outputs: { logits },
  feeds,
  facts: { classes },
  top,
}: AnsweredExample): ExampleAnswer[] {
  const { labels, weights } = feeds;
  if (!labels || !classes || logits?.data.length !== classes.length || weights?.[0] === 0) return [];
  return [
    {
      question: 'class',
      kind: 'class',
      choices: likeliestChoices(logits.data, top, (id) => classes[id] ?? String(id)),
      truth: classes[Number(labels[0])] ?? '',
    },
  ];
}

/** The probabilities of the classes, likeliest first. */
export function classAnswer(
  question: string,
  logits: ArrayLike<number> | undefined,
  classes: readonly string[],
  top: number,
): PredictionAnswer {
  if (!logits) throw new LabError('internal', "the prediction program has no output 'logits'");
  return { question, choices: likeliestChoices(logits, top, (id) => classes[id]!) };
}
