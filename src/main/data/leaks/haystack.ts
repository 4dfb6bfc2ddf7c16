/** A large collection of texts, read once from the beginning to the end, and here and there again where something was found. */
import { appendTextUnits } from './text-units.ts';
import { TokenUnitReader } from './token-units.ts';
import type { TextCorpus } from '../text/corpus.ts';
import { UnitBuffer } from './unit-buffer.ts';
import type { UnitSink } from './unit-buffer.ts';

export interface Haystack {
  /** Places there are: tokens of a corpus, texts of a list. */
  readonly size: number;
  /** Appends the next part to the sink. Returns how many places are done, or undefined at the end. */
  readonly parts: (sink: UnitSink) => Iterable<number>;
  /** The units around a place, `reach` of them on both sides where there are as many; of a list, the text that is the place. */
  readonly around: (place: number, reach: number, unit: 'words' | 'characters') => UnitBuffer;
  /** Number of the document that a place lies in. */
  readonly documentAt: (place: number) => number;
  /** The text between two places, both included; for a person. */
  readonly textBetween: (first: number, last: number) => string;
  /** All units of a document, or undefined for one that has more tokens. */
  readonly document: (number: number, unit: 'words' | 'characters', mostTokens: number) => UnitBuffer | undefined;
  /** What a text looks like in here. */
  readonly unitsOf: (text: string) => { readonly words: Uint32Array; readonly characters: Uint32Array };
  /** A text as this collection would have kept it. */
  readonly keptText: (text: string) => string;
}

/** Tokens read at once. */
const PART_TOKENS = 1 << 18;
/** A word has seldom more tokens. */
const TOKENS_PER_WORD = 4;

/** A corpus, by its tokens. What spans several documents is found, too: a text may have been imported line by line. */
export function corpusHaystack(corpus: TextCorpus): Haystack {
  const { tokenizer, tokenCount } = corpus;
  const reader = new TokenUnitReader(tokenizer);
  const encode = (text: string): Uint32Array => tokenizer.encode(text, { recogniseSpecial: false });
  // Without signs for white space, the end of a sentence is the only sign that a word ends there.
  const readStretch = (offset: number, count: number, sink: UnitSink): void => {
    const tokens = corpus.tokens(offset, count);
    if (tokenizer.spacing === ' ') {
      reader.read(tokens, offset, sink);
      return;
    }
    for (let done = 0; done < count;) {
      const end = Math.min(count, corpus.sentenceEnd(offset + done) - offset);
      reader.read(tokens.subarray(done, end), offset + done, sink);
      if (end < count || corpus.sentenceEnd(offset + count - 1) === offset + count) reader.finish(sink);
      done = end;
    }
  };
  const readRange = (first: number, end: number, sink: UnitSink): void => {
    const kept = reader.suspend();
    readStretch(first, end - first, sink);
    reader.finish(sink);
    reader.resume(kept); // a part may be in the middle of a word
  };
  return {
    size: tokenCount,
    *parts(sink) {
      for (let offset = 0; offset < tokenCount; offset += PART_TOKENS) {
        const count = Math.min(PART_TOKENS, tokenCount - offset);
        readStretch(offset, count, sink);
        if (offset + count === tokenCount) reader.finish(sink);
        yield offset + count;
      }
    },
    around(place, reach, unit) {
      const tokens = unit === 'words' ? reach * TOKENS_PER_WORD + 16 : reach + 16;
      const first = Math.max(0, place - tokens);
      const buffer = new UnitBuffer();
      readRange(first, Math.min(tokenCount, place + tokens), { [unit]: buffer });
      return around(buffer, place, reach);
    },
    documentAt: (place) => corpus.documentAtToken(place),
    textBetween: (first, last) => tokenizer.decode(corpus.tokens(first, Math.min(tokenCount, last + 1) - first)),
    document(number, unit, mostTokens) {
      const { first, end } = corpus.documentTokenRange(number);
      if (end - first > mostTokens) return undefined;
      const buffer = new UnitBuffer();
      readRange(first, end, { [unit]: buffer });
      return buffer;
    },
    unitsOf(text) {
      const sink = { words: new UnitBuffer(), characters: new UnitBuffer() };
      reader.read(encode(text), 0, sink);
      reader.finish(sink);
      return { words: sink.words.take(), characters: sink.characters.take() };
    },
    keptText: (text) => tokenizer.decode(encode(text)),
  };
}

function around(buffer: UnitBuffer, place: number, reach: number): UnitBuffer {
  let middle = 0;
  while (middle < buffer.length && buffer.places[middle]! < place) middle += 1;
  buffer.truncate(Math.min(buffer.length, middle + reach));
  buffer.keepLast(buffer.length - Math.max(0, middle - reach));
  return buffer;
}

/** Texts that are there as strings, such as the examples of a dataset; each is a document, and a place. */
export function listHaystack(size: number, text: (index: number) => string): Haystack {
  const unitsOf = (content: string, place: number): { words: UnitBuffer; characters: UnitBuffer } => {
    const sink = { words: new UnitBuffer(), characters: new UnitBuffer() };
    appendTextUnits(content, place, sink);
    return sink;
  };
  return {
    size,
    *parts(sink) {
      for (let index = 0; index < size; index += 1) {
        appendTextUnits(text(index), index, sink);
        yield index + 1;
      }
    },
    around: (place, _reach, unit) => unitsOf(text(place), place)[unit],
    documentAt: (place) => place,
    textBetween: (first) => text(first),
    document: (number, unit) => unitsOf(text(number), number)[unit],
    unitsOf(content) {
      const { words, characters } = unitsOf(content, 0);
      return { words: words.take(), characters: characters.take() };
    },
    keptText: (content) => content,
  };
}
