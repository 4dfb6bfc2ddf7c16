/** Pairs of sequences as a network and the classical methods see them. */
import { LabError } from '../../../shared/errors.ts';
import { quotedList } from '../../../shared/excerpt.ts';
import { readCigar, UNRELATED, type ReadCigar } from '../../data/text/aligned-pair.ts';
import { splitDataset } from '../../data/split.ts';
import type { TextDataset } from '../../data/text/dataset.ts';
import { openTextDataset } from '../../data/text/dataset.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { LabelBudget } from '../labelled/label-budget.ts';
import { drawSides } from '../labelled/sides.ts';
import type { ExampleSides, Feeds, SamplerSetup } from '../task.ts';
import { createTokenBatch, writeSingle } from '../text/token-batch.ts';

export interface SequencePair {
  readonly first: string;
  readonly second: string;
  readonly isRelated: boolean;
  /** Where it is known. */
  readonly alignment: ReadCigar | undefined;
}

export interface PairMaterial {
  readonly dataset: TextDataset;
  readonly tokenizer: TextTokenizer;
  readonly sides: ExampleSides;
  pair(this: void, example: number): SequencePair;
}

export interface PairSettings {
  readonly length: number;
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly labelBudget?: LabelBudget | undefined;
}

/** Throws `LabError('bad-input')` without a tokenizer or alignments, or for sequences that are too long. */
export function openPairs(setup: SamplerSetup<PairSettings>): PairMaterial {
  const { dataFolder, tokenizerFile, options, splitSeed } = setup;
  if (tokenizerFile === undefined) {
    throw new LabError(
      'bad-input',
      'sequences need a tokenizer: begin from a pretrained run, name a corpus or a tokenizer.json, or say {trained: {kind: characters}} for one of their own',
    );
  }
  const tokenizer = loadTokenizer(tokenizerFile);
  const dataset = openTextDataset(dataFolder);
  try {
    if (dataset.targets?.kind !== 'alignments') {
      throw new LabError(
        'bad-input',
        `pairs of sequences are wanted, and the dataset in ${dataFolder} has none: import it with --labels alignments`,
      );
    }
    residueTokens(tokenizer, dataset.text(0));
    const { size, groups, sides: official, contentHash } = dataset;
    const pairs = Array.from({ length: size }, (_, example): SequencePair => {
      const label = dataset.writtenLabel(example);
      const [first, second] = [dataset.text(example), dataset.textPair(example) ?? ''];
      for (const sequence of [first, second]) requireFitting(sequence, options.length, `pair ${example + 1}: `);
      return { first, second, isRelated: label !== UNRELATED, alignment: readCigar(label) };
    });
    requireKnown(tokenizer, pairs.slice(0, MOST_LOOKED_AT));
    const material = { groups, sides: official, contentHash };
    const fractions = { validation: options.validationFraction, test: options.testFraction };
    const split = splitDataset(
      { ...material, labels: new Int32Array(size), classes: ['pair'] },
      { seed: splitSeed, fractions },
    );
    if (split.validation.length === 0) {
      throw new LabError(
        'bad-input',
        'nothing is left for validation: pairs that share a family or a sequence stay on one side of the split, and none of these groups is as small as that. Raise task.validationFraction, or bring pairs of more families or an official split',
      );
    }
    const labels = Int32Array.from(pairs, ({ isRelated }) => Number(!isRelated));
    const sides = drawSides({ ...material, labels, classes: ['related', 'unrelated'] }, split, setup);
    return { dataset, tokenizer, sides, pair: (example) => pairs[example]! };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

/** Pairs stand for all others. */
const MOST_LOOKED_AT = 200;

/** Throws `LabError('bad-input')` for a tokenizer to which most residues are unknown. */
function requireKnown(tokenizer: TextTokenizer, pairs: readonly SequencePair[]): void {
  const unknown = new Set<string>();
  let [missing, all] = [0, 0];
  for (const sequence of pairs.flatMap(({ first, second }) => [first, second])) {
    for (const [place, token] of residueTokens(tokenizer, sequence).entries()) {
      all += 1;
      if (token !== tokenizer.special.unknown) continue;
      missing += 1;
      unknown.add(sequence.charAt(place));
    }
  }
  if (missing * 2 <= all) return;
  throw new LabError(
    'bad-input',
    `most residues of these sequences are unknown to this tokenizer, such as ${quotedList([...unknown])}: it was made for other ones. Name a corpus of such sequences, or say {trained: {kind: characters}}`,
  );
}

/**
 * Throws `LabError('bad-input')` for a sequence that does not fit with the marks of its begin and end.
 * @param whose what the message begins with
 */
export function requireFitting(sequence: string, length: number, whose = ''): void {
  if (sequence.length <= length - 2) return;
  throw new LabError(
    'bad-input',
    `${whose}a sequence has ${sequence.length} residues, and networks with task.length ${length} read ${length - 2}: set it to ${sequence.length + 2} or more, or cut the sequences`,
  );
}

/**
 * One token for each residue: small letters, which mark repeats and insertions, are those of capitals where the tokenizer has only
 * these, and the other way round. Throws `LabError('bad-input')` for tokenizers that have others.
 */
export function residueTokens(tokenizer: TextTokenizer, sequence: string): Uint32Array {
  const tokens = tokenizer.encode(sequence, { recogniseSpecial: false });
  if (tokens.length === sequence.length) {
    const { unknown } = tokenizer.special;
    return tokens.map((token, place) => (token === unknown ? inOtherCase(tokenizer, sequence.charAt(place)) : token));
  }
  throw new LabError(
    'bad-input',
    `aligning needs a token for each residue, and this tokenizer makes ${tokens.length} of ${sequence.length}: import the corpus with --tokenizer-kind characters`,
  );
}

function inOtherCase(tokenizer: TextTokenizer, residue: string): number {
  const capital = residue.toUpperCase();
  const other = tokenizer.encode(residue === capital ? residue.toLowerCase() : capital, { recogniseSpecial: false });
  return other.length === 1 ? other[0]! : tokenizer.special.unknown;
}

/** What a network reads of pairs: all first sequences, then all second ones. Undefined stands for none. */
export function pairFeeds(
  tokenizer: TextTokenizer,
  pairs: readonly (Pick<SequencePair, 'first' | 'second'> | undefined)[],
  length: number,
): Feeds {
  const { special } = tokenizer;
  const batch = createTokenBatch(2 * pairs.length, length, special);
  for (const [row, pair] of pairs.entries()) {
    // A residue that stands for nothing keeps the recursions finite.
    for (const [half, sequence] of [pair?.first, pair?.second].entries()) {
      const tokens = sequence === undefined ? [special.unknown] : residueTokens(tokenizer, sequence);
      writeSingle(batch, half * pairs.length + row, tokens, special);
    }
  }
  const { tokens, segments, mask } = batch;
  return { tokens, segments, mask };
}

/** What a network is told of them; `compared` says whether it is to learn which are related. */
export function truthFeeds(
  pairs: readonly (SequencePair | undefined)[],
  { length, compared }: { readonly length: number; readonly compared: boolean },
): Feeds {
  const aligned = new Int32Array(pairs.length * length);
  const columnOf = (of: (pair: SequencePair) => number): Float32Array =>
    Float32Array.from(pairs, (pair) => (pair ? of(pair) : 0));
  for (const [row, pair] of pairs.entries()) {
    // Behind the mark that sequences begin with, which stands for none.
    pair?.alignment?.aligned.forEach((column, residue) => (aligned[row * length + residue + 1] = column + 1));
  }
  return {
    aligned,
    opened: columnOf(({ alignment }) => alignment?.opened ?? 0),
    extended: columnOf(({ alignment }) => alignment?.extended ?? 0),
    columns: columnOf(({ alignment }) => (alignment ? alignment.pairs + alignment.opened + alignment.extended : 0)),
    related: columnOf(({ isRelated }) => Number(isRelated)),
    weights: columnOf(() => 1),
    compared: columnOf(() => Number(compared)),
  };
}
