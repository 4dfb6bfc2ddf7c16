/** Sentences with a tag for each word, as a network reads them: pieces of words, in windows of whole words that fit. */
import { LabError } from '../../../shared/errors.ts';
import { splitDataset } from '../../data/split.ts';
import { openTextDataset } from '../../data/text/dataset.ts';
import type { TextDataset } from '../../data/text/dataset.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { ExampleSides, SamplerSetup } from '../task.ts';
import { drawSides } from '../labelled/sides.ts';
import { areEntityTags, tagNormaliser } from './entities.ts';

export interface TaggingSettings {
  readonly length: number;
  readonly words: number;
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly labelBudget?: { readonly total?: number | undefined } | undefined;
}

/** Words of a sentence that are read at once; long sentences have several windows. */
export interface Window {
  readonly sentence: number;
  readonly words: readonly string[];
  /** Indices into the tags of the material. */
  readonly tags: readonly number[];
  /** Pieces of all words, and where each word begins among them. */
  readonly pieces: Uint32Array;
  readonly begins: readonly number[];
}

export interface TaggedMaterial {
  readonly dataset: TextDataset;
  readonly tokenizer: TextTokenizer;
  readonly tags: readonly string[];
  /** Whether tags are those of entities, such as B-PER; others are one to a word. */
  readonly hasEntities: boolean;
  /** Sentences, by their number in the dataset. */
  readonly sides: ExampleSides;
  /** The windows of the sentences of a side, in its order. */
  windows(side: keyof ExampleSides): readonly Window[];
}

/** Throws `LabError('bad-input')` without a tokenizer or tags, `LabError('bad-spec')` for a budget that is too large. */
export function openTaggedMaterial(setup: SamplerSetup<TaggingSettings>): TaggedMaterial {
  const { dataFolder, tokenizerFile, options, splitSeed } = setup;
  if (tokenizerFile === undefined) {
    throw new LabError(
      'bad-input',
      'tagged words need a tokenizer: begin from a pretrained run, or name a corpus or a tokenizer.json',
    );
  }
  const tokenizer = loadTokenizer(tokenizerFile);
  const dataset = openTextDataset(dataFolder);
  try {
    if (dataset.targets?.kind !== 'tags') {
      throw new LabError(
        'bad-input',
        `tags of words are wanted, and the dataset in ${dataFolder} has none: import it with --labels tags`,
      );
    }
    const normalised = tagNormaliser(dataset.targets.names);
    const tags = [...new Set(dataset.targets.names.map(normalised))];
    const numberOf = new Map(tags.map((tag, index) => [tag, index]));
    const { size, groups, sides: official, contentHash } = dataset;
    const material = { labels: new Int32Array(size), classes: ['sentence'], groups, sides: official, contentHash };
    const fractions = { validation: options.validationFraction, test: options.testFraction };
    const sides = drawSides(material, splitDataset(material, { seed: splitSeed, fractions }), setup);
    const cut = new Map<keyof ExampleSides, readonly Window[]>();
    const windows = (side: keyof ExampleSides): readonly Window[] => {
      const known = cut.get(side);
      if (known) return known;
      const made = Array.from(sides[side], (sentence) => {
        const words = dataset.text(sentence).split(' ');
        const own = dataset
          .writtenLabel(sentence)
          .split(' ')
          .map((tag) => numberOf.get(normalised(tag))!);
        return windowsOf(tokenizer, words, options).map(({ from, to, ...rest }) => ({
          ...rest,
          sentence,
          tags: own.slice(from, to),
        }));
      }).flat();
      cut.set(side, made);
      return made;
    };
    return { dataset, tokenizer, tags, hasEntities: areEntityTags(tags), sides, windows };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

/** Cuts a sentence where a window is full, between words; a word that is longer than a window loses its end. */
export function windowsOf(
  tokenizer: TextTokenizer,
  words: readonly string[],
  { length, words: mostWords }: Pick<TaggingSettings, 'length' | 'words'>,
): (Omit<Window, 'sentence' | 'tags'> & { readonly from: number; readonly to: number })[] {
  const capacity = length - 2;
  const found: (Omit<Window, 'sentence' | 'tags'> & { readonly from: number; readonly to: number })[] = [];
  let from = 0;
  let begins: number[] = [];
  let pieces: number[] = [];
  const finish = (to: number): void => {
    if (to > from) found.push({ from, to, words: words.slice(from, to), pieces: Uint32Array.from(pieces), begins });
    [from, begins, pieces] = [to, [], []];
  };
  for (const [place, word] of words.entries()) {
    const own = piecesOf(tokenizer, word, place).slice(0, capacity);
    if (pieces.length + own.length > capacity || begins.length === mostWords) finish(place);
    begins.push(pieces.length);
    pieces.push(...own);
  }
  finish(words.length);
  return found;
}

/** At least one piece for every word, so that each has a place to be tagged at. */
function piecesOf(tokenizer: TextTokenizer, word: string, place: number): number[] {
  // Tokenizers that mark the beginning of words need the blank before them.
  const ids = Array.from(tokenizer.encode(place === 0 ? word : ` ${word}`, { recogniseSpecial: false }));
  return ids.length === 0 ? [tokenizer.special.unknown] : ids;
}
