/**
 * Text to sentences by the rules of Unicode (UAX #29) and the language's, as `Intl.Segmenter` knows them. Paragraphs are
 * segmented one by one: the segmenter's cost per sentence grows with the length of the text it was given.
 */
import { LabError } from '../../../shared/errors.ts';
import { quoted } from '../../../shared/excerpt.ts';

export type SplitSentences = (text: string) => string[];

/** Lines of this length and more were wrapped by a program: what follows them belongs to the same sentence. */
const WRAPPED_LINE_CHARACTERS = 50;
/** Texts without any paragraphs are given to the segmenter in parts of about this length. */
const SEGMENT_CHARACTERS = 20_000;
const LIST_OR_HEADING = /^\s*(?:[-*+•>#|]|\d{1,3}[.)]\s)/;
const PARAGRAPH_END = /\n[^\S\n]*\n\s*/;

/** Joins wrapped lines; lines that stand alone (headings, verses, list items) stay apart. */
function unwrap(paragraph: string): string[] {
  if (!paragraph.includes('\n')) return [paragraph];
  const joined: string[] = [];
  let previousLength = 0;
  for (const line of paragraph.split('\n')) {
    const text = line.trim();
    if (text === '') continue;
    const continues = joined.length > 0 && previousLength >= WRAPPED_LINE_CHARACTERS && !LIST_OR_HEADING.test(text);
    if (continues) joined.push(`${joined.pop() ?? ''} ${text}`);
    else joined.push(text);
    previousLength = text.length;
  }
  return joined;
}

/** Parts of a long text, cut at white space. */
function* partsOf(text: string): Generator<string> {
  let start = 0;
  while (text.length - start > SEGMENT_CHARACTERS) {
    const space = text.lastIndexOf(' ', start + SEGMENT_CHARACTERS);
    let end = space > start ? space + 1 : start + SEGMENT_CHARACTERS;
    // Never between the halves of a surrogate pair.
    if (/[\ud800-\udbff]/.test(text[end - 1] ?? '')) end += 1;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

/**
 * @param language a BCP 47 tag such as `en`, `de` or `pt-BR`
 * @throws LabError `bad-spec` for a tag that is none
 */
export function createSentenceSplitter(language: string): SplitSentences {
  let segmenter: Intl.Segmenter;
  try {
    segmenter = new Intl.Segmenter(language, { granularity: 'sentence' });
  } catch (error) {
    const message = `${quoted(language)} is not a language tag. Use one such as en, de or pt-BR.`;
    throw new LabError('bad-spec', message, { language }, error);
  }
  return (text) => {
    const sentences: string[] = [];
    for (const paragraph of text.split(PARAGRAPH_END)) {
      for (const unit of unwrap(paragraph)) {
        for (const part of partsOf(unit)) {
          for (const { segment } of segmenter.segment(part)) {
            const sentence = segment.trim();
            if (sentence !== '') sentences.push(sentence);
          }
        }
      }
    }
    return sentences;
  };
}
