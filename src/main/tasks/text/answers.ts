/** What networks answered about the tokens of an example: those that were masked, or the one that comes next. */
import { likeliestChoices } from '../likeliest.ts';
import type { AnsweredExample, ExampleAnswer } from '../task.ts';
import { tokenText } from './vocabulary.ts';

/** Every masked token: output `maskedLogits` [places, vocabulary], feeds `maskedPositions`, `maskedLabels`, `maskedWeights`. */
export function maskedAnswers({ outputs: { maskedLogits }, feeds, tokenizer, top }: AnsweredExample): ExampleAnswer[] {
  const { maskedPositions, maskedLabels, maskedWeights } = feeds;
  if (!maskedLogits || !maskedPositions || !maskedLabels || !tokenizer) return [];
  const vocabularySize = maskedLogits.data.length / maskedPositions.length;
  const places = Array.from(maskedPositions.keys()).filter((place) => maskedWeights?.[place] !== 0);
  return places.map((place, number) => ({
    question: `[MASK${number + 1}]`,
    kind: 'token',
    choices: likeliestChoices(
      maskedLogits.data.subarray(place * vocabularySize, (place + 1) * vocabularySize),
      top,
      (id) => tokenText(tokenizer, id),
    ),
    truth: tokenText(tokenizer, Number(maskedLabels[place])),
  }));
}

/** The token after the window: output `nextLogits` [1, vocabulary], feeds `nextPosition` and `nextLabels`. */
export function nextAnswers({ outputs: { nextLogits }, feeds, tokenizer, top }: AnsweredExample): ExampleAnswer[] {
  const { nextPosition, nextLabels, nextWeights } = feeds;
  const position = nextPosition?.[0];
  if (!nextLogits || position === undefined || !nextLabels || !tokenizer || nextWeights?.[position] === 0) return [];
  return [
    {
      question: 'next token',
      kind: 'token',
      choices: likeliestChoices(nextLogits.data, top, (id) => tokenText(tokenizer, id)),
      truth: tokenText(tokenizer, Number(nextLabels[position])),
    },
  ];
}
