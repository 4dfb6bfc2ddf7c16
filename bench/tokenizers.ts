/**
 * Our tokenizer runtime beside Hugging Face's in JavaScript and in Rust (`@huggingface/tokenizers`, which this bench needs beside what is
 * installed: `npm install --no-save @huggingface/tokenizers`; and `tokenizers`, whose answers are the truth). First, how many
 * of 2,000 random texts each reads as the truth does, for every kind of tokenizer.json; then how fast each encodes the Brown corpus,
 * in turns, with a word-piece and a byte-level vocabulary of 4,096 trained on it.
 */
import { readFile } from 'node:fs/promises';
import { Tokenizer } from 'tokenizers';
import { LabError } from '../src/shared/errors.ts';
import { trainedTokenizerOptions } from '../src/shared/spec/manifests/text-corpus.ts';
import { brownTexts } from '../src/main/data/samples/brown.ts';
import { createTokenizer } from '../src/main/data/tokenizer/tokenizer.ts';
import { tokenizerFiles, tokenizerTexts } from '../tests/tokenizer-texts.ts';
import { trainTokenizer } from '../tests/trained-tokenizer.ts';
import type { Bench } from './lib/bench.ts';
import { median, roundTo } from './lib/bench.ts';

/** As much of `@huggingface/tokenizers` as is asked here. */
interface PureTokenizer {
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: readonly number[] };
}
type PureLibrary = { readonly Tokenizer: new (json: object, config: object) => PureTokenizer };

const truthTexts = 2000;
const rounds = 5;

export const bench: Bench = {
  summary: 'our tokenizer runtime beside @huggingface/tokenizers and tokenizers: answers on random texts, and speed',
  async run(name, { threads, progress }) {
    const pure = await pureLibrary();
    const results: string[] = [];
    for (const [kind, file] of Object.entries(tokenizerFiles)) {
      const json = await readFile(file, 'utf8');
      const truth = Tokenizer.fromString(json);
      const own = createTokenizer(json, file);
      const other = new pure.Tokenizer(JSON.parse(json) as object, {});
      let [ownRight, otherRight] = [0, 0];
      const texts = tokenizerTexts(truthTexts);
      for (const text of texts) {
        const expected = (await truth.encode(text, null, { addSpecialTokens: false })).getIds().join();
        if (own.encode(text).join() === expected) ownRight += 1;
        if (idsOf(other, text).join() === expected) otherRight += 1;
      }
      results.push(`${kind}: ours ${ownRight}, @huggingface/tokenizers ${otherRight} of ${texts.length} texts`);
      progress(results.at(-1) ?? '');
    }
    const documents = [...brownTexts()].map(({ text }) => text);
    const characters = documents.reduce((sum, { length }) => sum + length, 0);
    for (const kind of ['word-piece', 'byte-pair'] as const) {
      const options = trainedTokenizerOptions.parse({ kind, vocabularySize: 4096 });
      const json = (await trainTokenizer(documents, options)).toJson();
      const other = new pure.Tokenizer(JSON.parse(json) as object, {});
      const truth = Tokenizer.fromString(json);
      const times: Record<string, number[]> = { ours: [], '@huggingface/tokenizers': [], tokenizers: [] };
      for (let round = 0; round < rounds; round++) {
        const own = createTokenizer(json, kind); // with no word known yet
        const time = async (who: string, encode: (text: string) => unknown): Promise<void> => {
          const begin = performance.now();
          for (const text of documents) await encode(text);
          times[who]?.push(performance.now() - begin);
        };
        await time('ours', (text) => own.encode(text));
        await time('@huggingface/tokenizers', (text) => idsOf(other, text));
        await time('tokenizers', (text) => truth.encode(text, null, { addSpecialTokens: false }));
      }
      const rates = Object.entries(times).map(
        ([who, all]) => `${who} ${roundTo(characters / 1e3 / median(all), 2)} million characters a second`,
      );
      results.push(`${kind}: ${rates.join(', ')}`);
      progress(results.at(-1) ?? '');
    }
    return { name, threads, size: { characters }, results };
  },
};

function idsOf(tokenizer: PureTokenizer, text: string): readonly number[] {
  try {
    return tokenizer.encode(text, { add_special_tokens: false }).ids;
  } catch {
    return []; // it is counted as another answer
  }
}

async function pureLibrary(): Promise<PureLibrary> {
  const name = ['@huggingface', 'tokenizers'].join('/'); // not one of the project's packages
  try {
    return (await import(name)) as PureLibrary; // its own types say the same
  } catch (error) {
    const message = 'This bench needs one more package: npm install --no-save @huggingface/tokenizers';
    throw new LabError('not-found', message, {}, error);
  }
}
