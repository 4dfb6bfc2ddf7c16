/** The parts of an Excel workbook: its sheets, the texts that their cells share, and which of its formats are dates. */
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { messageOf } from '../../../shared/errors.ts';
import { excerpt } from '../../../shared/excerpt.ts';
import { SkipFile } from '../import/skip-file.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import {
  dateStyles,
  SharedTexts,
  SheetCells,
  sheetsOf,
  targetsOf,
  type PartReader,
  type SheetRow,
} from './workbook-parts.ts';

export type { SheetRow };

interface Sheet {
  readonly name: string;
  /** Of its part in the archive. */
  readonly path: string;
}

export interface Workbook {
  /** Those that are not hidden. */
  readonly sheets: readonly Sheet[];
  rows(sheet: Sheet): AsyncGenerator<readonly SheetRow[]>;
  close(): void;
}

/** A part unpacks to a hundred times its size and more; texts that cells share are held in memory. */
const MOST_SHARED_BYTES = 512 * 1024 * 1024;
const MOST_SHEET_BYTES = 8 * 1024 * 1024 * 1024;

/** @throws SkipFile */
export async function openWorkbook(source: ByteSource): Promise<Workbook> {
  const archive = await openArchive(source.path);
  try {
    const parts = new Map<string, Entry>();
    for await (const entry of archive.eachEntry()) parts.set(entry.fileName.replace(/^\//u, ''), entry);
    const read = async (name: string, reader: PartReader): Promise<boolean> => {
      const entry = parts.get(name);
      if (entry === undefined) return false;
      for await (const _ of parse(archive, entry, reader, { source, most: MOST_SHARED_BYTES })) {
        source.signal.throwIfAborted();
      }
      return true;
    };
    const listed = sheetsOf();
    if (!(await read('xl/workbook.xml', listed.reader))) throw new SkipFile('malformed', 'is not an Excel workbook');
    const targets = targetsOf();
    await read('xl/_rels/workbook.xml.rels', targets.reader);
    const styles = dateStyles();
    await read('xl/styles.xml', styles.reader);
    const texts = new SharedTexts();
    await read('xl/sharedStrings.xml', texts);
    const sheets = listed.sheets.flatMap(({ name, id, isHidden }) => {
      const path = targets.paths.get(id);
      return isHidden || path === undefined || !parts.has(path) ? [] : [{ name, path }];
    });
    const facts = { texts: texts.texts, isDate: styles.isDate, from1904: listed.from1904 };
    return {
      sheets,
      async *rows({ path }) {
        const cells = new SheetCells(facts);
        const entry = parts.get(path)!; // only sheets with a part are listed
        for await (const _ of parse(archive, entry, cells, { source, most: MOST_SHEET_BYTES })) {
          yield cells.rows.splice(0);
        }
      },
      close: () => {
        archive.close();
      },
    };
  } catch (error) {
    archive.close();
    throw asSkipFile(error, source.signal);
  }
}

async function openArchive(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { autoClose: false, lazyEntries: true });
  } catch (error) {
    const message =
      'cannot be read as an Excel workbook, which would be a zip archive. If it has a password or is of the old kind (.xls), save it as .xlsx or .csv';
    throw new SkipFile('damaged', message, null, error);
  }
}

function asSkipFile(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof SkipFile || signal.aborted) return error;
  return new SkipFile('damaged', `is a damaged Excel workbook: ${excerpt(messageOf(error))}`, null, error);
}

/** Goes through a part piece by piece; what the reader gathered is taken in between. */
async function* parse(
  archive: ZipFile,
  entry: Entry,
  reader: PartReader,
  { source, most }: { readonly source: ByteSource; readonly most: number },
): AsyncGenerator<undefined> {
  const { signal } = source;
  if (entry.uncompressedSize > most) {
    throw new SkipFile('malformed', `unpacks to ${entry.uncompressedSize} bytes; at most ${most} are read`);
  }
  const parser = new SaxesParser();
  const bare = (name: string): string => name.slice(name.indexOf(':') + 1);
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }: SaxesTagPlain) => {
    reader.open(bare(name), attributes);
  });
  parser.on('text', (text) => {
    reader.text(text);
  });
  parser.on('closetag', ({ name }) => {
    reader.close(bare(name));
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of await archive.openReadStreamPromise(entry)) {
      signal.throwIfAborted();
      parser.write(decoder.decode(chunk as Buffer, { stream: true })); // yauzl's streams carry buffers
      yield undefined;
    }
    parser.close();
  } catch (error) {
    throw asSkipFile(error, signal);
  }
  source.onBytes?.(entry.compressedSize);
  yield undefined;
}
