/** Text files to documents: one document a file, a paragraph, or a line. */
import type { DocumentBoundary } from '../../../shared/spec/manifests/text-corpus.ts';
import { SkipFile } from '../import/skip-file.ts';
import type { SkippedDocument, TextDocument } from './document.ts';
import type { ByteSource } from './read-bytes.ts';
import { readLines } from './read-lines.ts';

/** Documents that are longer are cut at a line end: 4 million characters are a shelf of books, and fit into memory. */
export const MAXIMUM_DOCUMENT_CHARACTERS = 4_000_000;
const MAXIMUM_LINE_BYTES = 4_000_000;

type DocumentOrSkipped = TextDocument | SkippedDocument;

/** Collects the lines of one document after the other. */
class DocumentCollector {
  readonly ready: DocumentOrSkipped[] = [];
  private lines: string[] = [];
  private characters = 0;
  private firstLine = 1;
  private invalid: { readonly line: number; readonly message: string } | null = null;
  private isPart = false;

  /** @param fault what makes the line, and with it the document, unusable */
  add(text: string, line: number, fault: string | undefined, joinsPrevious: boolean): void {
    if (this.lines.length === 0) this.firstLine = line;
    if (fault !== undefined) this.invalid ??= { line, message: fault };
    if (joinsPrevious && this.lines.length > 0) this.lines.push((this.lines.pop() ?? '') + text);
    else this.lines.push(text);
    this.characters += text.length + 1;
    if (this.characters <= MAXIMUM_DOCUMENT_CHARACTERS) return;
    this.isPart = true;
    this.finish(true);
  }

  /** @param goesOn the document was cut because it is too long */
  finish(goesOn: boolean): void {
    if (this.lines.length > 0) {
      const { firstLine: line, invalid, isPart } = this;
      if (invalid === null) this.ready.push({ text: this.lines.join('\n'), line, isPart });
      else this.ready.push({ ...invalid, reason: 'invalid-utf8' });
    }
    this.lines = [];
    this.characters = 0;
    this.invalid = null;
    this.isPart = goesOn;
  }
}

/**
 * @param boundary where a document ends
 * @throws SkipFile
 */
export async function* readTextDocuments(
  source: ByteSource,
  boundary: DocumentBoundary,
): AsyncGenerator<DocumentOrSkipped[]> {
  const collector = new DocumentCollector();
  try {
    yield* readComplete(source, boundary, collector);
  } catch (error) {
    // What was read before the file breaks off is text.
    if (error instanceof SkipFile) {
      collector.finish(false);
      yield collector.ready.splice(0);
    }
    throw error;
  }
}

async function* readComplete(
  source: ByteSource,
  boundary: DocumentBoundary,
  collector: DocumentCollector,
): AsyncGenerator<DocumentOrSkipped[]> {
  let joinsPrevious = false;
  for await (const batch of readLines(source, MAXIMUM_LINE_BYTES)) {
    for (const [index, text] of batch.lines.entries()) {
      const line = batch.firstLine + index;
      const isLast = index === batch.lines.length - 1;
      const isBlank = !joinsPrevious && text.trim() === '';
      if (isBlank && boundary !== 'file') collector.finish(false);
      else collector.add(text, line, batch.invalid.get(index), joinsPrevious);
      joinsPrevious = isLast && batch.unfinished;
      if (boundary === 'line' && !joinsPrevious) collector.finish(false);
    }
    yield collector.ready.splice(0);
  }
  collector.finish(false);
  yield collector.ready.splice(0);
}
