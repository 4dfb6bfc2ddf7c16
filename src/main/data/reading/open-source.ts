/** A file on its way to a reader: where its bytes come from, and what is told about how they were read. */
import type { ReportCollector } from '../import/report-collector.ts';
import { isTableFormat } from '../tables/read-table.ts';
import type { TableFacts, TableOptions } from '../tables/table-row.ts';
import type { EncodingFound } from './encoding.ts';
import type { ByteSource } from './read-bytes.ts';
import type { SourceFile } from './source-files.ts';

export interface OpenedSource {
  readonly source: ByteSource;
  /** For files that are tables. */
  readonly options: TableOptions;
}

interface OpenContext {
  readonly report: ReportCollector;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

/** The encoding of a file is known before its first bytes, its dialect before its first row; the report gets both. */
export function openSource(file: SourceFile, { report, signal, onBytes }: OpenContext): OpenedSource {
  const { path, compression, encoding, format, header, quote } = file;
  const isTable = isTableFormat(format);
  let found: EncodingFound | undefined;
  const tell = (facts?: TableFacts): void => {
    report.readAs({
      format,
      encoding: found?.encoding ?? null,
      guessed: found?.guessed ?? false,
      delimiter: facts?.delimiter ?? null,
      quote: facts?.quote ?? null,
      header: facts?.header ?? null,
      path,
    });
  };
  const onEncoding = (now: EncodingFound): void => {
    found = now;
    if (!isTable) tell();
  };
  // Every message says for itself how it is encoded.
  if (format === 'email') tell();
  return {
    source: {
      ...{ path, compression, encoding, onEncoding, onBytes, signal },
      onNote: (message) => {
        report.note(path, null, message);
      },
    },
    options: {
      header,
      quote,
      onOpen: tell,
      onNote: ({ line, message }) => {
        report.note(path, line, message);
      },
    },
  };
}
