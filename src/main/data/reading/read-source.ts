/** From a source file, whatever its format, to documents, in batches. Whatever is wrong with the file is one of the results. */
import type { DocumentBoundary } from '../../../shared/spec/manifests/text-corpus.ts';
import { SkipFile } from '../import/skip-file.ts';
import type { ReportCollector } from '../import/report-collector.ts';
import { isTableFormat, readTable, type TableFormat } from '../tables/read-table.ts';
import type { SkippedDocument, TextDocument } from './document.ts';
import { openSource, type OpenedSource } from './open-source.ts';
import { isSequences, readSequences } from './read-sequences.ts';
import { isProse, readProse } from './prose/read-prose.ts';
import { readWikipedia } from './read-wikipedia.ts';
import type { SourceFile } from './source-files.ts';

export interface SourceRequest {
  readonly file: SourceFile;
  readonly textColumn: string;
  readonly boundary: DocumentBoundary;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
  /** Called for every page of a dump that is not an article. */
  readonly onNotArticle: () => void;
  readonly report: ReportCollector;
}

async function* readTableDocuments(
  { source, options }: OpenedSource,
  format: TableFormat,
  textColumn: string,
): AsyncGenerator<(TextDocument | SkippedDocument)[]> {
  for await (const rows of readTable(source, format, [textColumn], options)) {
    yield rows.map((row) => ('reason' in row ? row : { text: row.values[0] ?? '', line: row.line, isPart: false }));
  }
}

function open(request: SourceRequest): AsyncGenerator<(TextDocument | SkippedDocument)[]> {
  const { file } = request;
  const opened = openSource(file, request);
  const { format } = file;
  if (isTableFormat(format)) return readTableDocuments(opened, format, request.textColumn);
  if (isSequences(format)) return readSequences(opened.source, format);
  if (isProse(format)) return readProse(opened.source, format, request.boundary);
  return readWikipedia(opened.source, request.onNotArticle);
}

/** Never rejects because of the file, only by the signal. */
export async function* readSourceDocuments(request: SourceRequest): AsyncGenerator<(TextDocument | SkippedDocument)[]> {
  try {
    yield* open(request);
  } catch (error) {
    if (!(error instanceof SkipFile)) throw error;
    yield [{ line: error.line, reason: error.reason, message: error.message, endsFile: true }];
  }
}
