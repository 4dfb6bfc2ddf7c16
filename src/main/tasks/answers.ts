/** What a network answered to single examples, for people who look at them. Each task reads its own outputs with these. */
import type { AnsweredExample, ExampleAnswer } from './task.ts';

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

/** The labels of the largest logits, with their probabilities over all of them; of equal ones the first. */
export function likeliestChoices(
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
