/**
 * Names of classes as people write them: what cannot be seen is taken out, and those that look alike are found, so that a class
 * is not split in two by a blank, a capital or an accent.
 */
import type { SimilarLabels } from '../../../shared/spec/manifests/import-facts.ts';

/** Zero-width spaces, soft hyphens, byte order marks and marks of direction; joiners are letters to Persian and Hindi. */
const INVISIBLE = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|^[\u200c\u200d]+|[\u200c\u200d]+$/gu;
const SPACES = /\s+/gu;
/** Between the parts of a label that stands for several. */
const SEPARATORS = /[;,|/]/u;
const MARKS = /\p{M}/gu;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/u;
/** More labels are texts, such as transcripts. */
const MOST_COMPARED = 2000;

/** A label without what cannot be seen, in one form of Unicode, with single blanks. */
export function cleanLabel(label: string): string {
  if (/^[\x21-\x7e]*$/u.test(label)) return label;
  return label.normalize('NFC').replace(INVISIBLE, '').replace(SPACES, ' ').trim();
}

/** Equal for labels that are nearly the same. */
function likenessOf(label: string): string {
  if (NUMBER.test(label)) return String(Number(label));
  const parts = label.split(SEPARATORS).map((part) =>
    part
      .normalize('NFKD')
      .replace(MARKS, '')
      .toLowerCase()
      .replace(/[\s_.'"’`()[\]{}-]+/gu, ''),
  );
  const filled = parts.filter((part) => part !== '').sort();
  return filled.length === 0 ? label : filled.join(';');
}

/** Groups of labels that look alike, in each the most frequent first; none where labels are texts rather than classes. */
export function similarLabels(counts: ReadonlyMap<string, number>): SimilarLabels {
  if (counts.size > MOST_COMPARED) return [];
  const groups = Map.groupBy(counts, ([name]) => likenessOf(name));
  return [...groups.values()]
    .filter((members) => members.length > 1)
    .map((members) => members.map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count));
}

/** How many labels stand for several others at once, such as “drama;war” beside “drama”. */
export function countCombined(names: ReadonlySet<string>): number {
  let combined = 0;
  for (const name of names) {
    const parts = name.split(SEPARATORS).map((part) => part.replace(/[\s'"[\]]+/gu, ''));
    if (parts.length > 1 && parts.some((part) => names.has(part))) combined += 1;
  }
  return combined;
}

/** For each label that gives way, the most frequent one that looks like it. */
export function mergedNames(similar: SimilarLabels): ReadonlyMap<string, string> {
  return new Map(
    similar.flatMap(([first, ...others]) =>
      first === undefined ? [] : others.map(({ name }) => [name, first.name] as const),
    ),
  );
}
