/** Rows of Arrow files and streams (Feather version 2, data sets of Hugging Face on disk), batch by batch. */
import { isUtf8 } from 'node:buffer';
import { zstdDecompressSync } from 'node:zlib';
import { CompressionType, setCompressionCodec, tableFromIPC, Type, type DataType, type Table } from '@uwdata/flechette';
import { messageOf } from '../../../shared/errors.ts';
import { excerpt } from '../../../shared/excerpt.ts';
import { decodeLz4 } from '../../formats/lz4.ts';
import { SkipFile } from '../import/skip-file.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { readMessages, type ArrowMessage } from './arrow-messages.ts';
import { parseClassNames, type ClassNames } from './class-names.ts';
import { isRecord, valueAt } from './json-path.ts';
import { RecordReader } from './record-reader.ts';
import type { TableOptions, TableRow, UnusableRow } from './table-row.ts';

const refuse = (): never => {
  throw new Error('nothing is compressed here');
};
setCompressionCodec(CompressionType.ZSTD, { decode: (bytes) => zstdDecompressSync(bytes), encode: refuse });
setCompressionCodec(CompressionType.LZ4_FRAME, { decode: (bytes, size) => decodeLz4(bytes, size), encode: refuse });

type Values = Readonly<Record<string, unknown>>;

/**
 * @param columns null for all that have a text
 * @throws SkipFile `unreadable`, `damaged`, `missing-column`
 */
export async function* readArrow(
  source: ByteSource,
  columns: readonly string[] | null,
  options: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  if (source.compression !== 'none') throw new SkipFile('damaged', 'is a compressed Arrow file; decompress it first');
  let reader: BatchReader | undefined;
  try {
    for await (const table of readTables(source)) {
      reader ??= new BatchReader(table, columns, options);
      yield reader.read(table);
    }
  } catch (error) {
    if (error instanceof SkipFile || source.signal.aborted) throw error;
    throw new SkipFile('damaged', `cannot be read as Arrow: ${excerpt(messageOf(error))}`, null, error);
  }
  if (reader === undefined) throw new SkipFile('damaged', 'is not an Arrow file, or holds nothing');
}

/** Each batch of records as a table of its own; the first one also where there is no record. */
async function* readTables(source: ByteSource): AsyncGenerator<Table> {
  let schema: ArrowMessage | undefined;
  const dictionaries: Uint8Array[] = [];
  for await (const message of readMessages(source.path, source.signal)) {
    source.onBytes?.(message.bytes.length);
    if (message.kind === 'schema') {
      schema = message;
      yield tableFromIPC([message.bytes], { useBigInt: false });
    } else if (message.kind === 'dictionary') dictionaries.push(message.bytes);
    else if (message.kind === 'batch' && schema !== undefined) {
      yield tableFromIPC([schema.bytes, ...dictionaries, message.bytes], { useDate: true });
    }
  }
}

/**
 * The columns that hold files as bytes, such as the pictures of Hugging Face's data sets: `image.bytes`.
 * @throws SkipFile
 */
export async function arrowFileColumns(path: string): Promise<readonly string[]> {
  const { signal } = new AbortController();
  for await (const table of readTables({ path, compression: 'none', signal })) {
    return fileColumns(pathsOfTable(table));
  }
  return [];
}

/** Bytes beside a path. */
function fileColumns(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => path.endsWith('.bytes') && paths.includes(path.replace(/\.bytes$/u, '.path')));
}

/** Paths of everything that is no record or list itself. */
function pathsOfTable({ schema }: Table): readonly string[] {
  return schema.fields.flatMap(({ name, type }) => pathsOfType(name, type));
}

function pathsOfType(path: string, type: DataType): readonly string[] {
  if (type.typeId === Type.Struct) {
    return type.children.flatMap((field) => pathsOfType(`${path}.${field.name}`, field.type));
  }
  if (type.typeId !== Type.List && type.typeId !== Type.LargeList && type.typeId !== Type.FixedSizeList) return [path];
  return type.children.flatMap((field) => pathsOfType(`${path}[]`, field.type));
}

/** A row with plain values: dates as texts, bytes that are text as text, no views into the batch. */
function plainRecord(row: Values): Values {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) {
    return isUtf8(value) && !value.includes(0) ? Buffer.from(value).toString('utf8') : value;
  }
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array); // lists of numbers
  return isRecord(value) ? plainRecord(value) : value;
}

class BatchReader {
  private readonly records: RecordReader;
  private readonly bytesColumn: string | undefined;
  /** For all columns: whether each holds files, which are no texts to look at; their places stay. */
  private readonly isFile: readonly boolean[] | undefined;
  private readonly classNames: ClassNames;
  private line = 1;

  constructor(table: Table, columns: readonly string[] | null, options: TableOptions) {
    const { optional = [], bytesColumn, listColumns, onOpen } = options;
    const present = pathsOfTable(table);
    const files = fileColumns(present);
    this.bytesColumn = bytesColumn;
    this.classNames = parseClassNames(table.schema.metadata?.get('huggingface'));
    onOpen?.({ columns: present, delimiter: null, quote: null, header: null });
    this.isFile = columns === null ? present.map((path) => files.includes(path)) : undefined;
    const all = present.filter((path) => !files.includes(path));
    this.records = new RecordReader(columns ?? all, columns === null ? all : optional, listColumns);
  }

  read(table: Table): (TableRow | UnusableRow)[] {
    const rows: (TableRow | UnusableRow)[] = [];
    for (const row of table) {
      const { bytesColumn, line } = this;
      this.line += 1;
      const record = this.named(plainRecord(row));
      const bytes = bytesColumn === undefined ? undefined : valueAt(row, bytesColumn);
      const read = this.withPlaces(this.records.read(record, line));
      rows.push('values' in read && bytes instanceof Uint8Array ? { ...read, bytes } : read);
    }
    return rows;
  }

  private withPlaces(row: TableRow | UnusableRow): TableRow | UnusableRow {
    if (!('values' in row) || this.isFile?.includes(true) !== true) return row;
    let next = 0;
    return { ...row, values: this.isFile.map((isFile) => (isFile ? null : (row.values[next++] ?? null))) };
  }

  /** Numbers of classes by the names that the file gives them. */
  private named(record: Values): Values {
    if (this.classNames.size === 0) return record;
    const names = [...this.classNames].flatMap(([column, list]) => {
      const value = record[column];
      return typeof value === 'number' ? [[column, value < 0 ? null : (list[value] ?? String(value))] as const] : [];
    });
    return { ...record, ...Object.fromEntries(names) };
  }
}
