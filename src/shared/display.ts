/**
 * How things are written for people, the same in the command line and in the windows: masked words in the textbooks' form,
 * numbers with their uncertainty, sizes and shares.
 */
import type { Interval } from './stats.ts';

/** One masked place of a text: its position among the tokens and the token that belongs there. */
export interface MaskedPlace {
  readonly position: number;
  readonly label: string;
  /** What the network sees there, where it is not the mask: a random token, or the one that stood there. */
  readonly seen?: string | undefined;
}

export interface MaskedWordsDisplay {
  /** "the man went to the [MASK1] . he bought a [MASK2] of milk ." */
  readonly input: string;
  /** "[MASK1] = store; [MASK2] = gallon" */
  readonly labels: string;
  /** Both, as J. Devlin et al., BERT's authors, print them: "Input: … / Labels: …", on two lines. */
  readonly text: string;
}

/**
 * Joins the pieces of a subword tokenizer to words: a piece that begins with the continuation mark is written onto the one
 * before it ("gall", "##on" → "gallon"). A first piece that continues nothing keeps its mark.
 */
export function joinPieces(pieces: readonly string[], continuation = '##'): string {
  let text = '';
  for (const piece of pieces) {
    if (text === '') text = piece;
    else if (continues(piece, continuation)) text += piece.slice(continuation.length);
    else text += ` ${piece}`;
  }
  return text;
}

function continues(piece: string, continuation: string): boolean {
  return continuation !== '' && piece.length > continuation.length && piece.startsWith(continuation);
}

/** A place that is to be predicted: hidden, or with the token that the network sees there. */
export function maskMark(number: number, seen: string | undefined): string {
  return seen === undefined ? `[MASK${number}]` : `[MASK${number}: ${seen}]`;
}

/** Finds what `maskMark` wrote, and masks without a number. */
export const maskMarks = /\[MASK\d*(?:: [^\]]*)?\]/gu;

/**
 * The textbooks' display of masked words. `tokens` are the original tokens; every place becomes [MASK1], [MASK2] … in reading
 * order, and the labels say what stood there. Where the network sees a token all the same, that stands in the mark: [MASK2: river]. Neighbouring pieces of one word that are all masked are one mask, whose label
 * is the whole word.
 * @throws RangeError for a place outside the text or named twice.
 */
export function displayMaskedWords(
  tokens: readonly string[],
  places: readonly MaskedPlace[],
  continuation = '##',
): MaskedWordsDisplay {
  const placeAt = new Map<number, MaskedPlace>();
  for (const place of places) {
    const { position } = place;
    if (!Number.isInteger(position) || position < 0 || position >= tokens.length || placeAt.has(position)) {
      throw new RangeError(`Masked place ${position} is outside the ${tokens.length} tokens, or masked twice.`);
    }
    placeAt.set(position, place);
  }
  const shown: string[] = [];
  const labels: string[][] = [];
  for (const [position, token] of tokens.entries()) {
    const place = placeAt.get(position);
    if (place === undefined) {
      shown.push(token);
      continue;
    }
    const { label, seen } = place;
    const before = placeAt.get(position - 1);
    const isHidden = seen === undefined && before !== undefined && before.seen === undefined;
    if (continues(label, continuation) && isHidden) labels.at(-1)?.push(label);
    else {
      labels.push([label]);
      shown.push(maskMark(labels.length, seen));
    }
  }
  const input = joinPieces(shown, continuation);
  const list = labels.map((pieces, index) => `[MASK${index + 1}] = ${joinPieces(pieces, continuation)}`).join('; ');
  return { input, labels: list, text: `Input: ${input}\nLabels: ${list}` };
}

/** A number with a fixed number of decimals, or "–" if it is not one; never "-0.000". */
export function formatNumber(value: number, decimals = 3): string {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A number with a sign in front, for differences: "+0.041", "−0.002", "0.000". */
export function formatSigned(value: number, decimals = 3): string {
  const text = formatNumber(value, decimals);
  return value > 0 && (!Number.isFinite(value) || Number(text) !== 0) ? `+${text}` : text;
}

/** A value and half the width of its interval, "0.912 ± 0.013"; the value alone without an interval. */
export function formatWithInterval(value: number, interval: Interval | null, decimals = 3): string {
  if (interval === null) return formatNumber(value, decimals);
  return `${formatNumber(value, decimals)} ± ${formatNumber((interval.high - interval.low) / 2, decimals)}`;
}

/** A value with the ends of its interval, for intervals that are not symmetric: "0.912 [0.887, 0.931]". */
export function formatWithBounds(value: number, interval: Interval | null, decimals = 3): string {
  if (interval === null) return formatNumber(value, decimals);
  const low = formatNumber(interval.low, decimals);
  return `${formatNumber(value, decimals)} [${low}, ${formatNumber(interval.high, decimals)}]`;
}

/** A share as a percentage: 0.1234 → "12.3 %". */
export function formatPercent(share: number, decimals = 1): string {
  return Number.isNaN(share) ? '–' : `${formatNumber(share * 100, decimals)} %`;
}

/** A whole number with thin spaces between groups of three digits: 1234567 → "1 234 567". */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return formatNumber(count);
  const digits = Math.abs(Math.round(count)).toString();
  const grouped = digits.length <= 4 ? digits : digits.replace(/\B(?=(?:\d{3})+$)/gu, '\u202f');
  return count < 0 && digits !== '0' ? `−${grouped}` : grouped;
}

/** A count with its noun, the singular for one: "1 document", "12 documents", "1 class", "3 classes". */
export function plural(count: number, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : several}`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A size in binary units with three digits: "512 B", "1.50 KiB", "23.4 MiB". */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '–';
  let value = bytes;
  let unit = 0;
  // 999.5 and more would round to four digits.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const decimals = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(decimals)} ${BYTE_UNITS[unit] ?? ''}`;
}
