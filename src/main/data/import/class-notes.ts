/** What a person should know about the classes of a labelled set before anything is trained on them. */
import { quotedList } from '../../../shared/excerpt.ts';
import { countCombined } from './labels.ts';

/** Fewer examples than this leave nothing to measure. */
const FEW_EXAMPLES = 3;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/u;
/** Transcripts and other texts are no classes. */
const MOST_CLASSES = 1000;

/** Sentences for the report; none where nothing is odd. */
export function classNotes(counts: ReadonlyMap<string, number>): string[] {
  const names = [...counts.keys()];
  const examples = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const notes: string[] = [];
  if (names.length > 2 && names.every((name) => NUMBER.test(name)) && counts.size > examples / 3) {
    notes.push(
      `${counts.size} different numbers are labels of ${examples} examples: they look like quantities, and each is learned as a class of its own; import with --labels numbers for regression, and leave them as they are where they are transcripts`,
    );
  }
  if (counts.size > MOST_CLASSES) return notes;
  const combined = countCombined(new Set(names));
  if (combined > 0) {
    const labels = combined === 1 ? 'one label stands' : `${combined} labels stand`;
    notes.push(
      `${labels} for several classes at once; every combination is learned as a class of its own; import with --labels several for multi-label`,
    );
  }
  const rare = names.filter((name) => counts.get(name)! < FEW_EXAMPLES);
  if (rare.length > 0) {
    notes.push(
      `too few examples for training, validation and test: ${quotedList(rare)}. Merge or leave out these classes, or import more`,
    );
  }
  return notes;
}
