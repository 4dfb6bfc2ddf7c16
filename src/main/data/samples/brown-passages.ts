/**
 * The Brown corpus divided for pretraining and for labels: of every genre one document in three is labelled, in short passages,
 * and the others are read without labels. No labelled text, and none of the same document, has been seen before.
 */
import { brownTexts } from './brown.ts';
import type { SampleText } from './text-sample.ts';

/** Genres that are written alike: press, things to do and to believe, essays and reports, science, fiction. */
const groups: Readonly<Record<string, string>> = {
  news: 'press',
  editorial: 'press',
  reviews: 'press',
  religion: 'lore',
  hobbies: 'lore',
  lore: 'lore',
  belles_lettres: 'essays',
  government: 'essays',
  learned: 'learned',
};

const groupOf = (genre: string): string => groups[genre] ?? 'fiction';

/** With its last sentence about 62 pieces of a vocabulary of 4096, on average. */
const leastWords = 36;
const passagesOfDocument = 10;

/** Whether a document is labelled, for each in the corpus' order. */
export function* isLabelledDocument<Document extends { readonly label: string }>(
  documents: Iterable<Document>,
): Generator<{ readonly document: Document; readonly isLabelled: boolean }> {
  const seen = new Map<string, number>();
  for (const document of documents) {
    const count = seen.get(document.label) ?? 0;
    seen.set(document.label, count + 1);
    yield { document, isLabelled: count % 3 === 0 };
  }
}

/** Whole sentences in a row, as many as make the least number of words. */
function passagesOf(text: string): readonly string[] {
  const sentences = text.split(/(?<=[.?!]["')]*)\s+/u);
  const passages: string[] = [];
  let words: string[] = [];
  for (const sentence of sentences) {
    words.push(...sentence.split(/\s+/u).filter((word) => word !== ''));
    if (words.length < leastWords) continue;
    passages.push(words.join(' '));
    words = [];
  }
  return passages;
}

/** Ten passages, spread over each labelled document; the label is the group of its genre. */
export function* brownPassages(): Generator<SampleText> {
  for (const { document, isLabelled } of isLabelledDocument(brownTexts())) {
    if (!isLabelled) continue;
    const all = passagesOf(document.text);
    const count = Math.min(passagesOfDocument, all.length);
    for (let index = 0; index < count; index += 1) {
      const text = all[Math.floor((index * all.length) / count)]!; // below the length
      yield { name: `${document.name}-${index}`, label: groupOf(document.label), text, document: document.name };
    }
  }
}

/** The documents that are not labelled. */
export function* brownWithoutPassages(): Generator<SampleText> {
  for (const { document, isLabelled } of isLabelledDocument(brownTexts())) if (!isLabelled) yield document;
}
