/**
 * Tagged words: CoNLL files, with a word and its tag on each line and a blank line between sentences, and JSON lines, with lists of
 * words and tags or a text with spans. Which of them a file is, its first line says.
 */
import { z } from 'zod';
import { plural } from '../../../shared/display.ts';
import { messageOf } from '../../../shared/errors.ts';
import { quoted } from '../../../shared/excerpt.ts';
import { SkipFile } from '../import/skip-file.ts';
import type { SkippedDocument } from '../reading/document.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { readLines } from '../reading/read-lines.ts';
import type { LabelledSpan, TaggedSentence, UnusableSentence } from './tagged-words.ts';
import { sentenceOfSpans, taggedSentence } from './tagged-words.ts';

export interface TaggedOptions {
  /** Of JSON lines: where words or texts are. Of CoNLL: the number of the column with words; the first, or the second of CoNLL-U. */
  readonly words: string | undefined;
  /** The same of tags or spans; the last column of CoNLL, the fourth of CoNLL-U. */
  readonly tags: string | undefined;
  /** What tags that are numbers are called, from 0 on. */
  readonly names: readonly string[] | undefined;
  /** Words may stand alone in CoNLL, as where they are to be tagged: they have the tag `NO_TAG` then. */
  readonly mayLackTags?: boolean | undefined;
}

/** Of a word that has none. */
export const NO_TAG = '-';

export interface ReadSentence extends TaggedSentence {
  /** Where it begins. */
  readonly line: number;
  /** Of files with -DOCSTART- lines: the number of its document. */
  readonly document: number | undefined;
}

type SentenceOrSkipped = ReadSentence | SkippedDocument;

/** Endings of files with a word and its tag on each line. */
export const TAGGED_FILES: readonly string[] = ['conll', 'conllu', 'iob', 'iob2', 'bio', 'ner', 'pos'];

const FEWEST_COLUMNS = 2;
const MOST_COLUMNS = 10;
const COLUMNS_OF_CONLLU = 10;
/** More are a file without blank lines, which would fill the memory. */
const MOST_WORDS = 10_000;
const DOCUMENT_START = '-DOCSTART-';

/** @throws SkipFile */
export async function* readTagged(source: ByteSource, options: TaggedOptions): AsyncGenerator<SentenceOrSkipped[]> {
  let reader: { add(line: string, number: number): SentenceOrSkipped[]; end(): SentenceOrSkipped[] } | undefined;
  for await (const { firstLine, lines, invalid, unfinished } of readLines(source, 1 << 20)) {
    if (unfinished) throw new SkipFile('malformed', 'has a line that is longer than a megabyte', firstLine);
    const found: SentenceOrSkipped[] = [];
    for (const [index, text] of lines.entries()) {
      const line = firstLine + index;
      const fault = invalid.get(index);
      if (fault !== undefined) found.push({ line, reason: 'invalid-utf8', message: fault });
      else {
        if (!reader && text.trim() !== '') {
          reader = readerOf(text, line, options);
        }
        if (reader) found.push(...reader.add(text, line));
      }
    }
    yield found;
  }
  if (reader) yield reader.end();
}

