/** Asks a trained model about a text that a person typed: words under masks, pairs. */
import { LabError } from '../../../shared/errors.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { likeliestChoices } from '../likeliest.ts';
import type { Feeds, PredictionAnswer, PredictionModel, PredictionQuery } from '../task.ts';
import { createTokenBatch, writePair, writeSingle } from './token-batch.ts';
import { tokenText } from './vocabulary.ts';

/** As people write it: [MASK], [mask], numbered as in displays, or as RoBERTa has it. */
const MASK = /\s*(?:\[mask\d*\]|<mask>)/giu;

export function hasMasks(text: string): boolean {
  return text.search(MASK) >= 0;
}

const tokenizers = new WeakMap<object, TextTokenizer>();

/** The tokenizer that belongs to a model, read once. */
export function tokenizerOf(model: Omit<PredictionModel, 'run'>): TextTokenizer {
  const known = model.tokenizer ?? tokenizers.get(model);
  if (known) return known;
  if (model.tokenizerFile === undefined) {
    throw new LabError('bad-input', 'this run has no tokenizer, so it cannot read text');
  }
  const tokenizer = loadTokenizer(model.tokenizerFile);
  tokenizers.set(model, tokenizer);
  return tokenizer;
}

/** Token ids of a text, each [MASK] as the mask token. Other marks in brackets are text like any other. */
export function encodeWithMasks(tokenizer: TextTokenizer, text: string): number[] {
  const ids: number[] = [];
  for (const [index, part] of text.split(MASK).entries()) {
    if (index > 0) ids.push(tokenizer.special.mask);
    for (const id of tokenizer.encode(part, { recogniseSpecial: false })) ids.push(id);
  }
  return ids;
}

/** The tokens of one example as fed to a model. */
export interface EncodedText {
  readonly feeds: Feeds;
  readonly tokens: Int32Array;
}

/** [CLS] text [SEP], or [CLS] text [SEP] pair [SEP], in a batch of one. The parts must fit. */
export function encodeExample(
  tokenizer: TextTokenizer,
  length: number,
  text: ArrayLike<number>,
  pair?: ArrayLike<number>,
  separators = 1,
): EncodedText {
  const batch = createTokenBatch(1, length, tokenizer.special);
  if (pair) writePair(batch, 0, text, pair, tokenizer.special, separators);
  else writeSingle(batch, 0, text, tokenizer.special);
  const { tokens, segments, mask } = batch;
  return { feeds: { tokens, segments, mask }, tokens };
}

/** Tokens that a model reads, special tokens included. */
export function lengthOf({ input }: Pick<PredictionModel, 'input'>): number {
  if (input.kind !== 'tokens') throw new LabError('internal', `a model of ${input.kind} cannot read text`);
  return input.length;
}

/** How many tokens of text a model reads, besides [CLS] and a [SEP] for each part. */
export function capacityOf(model: PredictionModel, parts: 1 | 2): number {
  return lengthOf(model) - 1 - parts;
}

/** The beginnings of two sequences that together are not longer than the capacity: the longer one gives way first. */
export function cutPair<Ids extends { readonly length: number; slice(start: number, end: number): Ids }>(
  a: Ids,
  b: Ids,
  capacity: number,
): [Ids, Ids] {
  const half = Math.floor(capacity / 2);
  const lengthOfB = Math.min(b.length, Math.max(capacity - a.length, half));
  return [a.slice(0, capacity - lengthOfB), b.slice(0, lengthOfB)];
}

/** The part of a text that fits and has all its masks. Throws `LabError('bad-input')` when the masks are too far apart. */
export function windowAroundMasks(ids: readonly number[], mask: number, capacity: number): readonly number[] {
  if (ids.length <= capacity) return ids;
  const first = ids.indexOf(mask);
  const span = ids.lastIndexOf(mask) - first + 1;
  if (span > capacity) {
    throw new LabError(
      'bad-input',
      `the masks are ${span} tokens apart; this model reads ${capacity} tokens at a time`,
    );
  }
  const start = Math.min(Math.max(0, first - Math.floor((capacity - span) / 2)), ids.length - capacity);
  return ids.slice(start, start + capacity);
}

/**
 * The likeliest tokens at each mask, with their probabilities over the whole vocabulary. `places` is the number of
 * positions that the program looks at in one run; more masks take more runs.
 */
export async function predictMasks(
  model: PredictionModel,
  { feeds, tokens }: EncodedText,
  places: number,
  top: number,
): Promise<PredictionAnswer[]> {
  const tokenizer = tokenizerOf(model);
  const positions = Array.from(tokens.keys()).filter((position) => tokens[position] === tokenizer.special.mask);
  const answers: PredictionAnswer[] = [];
  for (let done = 0; done < positions.length; done += places) {
    const maskedPositions = new Int32Array(places);
    const asked = positions.slice(done, done + places);
    maskedPositions.set(asked);
    const { maskedLogits } = await model.run({ ...feeds, maskedPositions });
    if (!maskedLogits) throw new LabError('internal', "the prediction program has no output 'maskedLogits'");
    const vocabularySize = maskedLogits.data.length / places;
    for (const index of asked.keys()) {
      const logits = maskedLogits.data.subarray(index * vocabularySize, (index + 1) * vocabularySize);
      const choices = likeliestChoices(logits, top, (id) => tokenText(tokenizer, id));
      answers.push({ question: `[MASK${answers.length + 1}]`, choices });
    }
  }
  return answers;
}

/** The same for a text as a person typed it, with a text after it where there is one. Throws `LabError('bad-input')` without a mask. */
export async function answerMasks(
  model: PredictionModel,
  { text, textPair, top }: PredictionQuery,
  places: number,
): Promise<PredictionAnswer[]> {
  const tokenizer = tokenizerOf(model);
  const both = [requireText(text, 'a text with a [MASK]'), textPair ?? ''].join(' ').trim();
  const ids = encodeWithMasks(tokenizer, both);
  if (!ids.includes(tokenizer.special.mask)) {
    throw new LabError('bad-input', 'the text has no [MASK]. Write [MASK] where a word is to be filled in');
  }
  const capacity = capacityOf(model, 1);
  const example = encodeExample(tokenizer, capacity + 2, windowAroundMasks(ids, tokenizer.special.mask, capacity));
  const answers = await predictMasks(model, example, places, top);
  return answers.map((answer) => ({ ...answer, isTruncated: ids.length > capacity }));
}

export function requireText(text: string | undefined, what: string): string {
  if (text === undefined || text.trim() === '') throw new LabError('bad-input', `this model needs ${what}`);
  return text;
}
