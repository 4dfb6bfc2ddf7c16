/**
 * The Brown corpus divided for pretraining and for labels: of each of its 500 samples the first paragraph that is long enough is
 * labelled with the group of its genre, and only the others are read without labels. No labelled text has been seen before.
 */
import { brownTexts } from '../../../data/samples/brown.ts';
import type { SampleText } from '../../../data/samples/text-sample.ts';

/** The corpus' own division: A to C, D to H, J, K to R. */
const groups: Readonly<Record<string, string>> = {
  news: 'press',
  editorial: 'press',
  reviews: 'press',
  learned: 'learned',
  fiction: 'fiction',
  mystery: 'fiction',
  science_fiction: 'fiction',
  adventure: 'fiction',
  romance: 'fiction',
  humor: 'fiction',
};

const leastWords = 40;

function divide({ text }: SampleText): { readonly passage: string; readonly rest: string } {
  const paragraphs = text.split('\n\n');
  const chosen = Math.max(
    0,
    paragraphs.findIndex((paragraph) => paragraph.split(' ').length >= leastWords),
  );
  return { passage: paragraphs[chosen] ?? '', rest: paragraphs.toSpliced(chosen, 1).join('\n\n') };
}

export function* genrePassages(): Generator<SampleText> {
  for (const sample of brownTexts()) {
    yield { ...sample, label: groups[sample.label] ?? 'general prose', text: divide(sample).passage };
  }
}

export function* brownWithoutPassages(): Generator<SampleText> {
  for (const sample of brownTexts()) yield { ...sample, text: divide(sample).rest };
}
