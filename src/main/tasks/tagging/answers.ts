/** What a network answered to the words of a sentence, for those who look at examples one by one. */
import type { AnsweredExample, ExampleAnswer } from '../asked.ts';
import { showTokens } from '../text/vocabulary.ts';
import { readTags, wordsIn } from './evaluation.ts';

/** Each word as a question, in their order: output `logits` [1, words, tags], feeds `tags`, `wordMask`, `wordPositions`. */
export function tagAnswers({ outputs, feeds, facts, tokenizer, top }: AnsweredExample): ExampleAnswer[] {
  const { tokens, mask, tags: truth, wordPositions, weights } = feeds;
  const names = facts.tags;
  if (!outputs.logits || !tokens || !truth || !wordPositions || !names || !tokenizer || weights?.[0] === 0) return [];
  const count = wordsIn(feeds, 0, truth.length);
  const { tags, probabilities } = readTags(outputs, 0, count);
  const all = probabilities();
  const length = mask ? Array.from(mask).filter((one) => one !== 0).length : tokens.length;
  return Array.from({ length: count }, (_, word) => {
    const from = Number(wordPositions[word]);
    const to = word + 1 < count ? Number(wordPositions[word + 1]) : length - 1; // behind the last one is a mark
    const own = all.subarray(word * names.length, (word + 1) * names.length);
    const said = tags[word]!;
    // The best sequence of a CRF may have another tag than the likeliest one of a word.
    const order = Array.from(own.keys()).toSorted(
      (a, b) => Number(b === said) - Number(a === said) || own[b]! - own[a]! || a - b,
    );
    return {
      question: showTokens(tokenizer, Array.from(tokens.subarray(from, to), Number)).trim(),
      kind: 'tag',
      choices: order.slice(0, top).map((tag) => ({ label: names[tag] ?? '', probability: own[tag]! })),
      truth: names[Number(truth[word])] ?? '',
    };
  });
}
