/** Documents to tokens with the boundaries of sentences, a batch at a time: what an import does in one or several threads. */
import type { SplitSentences } from './sentences.ts';
import { TokenBuffer } from '../tokenizer/token-buffer.ts';
import type { TextTokenizer } from '../tokenizer/tokenizer.ts';

/** A batch of documents; one after the other, in arrays that threads can hand over. */
export interface EncodedBatch {
  /** The tokens of all documents. */
  readonly tokens: Uint32Array<ArrayBuffer>;
  /** Where each sentence ends in `tokens`, ascending. */
  readonly sentenceEnds: Uint32Array<ArrayBuffer>;
  /** Where each document ends in `sentenceEnds`, ascending; documents without any token are left out. */
  readonly documentEnds: Uint32Array<ArrayBuffer>;
  readonly unknownTokens: number;
}

/** A batch on its way to a thread: UTF-8 texts one after the other, and where each ends. */
export interface TextBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
}

export function encodeDocuments(
  batch: TextBatch,
  tokenizer: TextTokenizer,
  splitSentences: SplitSentences,
): EncodedBatch {
  const text = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  const tokens = new TokenBuffer();
  const sentenceEnds = new TokenBuffer();
  const documentEnds = new TokenBuffer();
  let start = 0;
  for (const end of batch.ends) {
    const sentencesBefore = sentenceEnds.length;
    for (const sentence of splitSentences(text.toString('utf8', start, end))) {
      const tokensBefore = tokens.length;
      tokenizer.encodeInto(sentence, tokens);
      if (tokens.length > tokensBefore) sentenceEnds.push(tokens.length);
    }
    if (sentenceEnds.length > sentencesBefore) documentEnds.push(sentenceEnds.length);
    start = end;
  }
  const { unknown } = tokenizer.special;
  let unknownTokens = 0;
  const ids = tokens.take();
  for (const id of ids) if (id === unknown) unknownTokens += 1;
  return {
    tokens: ids,
    sentenceEnds: sentenceEnds.take(),
    documentEnds: documentEnds.take(),
    unknownTokens,
  };
}
