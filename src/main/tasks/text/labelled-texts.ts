/** A labelled text dataset for a run: its split and label budget, and its texts as tokens, encoded when first asked for. */
import { LabError } from '../../../shared/errors.ts';
import { splitDataset } from '../../data/split.ts';
import type { TextDataset } from '../../data/text/dataset.ts';
import { openTextDataset } from '../../data/text/dataset.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { requireClasses } from '../classification/labelled-classes.ts';
import type { LabelBudget } from '../labelled/label-budget.ts';
import { drawSides } from '../labelled/sides.ts';
import type { ExampleSides, SamplerSetup } from '../task.ts';
import { cutPair } from './prediction.ts';

export interface LabelledTexts {
  readonly dataset: TextDataset;
  readonly tokenizer: TextTokenizer;
  /** Indices of examples. */
  readonly sides: ExampleSides;
}

export interface LabelledTextSettings {
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly labelBudget?: LabelBudget | undefined;
}

/** Throws `LabError('bad-input')` without a tokenizer or with a single class, `LabError('bad-spec')` for a budget that is too large. */
export function openLabelledTexts(setup: SamplerSetup<LabelledTextSettings>): LabelledTexts {
  const { dataFolder, tokenizerFile, options, splitSeed } = setup;
  if (tokenizerFile === undefined) {
    throw new LabError(
      'bad-input',
      'labelled text needs a tokenizer: begin from a pretrained run, name a corpus or a tokenizer.json, or say {trained: {}} for one of its own',
    );
  }
  const tokenizer = loadTokenizer(tokenizerFile);
  const dataset = openTextDataset(dataFolder);
  try {
    requireClasses(dataset, 'example');
    const fractions = { validation: options.validationFraction, test: options.testFraction };
    const split = splitDataset(dataset, { seed: splitSeed, fractions });
    return { dataset, tokenizer, sides: drawSides(dataset, split, setup) };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

/** The tokens of an example that a network sees. */
export interface EncodedParts {
  readonly text: Uint32Array;
  readonly pair: Uint32Array | undefined;
  /** There was more of it than fits. */
  readonly isTruncated: boolean;
}

/** Examples kept with their tokens; with more, the rest is encoded every time. */
const MOST_KEPT = 200_000;

/** A function that gives the tokens of an example, cut to `length` with its special tokens. */
export function createEncoder(
  { dataset, tokenizer }: Pick<LabelledTexts, 'dataset' | 'tokenizer'>,
  length: number,
  separators = 1,
): (index: number) => EncodedParts {
  const kept = new Map<number, EncodedParts>();
  return (index) => {
    const known = kept.get(index);
    if (known) return known;
    const parts = encodeParts(tokenizer, dataset.text(index), dataset.textPair(index) ?? undefined, length, separators);
    if (kept.size < MOST_KEPT) kept.set(index, parts);
    return parts;
  };
}

/** A text, or a text and its pair, cut to `length` with special tokens: the ends give way, of a pair the longer one's first. */
export function encodeParts(
  tokenizer: TextTokenizer,
  text: string,
  pair: string | undefined,
  length: number,
  separators = 1,
): EncodedParts {
  const capacity = length - 2 - (pair === undefined ? 0 : separators);
  // One token more than fits tells that there is more.
  const first = encodeBeginning(tokenizer, text, capacity + 1);
  if (pair === undefined) {
    return { text: first.slice(0, capacity), pair: undefined, isTruncated: first.length > capacity };
  }
  const second = encodeBeginning(tokenizer, pair, capacity + 1);
  const [cutFirst, cutSecond] = cutPair(first.slice(0, capacity), second.slice(0, capacity), capacity);
  return { text: cutFirst, pair: cutSecond, isTruncated: first.length + second.length > capacity };
}

/** Characters looked at first for each token wanted; more than most texts have. */
const CHARACTERS_PER_TOKEN = 12;

/**
 * The first `capacity` tokens of a text. Of a long text only a beginning is encoded, which ends at a space: words are encoded
 * on their own, so the tokens are the same. Marks of special tokens in the text are text like any other.
 */
export function encodeBeginning(tokenizer: TextTokenizer, text: string, capacity: number): Uint32Array {
  for (let characters = capacity * CHARACTERS_PER_TOKEN; characters < text.length; characters *= 4) {
    const space = text.lastIndexOf(' ', characters);
    if (space <= 0) continue;
    const tokens = tokenizer.encode(text.slice(0, space), { recogniseSpecial: false });
    if (tokens.length >= capacity) return tokens.slice(0, capacity);
  }
  return tokenizer.encode(text, { recogniseSpecial: false }).slice(0, capacity);
}
