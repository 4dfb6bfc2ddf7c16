/**
 * The first step of an import: all usable documents of the sources, cleaned and without duplicates, into the spool. What is
 * not usable goes into the report.
 */
import { createHash } from 'node:crypto';
import { LabError } from '../../../shared/errors.ts';
import type { DocumentBoundary } from '../../../shared/spec/manifests/text-corpus.ts';
import { ContentIndex } from '../import/content-index.ts';
import { cleanText, contentKey, type SkippedDocument, type TextDocument } from '../reading/document.ts';
import type { DocumentSpool } from './document-spool.ts';
import { readSourceDocuments } from '../reading/read-source.ts';
import type { ReportCollector } from '../import/report-collector.ts';
import { findSourceFiles, type SourceFile, type SourceOptions } from '../reading/source-files.ts';

export interface CollectSettings {
  readonly source: SourceOptions;
  readonly documents: DocumentBoundary;
  readonly textColumn: string;
  /** Bytes of files read, of all. */
  readonly onProgress: (done: number, total: number) => void;
}

const PROGRESS_BYTES = 1_000_000;

/**
 * @returns SHA-256 of the documents' text in order
 * @throws LabError `bad-input` if there is no text at all, or a named table lacks the text column
 */
export async function collectDocuments(
  settings: CollectSettings,
  report: ReportCollector,
  spool: DocumentSpool,
): Promise<string> {
  let total = 0;
  for await (const file of findSourceFiles(settings.source)) if ('size' in file) total += file.size;
  let done = 0;
  let reported = 0;
  const onBytes = (count: number): void => {
    done += count;
    if (done - reported < PROGRESS_BYTES) return;
    reported = done;
    settings.onProgress(Math.min(done, total), total);
  };
  const collector = new Collector(settings, report, spool);
  for await (const file of findSourceFiles(settings.source)) {
    if ('ignoredExtension' in file) report.ignore(file.ignoredExtension);
    else if ('unusable' in file) report.skip(file.path, { line: null, reason: file.reason, message: file.unusable });
    else await collector.addFile(file, onBytes);
  }
  await spool.seal();
  settings.onProgress(total, total);
  if (spool.documents === 0) throw report.nothingUsable('text', settings.source.sources);
  return collector.contentHash();
}

class Collector {
  private readonly settings: CollectSettings;
  private readonly report: ReportCollector;
  private readonly spool: DocumentSpool;
  private readonly seen = new ContentIndex();
  private readonly content = createHash('sha256');

  constructor(settings: CollectSettings, report: ReportCollector, spool: DocumentSpool) {
    this.settings = settings;
    this.report = report;
    this.spool = spool;
  }

  async addFile(file: SourceFile, onBytes: (count: number) => void): Promise<void> {
    const { report, spool } = this;
    const { documents: boundary, textColumn, source } = this.settings;
    report.files += 1;
    report.bytes += file.size;
    const onNotArticle = (): void => {
      report.notArticles += 1;
    };
    const request = { file, textColumn, boundary, signal: source.signal, onBytes, onNotArticle, report };
    let isFirst = true;
    const documentsBefore = spool.documents;
    for await (const batch of readSourceDocuments(request)) {
      for (const item of batch) {
        if ('reason' in item) this.skip(file, item, isFirst, spool.documents - documentsBefore);
        else this.add(file, item);
        isFirst = false;
        if (spool.isFull) await spool.flush();
      }
    }
    if (isFirst) report.skip(file.path, { line: null, reason: 'empty', message: 'has no text' });
  }

  contentHash(): string {
    return this.content.digest('hex');
  }

  private skip(file: SourceFile, item: SkippedDocument, isFirst: boolean, used: number): void {
    if (item.endsFile === true && used > 0) {
      const before = used === 1 ? 'the one document before that was' : `the ${used} documents before that were`;
      this.report.note(file.path, item.line, `${item.message}; ${before} used`);
      return;
    }
    // A column that is missing in the file somebody named is a mistake in the options; in a folder it is another file's.
    if (item.reason === 'missing-column' && file.named && isFirst) {
      const details = { path: file.path, column: this.settings.textColumn, reason: item.reason };
      throw new LabError('bad-input', `${file.path} ${item.message}.`, details);
    }
    const { line, reason, message } = item;
    this.report.skip(file.path, { line, reason, message });
  }

  private add(file: SourceFile, document: TextDocument): void {
    const { report, spool } = this;
    const text = cleanText(document.text);
    if (document.isPart) report.divided += 1;
    if (text === '') {
      report.skip(file.path, { line: document.line, reason: 'empty', message: 'has no text' });
      return;
    }
    const key = contentKey(text);
    if (this.seen.findOrAdd(key, 0) !== undefined) {
      report.duplicate(file.path, document.line);
      return;
    }
    this.content.update(key);
    spool.append(text);
  }
}
