/** What a network answered about the pair of sequences in a batch of one. */
import type { AnsweredExample, ExampleAnswer } from '../task.ts';
import { readAlignment } from './decoding.ts';
import { sizesOf } from './evaluation.ts';

export function alignmentAnswers({ outputs, feeds }: AnsweredExample): ExampleAnswer[] {
  const { related: truth, weights } = feeds;
  if (!outputs.pairScores || !truth || weights?.[0] === 0) return [];
  const { related } = readAlignment(outputs, 0, sizesOf(feeds, 0, 1), 'posterior');
  const choices = [
    { label: 'related', probability: related },
    { label: 'unrelated', probability: 1 - related },
  ];
  return [
    {
      question: 'related or not',
      kind: 'class',
      choices: choices.sort((a, b) => b.probability - a.probability),
      truth: truth[0] === 1 ? 'related' : 'unrelated',
    },
  ];
}
