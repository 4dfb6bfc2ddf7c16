/** Files whose words have tags, looked at before an import: CoNLL, and JSON lines with words and tags or with spans of a text. */
import { basename } from 'node:path';
import type { Inspection } from '../../shared/contract/materials.ts';
import type { SkippedDocument } from '../data/reading/document.ts';
import type { SourceFile } from '../data/reading/source-files.ts';
import { readTagged, TAGGED_FILES } from '../data/text/read-tagged.ts';
import type { ReadSentence } from '../data/text/read-tagged.ts';
import { SkipFile } from '../data/import/skip-file.ts';

type Tagged = NonNullable<Inspection['tagged']>;

/** So many sentences stand for all. */
const MOST_SENTENCES = 2000;
const SHOWN_SENTENCES = 6;
const SHOWN_WORDS = 60;
const MOST_TAGS = 60;
const MOST_PROBLEMS = 20;
/** Names that say what a file is; other texts are tagged words where they look like it. */
const CONLL_NAME = new RegExp(String.raw`\.(?:${TAGGED_FILES.join('|')})(?:\.gz)?$`, 'iu');
const JSON_NAME = /\.(?:jsonl|ndjson)(?:\.gz)?$/iu;
const OTHER_NAME = /\.(?:txt|tsv|tags?|data)(?:\.gz)?$/iu;

interface Options {
  /** Columns, as they were asked for. */
  readonly textColumn: string | undefined;
  readonly labelColumn: string | undefined;
  /** Tags were asked for: then whatever is wrong is told, and the file is not taken for something else. */
  readonly isAsked: boolean;
  readonly signal: AbortSignal;
}

/** Null where the first file that may be is no such file. */
export async function inspectTagged(files: readonly SourceFile[], options: Options): Promise<Tagged | null> {
  const { isAsked } = options;
  const file = files.find(({ path }) => isAsked || [CONLL_NAME, JSON_NAME, OTHER_NAME].some((name) => name.test(path)));
  if (!file) return null;
  const { sentences, skipped, isComplete } = await readBeginning(file, options);
  const isNamed = CONLL_NAME.test(file.path);
  if (!isAsked && (sentences.length <= skipped.length || !(isNamed || isTagging(sentences, file.path)))) return null;
  const counts = new Map<string, number>();
  let words = 0;
  for (const { tags } of sentences) {
    words += tags.length;
    for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return {
    file: file.path,
    sentences: sentences.length,
    words,
    complete: isComplete,
    tags: [...counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_TAGS)
      .map(([name, count]) => ({ name, count })),
    first: sentences.slice(0, SHOWN_SENTENCES).map((sentence) => ({
      words: sentence.words.slice(0, SHOWN_WORDS),
      tags: sentence.tags.slice(0, SHOWN_WORDS),
    })),
    problems: skipped.slice(0, MOST_PROBLEMS).map(({ line, message }) => ({ line: line ?? null, message })),
  };
}

async function readBeginning(file: SourceFile, { textColumn, labelColumn, signal }: Options) {
  const sentences: ReadSentence[] = [];
  const skipped: Pick<SkippedDocument, 'line' | 'message'>[] = [];
  try {
    const { path, compression, encoding } = file;
    const source = { path, compression, encoding, signal };
    for await (const batch of readTagged(source, { words: textColumn, tags: labelColumn, names: undefined })) {
      for (const item of batch) {
        if ('reason' in item) skipped.push(item);
        else sentences.push(item);
      }
      if (sentences.length >= MOST_SENTENCES) {
        return { sentences: sentences.slice(0, MOST_SENTENCES), skipped, isComplete: false };
      }
    }
  } catch (error) {
    if (!(error instanceof SkipFile)) throw error;
    skipped.push({ line: error.line, message: `${basename(file.path)} ${error.message}` });
  }
  return { sentences, skipped, isComplete: true };
}

/**
 * A text that is not called so is taken for tagged words where the tags come again and again, and the sentences are more than one
 * line of a table.
 */
function isTagging(sentences: readonly ReadSentence[], path: string): boolean {
  const tags = new Set(sentences.flatMap((sentence) => sentence.tags));
  const words = sentences.reduce((sum, sentence) => sum + sentence.words.length, 0);
  const isRepeated = tags.size >= 2 && tags.size <= words / 2;
  // A sentence without an end, such as a table of two columns, is no text of several.
  return isRepeated && (JSON_NAME.test(path) || (sentences.length > 1 && words / sentences.length >= 2));
}
