/** A corpus opened for a pretext task: its tokens, its vocabulary, and its documents divided into the sides of the split. */
import { LabError } from '../../../shared/errors.ts';
import type { TextCorpus } from '../../data/text/corpus.ts';
import { openTextCorpus } from '../../data/text/corpus.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { EvaluationSplit, SamplerSetup } from '../task.ts';
import type { SectionSplit } from './document-split.ts';
import { splitDocuments } from './document-split.ts';
import type { Vocabulary } from './masking.ts';
import type { ExampleSource } from './pretext-sampler.ts';
import { tokenOrNothing, vocabularyOf } from './vocabulary.ts';

export interface TextMaterial {
  readonly corpus: TextCorpus;
  readonly vocabulary: Vocabulary;
  readonly split: SectionSplit;
}

interface SplitFields {
  readonly validationFraction: number;
  readonly testFraction: number;
}

/** Places of tokens are kept in 32 bits. */
const MOST_TOKENS = 2 ** 32;

/**
 * Opens the corpus of a run. Throws `LabError('bad-input')` for a corpus that is too small or too large, or was encoded with
 * another tokenizer than the backbone's; the corpus is closed then.
 */
export function openTextMaterial(
  { dataFolder, tokenizerFile, options, splitSeed }: SamplerSetup<SplitFields>,
  needs: { readonly minimumDocuments: number; readonly minimumSentences: number; readonly mask?: boolean },
): TextMaterial {
  const corpus = openTextCorpus(dataFolder);
  try {
    if (corpus.tokenCount >= MOST_TOKENS) {
      throw new LabError(
        'too-large',
        `the corpus has ${corpus.tokenCount} tokens; at most ${MOST_TOKENS - 1} can be used`,
      );
    }
    if (tokenizerFile !== undefined) requireSameVocabulary(corpus.tokenizer, loadTokenizer(tokenizerFile), dataFolder);
    if (needs.mask === true) requireMask(corpus.tokenizer, dataFolder);
    const { validationFraction, testFraction } = options;
    const split = splitDocuments(corpus, { validationFraction, testFraction, splitSeed, ...needs });
    return { corpus, vocabulary: vocabularyOf(corpus.tokenizer), split };
  } catch (error) {
    corpus.close();
    throw error;
  }
}

/** Makes the examples of each side; throws `LabError('bad-input')` when a side that was asked for has none, and closes the corpus then. */
export function sourcesOf<Source extends ExampleSource>(
  { split, corpus }: TextMaterial,
  options: SplitFields,
  create: (side: 'training' | EvaluationSplit) => Source,
): Readonly<Record<'training' | EvaluationSplit, Source>> {
  try {
    const sources = { training: create('training'), validation: create('validation'), test: create('test') };
    requireExamples((side) => sources[side].count > 0, split, options, corpus);
    return sources;
  } catch (error) {
    corpus.close();
    throw error;
  }
}

/** Throws `LabError('bad-input')` when a side that was asked for has no example, and closes the corpus then. */
export function requireSides(
  { split, corpus }: TextMaterial,
  options: SplitFields,
  hasExamples: (side: 'training' | EvaluationSplit) => boolean,
): void {
  try {
    requireExamples(hasExamples, split, options, corpus);
  } catch (error) {
    corpus.close();
    throw error;
  }
}

function requireExamples(
  hasExamples: (side: 'training' | EvaluationSplit) => boolean,
  split: SectionSplit,
  options: SplitFields,
  { documentCount }: TextCorpus,
): void {
  const wanted = [
    ['training', true],
    ['validation', options.validationFraction > 0],
    ['test', options.testFraction > 0],
  ] as const;
  for (const [side, isWanted] of wanted) {
    if (!isWanted || hasExamples(side)) continue;
    const documents = `${split[side].length} of its ${documentCount} documents`;
    throw new LabError(
      'bad-input',
      `the corpus has no example for ${side} in ${documents}. Import more text, or longer documents`,
    );
  }
}

function requireMask({ hasMask }: TextTokenizer, dataFolder: string): void {
  if (hasMask) return;
  throw new LabError(
    'bad-input',
    `the tokenizer of the corpus in ${dataFolder} has no mask token, so no words can be hidden: take the task next-word, or a tokenizer with [MASK] or <mask>`,
  );
}

function requireSameVocabulary(own: TextTokenizer, other: TextTokenizer, dataFolder: string): void {
  if (own.toJson() === other.toJson()) return;
  const size = own.vocabularySize;
  const same =
    size === other.vocabularySize &&
    Array.from({ length: size }).every((_, id) => tokenOrNothing(own, id) === tokenOrNothing(other, id));
  if (same) return;
  throw new LabError(
    'bad-input',
    `the corpus in ${dataFolder} was encoded with another tokenizer than the one of the backbone. ` +
      "Import it again with the backbone's tokenizer.json",
  );
}
