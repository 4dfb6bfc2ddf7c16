/**
 * Divides a corpus into training, validation and test text by whole documents, so that no document is on two sides. The
 * side is decided by the document's content and the split seed: another order of the same documents gives the same split.
 */
import { LabError } from '../../../shared/errors.ts';
import { hash32 } from '../../../shared/random.ts';
import type { CorpusSource, Section } from './corpus-source.ts';
import { documentSections } from './corpus-source.ts';
import { purpose } from './purposes.ts';

export interface SplitOptions {
  /** Shares of all tokens, each in [0, 1). */
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly splitSeed: number;
  /** How many documents each side needs at least: two, where a task needs another document. */
  readonly minimumDocuments: number;
  /** Documents with fewer sentences are left out: two, where a task needs a pair of sentences. */
  readonly minimumSentences: number;
}

export type SectionSplit = Readonly<Record<'training' | 'validation' | 'test', readonly Section[]>>;

/** A document's content is recognised by its length and its first tokens. */
const TOKENS_OF_IDENTITY = 128;

/**
 * Splits by document; the shares are met to within half a share where documents are small enough. A corpus of one
 * document is split inside it, at sentence boundaries, if one document is enough: its beginning trains.
 * Throws `LabError('bad-input')` for a corpus with too few documents or too little text.
 */
export function splitDocuments(corpus: CorpusSource, options: SplitOptions): SectionSplit {
  const sections = documentSections(corpus).filter(
    ({ tokenCount, firstSentence, endSentence }) =>
      tokenCount > 0 && endSentence - firstSentence >= options.minimumSentences,
  );
  const sides = 1 + Number(options.validationFraction > 0) + Number(options.testFraction > 0);
  if (sections.length < sides * options.minimumDocuments) {
    const [only] = sections;
    if (sections.length === 1 && only && options.minimumDocuments === 1) return splitInside(corpus, only, options);
    const sentences = options.minimumSentences > 1 ? ` of at least ${options.minimumSentences} sentences` : '';
    const reason = options.minimumDocuments > 1 ? `, ${options.minimumDocuments} on each side of the split` : '';
    throw new LabError(
      'bad-input',
      `this task needs at least ${sides * options.minimumDocuments} documents${sentences}${reason}; the corpus has ` +
        `${sections.length}. Import more files, or divide long ones where one text ends and the next begins`,
      { documents: sections.length },
    );
  }
  return assignDocuments(corpus, sections, options);
}

function assignDocuments(corpus: CorpusSource, sections: readonly Section[], options: SplitOptions): SectionSplit {
  const total = sections.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  const hashes = sections.map((section) => contentHash(corpus, section, options.splitSeed));
  const order = Array.from(sections.keys()).sort((a, b) => hashes[a]! - hashes[b]! || a - b);
  const taken = new Set<number>();

  /** Takes documents in the order of their hashes, but none that is much too large for what is still wanted. */
  function take(share: number): Section[] {
    if (share <= 0) return [];
    const wanted = share * total;
    const chosen: number[] = [];
    let tokens = 0;
    const add = (index: number): void => {
      chosen.push(index);
      taken.add(index);
      tokens += sections[index]!.tokenCount;
    };
    for (const index of order) {
      if (tokens >= wanted) break;
      if (!taken.has(index) && tokens + sections[index]!.tokenCount <= 1.5 * wanted) add(index);
    }
    const smallestFirst = order.toSorted((a, b) => sections[a]!.tokenCount - sections[b]!.tokenCount);
    for (const index of smallestFirst) {
      if (chosen.length >= options.minimumDocuments) break;
      if (!taken.has(index)) add(index);
    }
    return chosen.sort((a, b) => a - b).map((index) => sections[index]!);
  }

  const validation = take(options.validationFraction);
  const test = take(options.testFraction);
  return { training: sections.filter((_, index) => !taken.has(index)), validation, test };
}

function contentHash(corpus: CorpusSource, { tokenOffset, tokenCount }: Section, splitSeed: number): number {
  let hash = tokenCount;
  for (const token of corpus.tokens(tokenOffset, Math.min(tokenCount, TOKENS_OF_IDENTITY))) {
    hash = Math.imul((hash ^ token) + 0x7f4a7c15, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash32(splitSeed, purpose.split, hash >>> 0);
}

/** Cuts one document after the sentence where each share of its tokens is reached. */
function splitInside(
  corpus: CorpusSource,
  section: Section,
  { validationFraction, testFraction }: SplitOptions,
): SectionSplit {
  const sentences = section.endSentence - section.firstSentence;
  const sides = 1 + Number(validationFraction > 0) + Number(testFraction > 0);
  if (sentences < sides) {
    throw new LabError('bad-input', `the corpus has ${sentences} sentences, too few to be divided into ${sides} parts`);
  }
  const shares = [1 - validationFraction - testFraction, validationFraction, testFraction];
  const parts: Section[][] = [];
  let sentence = section.firstSentence;
  let tokenOffset = section.tokenOffset;
  let reached = 0;
  for (const [index, share] of shares.entries()) {
    reached += share * section.tokenCount;
    const sidesAfter = shares.slice(index + 1).filter((later) => later > 0).length;
    const firstSentence = sentence;
    const start = tokenOffset;
    const limit = section.endSentence - sidesAfter; // every later side keeps a sentence
    while (share > 0 && sentence < limit) {
      const enough = sidesAfter > 0 && sentence > firstSentence && tokenOffset - section.tokenOffset >= reached;
      if (enough) break;
      tokenOffset += corpus.sentenceLength(sentence);
      sentence += 1;
    }
    const part = {
      document: section.document,
      firstSentence,
      endSentence: sentence,
      tokenOffset: start,
      tokenCount: tokenOffset - start,
    };
    parts.push(sentence > firstSentence ? [part] : []);
  }
  const [training = [], validation = [], test = []] = parts;
  return { training, validation, test };
}
