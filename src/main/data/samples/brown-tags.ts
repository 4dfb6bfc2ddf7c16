/**
 * Parts of speech of the Brown corpus, as a CoNLL file: sentences of the documents that `brownPassages` cuts its labelled passages
 * from, so that no tagged text has been pretrained on. Compound tags are cut to their first part: `np-tl` is `np`, `ppss+bem` is
 * `ppss`, and the mark of foreign words (`fw-`) is left out.
 */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { taggedBrownTexts } from './brown.ts';
import { isLabelledDocument } from './brown-passages.ts';

/** As in newspapers and headlines: title, headline, citation. */
const SUFFIX = /-(?:tl|hl|nc)\b/gu;

/** The part of speech of a Brown tag. */
export function plainTag(tag: string): string {
  const bare = tag.toLowerCase().replace(/^fw-/u, '').replace(SUFFIX, '');
  const [first = ''] = bare.split('+');
  // A lone star is `not`, and stars behind other tags are negations that were joined.
  return first.length > 1 ? first.replace(/\*$/u, '') : first;
}

/** One sentence a line, its words written as `word/tag`. */
function* sentencesOf(tagged: string): Generator<readonly (readonly [word: string, tag: string])[]> {
  for (const line of tagged.split('\n')) {
    const words = line
      .trim()
      .split(/\s+/u)
      .flatMap((token): (readonly [string, string])[] => {
        const slash = token.lastIndexOf('/');
        return slash <= 0 ? [] : [[token.slice(0, slash), plainTag(token.slice(slash + 1))]];
      });
    if (words.length > 0) yield words;
  }
}

/** Lines of a CoNLL file: each document begins with -DOCSTART-. */
export function* brownTagLines(): Generator<string> {
  for (const { document, isLabelled } of isLabelledDocument(taggedBrownTexts())) {
    if (!isLabelled) continue;
    yield '-DOCSTART-\t-X-\n\n';
    for (const sentence of sentencesOf(document.tagged)) {
      yield `${sentence.map(([word, tag]) => `${word}\t${tag}`).join('\n')}\n\n`;
    }
  }
}

/** @param path a file that does not exist yet */
export async function writeBrownTags(path: string): Promise<void> {
  await pipeline(brownTagLines(), createWriteStream(path, { flags: 'wx' }));
}
