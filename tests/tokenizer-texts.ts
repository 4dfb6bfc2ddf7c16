import path from 'node:path';
import { randomStream } from '../src/shared/random.ts';

const parts = [
  ...['the', 'cat', 'sat', 'mat', 'dog', 'ran', 'and', 'on', 'a', 'to', 'The', 'CAT', 'xyzzy', "don't", '42', '3.14'],
  ...[' ', ' ', ' ', '  ', '    ', '\n', '\t', '\u00a0', '.', ',', '!', '?', '-', '--', '_', "'", '"', '(', ')'],
  ...['é', 'Å', 'ß', 'Σ', 'ς', 'ﬁ', '½', 'ー', '猫', 'кот', 'हिन्दी', '😀', '👩‍🔬', '\u200b', '\ufeff', '\u0301'],
  ...['<s>', '<mask>', '[MASK]', '[SEP]', '</s>', '<|endoftext|>', '▁', '##', 'Ġ', '<0x41>'],
];

/** Texts of known words, other scripts, marks and blanks, always the same ones. */
export function tokenizerTexts(count: number): string[] {
  const random = randomStream(11, 0);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.integer(12) }, () => parts[random.integer(parts.length)]!).join(''),
  );
}

/** Files tokenizer.json of every kind that is read, by what they are. */
export const tokenizerFiles = Object.fromEntries(
  [
    ...['bert-classifier/tokenizer', 'roberta-classifier/tokenizer', 'modernbert/tokenizer', 'gpt2/tokenizer'],
    ...['unigram/tokenizer', 'unigram/with-bytes'],
  ].map((name) => [name, path.resolve(import.meta.dirname, 'fixtures/models', `${name}.json`)]),
);