/** Which of them a file is, its first line says. @throws SkipFile */
function readerOf(text: string, line: number, options: TaggedOptions) {
  const begin = text.trimStart();
  if (begin.startsWith('{') && !/^\{\s*$/u.test(begin)) return jsonReader(options);
  // A word may be a bracket, but does not stand alone then.
  if (/^(?:\{|\[)\s*$|^\[\s*\{/u.test(begin)) {
    throw new SkipFile(
      'malformed',
      'is one JSON document; write JSON lines, an object on each line, as `jq -c ".[]"` does',
      line,
    );
  }
  return new ConllReader(options);
}

const spanObject = z
  .object({
    start: z.int().optional(),
    end: z.int().optional(),
    /** As newer Doccano calls them. */
    start_offset: z.int().optional(),
    end_offset: z.int().optional(),
    text: z.string().optional(),
    label: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    labels: z.array(z.string()).min(1).optional(),
    tag: z.string().optional(),
  })
  .refine(
    ({ start, end, start_offset: from, end_offset: to }) => (start ?? from) !== undefined && (end ?? to) !== undefined,
  );
const span = z.union([z.tuple([z.int(), z.int(), z.string()]), spanObject]);
const tagList = z.array(z.union([z.string(), z.int().min(0)]));

/** As spaCy, Doccano, Prodigy and Label Studio call them. */
const WORD_NAMES = ['tokens', 'words'];
const TAG_NAMES = ['tags', 'ner_tags', 'labels', 'pos_tags'];
const SPAN_NAMES = ['spans', 'entities', 'label', 'labels'];

function jsonReader({ words, tags, names }: TaggedOptions) {
  const sentenceOf = (text: string): TaggedSentence | UnusableSentence => {
    let record: Readonly<Record<string, unknown>>;
    try {
      record = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
    } catch (error) {
      return { problem: `is not a JSON object: ${messageOf(error).slice(0, 80)}` };
    }
    const member = (asked: string | undefined, usual: readonly string[]): [string, unknown] | undefined => {
      const name = asked ?? usual.find((one) => Array.isArray(record[one]));
      return name === undefined || record[name] === undefined ? undefined : [name, record[name]];
    };
    const list = member(words, WORD_NAMES);
    const given = z.array(z.string()).safeParse(list?.[1]).data;
    if (given) {
      const found = member(tags, TAG_NAMES);
      const own = tagList.safeParse(found?.[1]).data;
      if (!own) {
        return { problem: `has words in ${quoted(list![0])} and no list of tags; name it as the column of labels` };
      }
      const named = own.map((tag) => (typeof tag === 'number' ? (names?.[tag] ?? (names ? '' : String(tag))) : tag));
      return taggedSentence(given, named);
    }
    const whole = record[words ?? 'text'];
    if (typeof whole !== 'string') return { problem: 'has neither a list of words nor a text' };
    const found = member(tags, SPAN_NAMES);
    const spans = z.array(span).safeParse(found?.[1]).data;
    if (!spans) return { problem: 'has a text and no list of spans (start, end, label)' };
    return sentenceOfSpans(whole, spans.map(spanOf));
  };
  return {
    add(text: string, line: number): SentenceOrSkipped[] {
      if (text.trim() === '') return [];
      return [asResult(sentenceOf(text), line, undefined)];
    },
    end: (): SentenceOrSkipped[] => [],
  };
}

function spanOf(given: z.infer<typeof span>): LabelledSpan {
  if (Array.isArray(given)) return { start: given[0], end: given[1], label: given[2] };
  const { start, end, start_offset: startOffset, end_offset: endOffset, label, labels, tag, text } = given;
  const [first] = Array.isArray(label) ? label : label === undefined ? (labels ?? []) : [label];
  // One of the names is there, as the schema has it.
  return { start: start ?? startOffset ?? 0, end: end ?? endOffset ?? 0, label: first ?? tag ?? '', text };
}

function asResult(
  found: TaggedSentence | UnusableSentence,
  line: number,
  document: number | undefined,
): SentenceOrSkipped {
  return 'problem' in found ? { line, reason: 'malformed', message: found.problem } : { ...found, line, document };
}

class ConllReader {
  private readonly options: TaggedOptions;
  private words: string[] = [];
  private tags: string[] = [];
  private begin = 0;
  private problem: { readonly line: number; readonly message: string } | undefined;
  /** Of the first word. */
  private columns: number | undefined;
  private hasTabs: boolean | undefined;
  /** Tags so far. */
  private readonly known = new Set<string>();
  private document: number | undefined;

  constructor(options: TaggedOptions) {
    this.options = options;
  }

  add(text: string, line: number): SentenceOrSkipped[] {
    if (text.trim() === '') return this.end();
    const fields = text.includes('\t') ? text.split('\t') : text.trim().split(/\s+/u);
    if (fields[0] === '#' && !this.isWord(text, fields)) return []; // a comment, as CoNLL-U has them
    if (fields[0] === DOCUMENT_START) {
      this.document = (this.document ?? 0) + 1;
      return this.end();
    }
    // Ranges of contracted words and words that are not written, in CoNLL-U.
    if (fields.length === COLUMNS_OF_CONLLU && /^\d+[-.]\d+$/u.test(fields[0] ?? '')) return [];
    if (this.words.length === 0) this.begin = line;
    this.hasTabs ??= text.includes('\t');
    this.problem ??= this.problemOf(fields, line);
    const isConllu = fields.length === COLUMNS_OF_CONLLU && /^\d+$/u.test(fields[0] ?? '');
    this.words.push(fields[columnOf(this.options.words, isConllu ? 2 : 1) - 1] ?? '');
    const tag = this.tagOf(fields, isConllu);
    this.tags.push(tag);
    this.known.add(tag);
    return [];
  }

  private tagOf(fields: readonly string[], isConllu: boolean): string {
    if (this.options.mayLackTags === true && fields.length === 1) return NO_TAG;
    return fields[columnOf(this.options.tags, isConllu ? 4 : fields.length) - 1] ?? '';
  }

  /** Whether a line that begins with # is a word, such as the number sign of prices: it has the columns of words, and a tag of theirs. */
  private isWord(text: string, fields: readonly string[]): boolean {
    if (fields.length !== this.columns || text.includes('\t') !== this.hasTabs) return false;
    return this.hasTabs || this.words.length > 0 || this.known.has(this.tagOf(fields, false));
  }

  end(): SentenceOrSkipped[] {
    const { words, tags, begin, problem } = this;
    [this.words, this.tags, this.problem] = [[], [], undefined];
    if (words.length === 0) return [];
    if (problem) return [{ line: problem.line, reason: 'malformed', message: problem.message }];
    return [asResult(taggedSentence(words, tags), begin, this.document)];
  }

  private problemOf(fields: readonly string[], line: number): { line: number; message: string } | undefined {
    this.columns ??= fields.length;
    if (this.words.length >= MOST_WORDS) {
      throw new SkipFile(
        'malformed',
        `has a sentence of more than ${MOST_WORDS} words: blank lines end sentences`,
        line,
      );
    }
    const fewest = this.options.mayLackTags === true ? 1 : FEWEST_COLUMNS;
    if (fields.length < fewest || fields.length > MOST_COLUMNS) {
      return { line, message: `has ${plural(fields.length, 'column')}, where a word and its tag make from 2 to 10` };
    }
    if (fields.length === this.columns) return undefined;
    return { line, message: `has ${plural(fields.length, 'column')}, and the first line has ${this.columns}` };
  }
}

/** Columns are numbered from 1. @throws SkipFile */
function columnOf(asked: string | undefined, usual: number): number {
  if (asked === undefined) return usual;
  if (/^[1-9]\d?$/u.test(asked)) return Number(asked);
  throw new SkipFile(
    'missing-column',
    `has columns without names: write the number of the column instead of ${quoted(asked)}`,
  );
}
