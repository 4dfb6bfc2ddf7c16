/** Shows rows of batches to people, in the form of the textbooks. */
import { displayMaskedWords } from '../../../shared/display.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { Feeds, PreviewItem } from '../task.ts';
import { showTokens, tokenTexts } from './vocabulary.ts';

/** The tokens of one row without padding, and the tokens that stood there before masking. */
interface OriginalRow {
  readonly shown: Int32Array;
  readonly original: Int32Array;
  /** Masked positions, ascending. */
  readonly positions: readonly number[];
  /** Where the second segment starts; the length for a single text. */
  readonly middle: number;
}

function rowOf(feeds: Feeds, row: number, length: number): OriginalRow {
  const part = (name: string, size: number): Int32Array =>
    Int32Array.from(feeds[name]?.subarray(row * size, (row + 1) * size) ?? []);
  const used = part('mask', length).indexOf(0);
  const end = used === -1 ? length : used;
  const shown = part('tokens', length).subarray(0, end);
  const original = shown.slice();
  const batchSize = (feeds.mask?.length ?? 0) / length;
  const places = (feeds.maskedPositions?.length ?? 0) / batchSize;
  const weights = part('maskedWeights', places);
  const labels = part('maskedLabels', places);
  const positions = Array.from(part('maskedPositions', places)).filter((_, place) => weights[place] === 1);
  for (const [place, position] of positions.entries()) original[position] = labels[place]!;
  const second = part('segments', length).indexOf(1);
  return { shown, original, positions, middle: second === -1 ? end : second };
}

/**
 * Masked words, with what the network sees in the chosen places that were not hidden; a pair keeps its [CLS] and [SEP], and its label
 * follows on a line of its own.
 */
export function describeMasked(
  tokenizer: TextTokenizer,
  feeds: Feeds,
  row: number,
  length: number,
  label?: string,
): PreviewItem {
  const { shown, original, positions, middle } = rowOf(feeds, row, length);
  const isPair = middle < shown.length;
  const start = isPair ? 0 : 1; // the one [CLS] and [SEP] around a single text say nothing
  const texts = tokenTexts(tokenizer, isPair ? original : original.subarray(1, -1));
  const { mask } = tokenizer.special;
  const places = positions.map((position) => ({
    position: position - start,
    label: texts[position - start]!,
    ...(shown[position] !== mask && { seen: showTokens(tokenizer, shown.subarray(position, position + 1)) }),
  }));
  const { text } = displayMaskedWords(texts, places);
  const visible = positions.filter((position) => shown[position] !== mask);
  const kept = visible.filter((position) => shown[position] === original[position]).length;
  const note = `${positions.length} predictions: ${positions.length - visible.length} hidden, ${visible.length - kept} replaced by a random token, ${kept} left as they are`;
  return { kind: 'text', text: label === undefined ? text : `${text}\nLabel: ${label}`, note };
}

/** A pair of sentences as in the README of BERT's authors. */
export function describePair(
  tokenizer: TextTokenizer,
  feeds: Feeds,
  row: number,
  length: number,
  label: string,
): PreviewItem {
  const [a, b] = pairTexts(tokenizer, feeds, row, length);
  return { kind: 'text', text: `Sentence A: ${a}\nSentence B: ${b}\nLabel: ${label}` };
}

/** The two texts of a row, as words. */
export function pairTexts(
  tokenizer: TextTokenizer,
  feeds: Feeds,
  row: number,
  length: number,
): readonly [string, string] {
  const { original, middle } = rowOf(feeds, row, length);
  const text = (ids: Int32Array): string => showTokens(tokenizer, ids);
  return [text(original.subarray(1, middle - 1)), text(original.subarray(middle, -1))];
}
