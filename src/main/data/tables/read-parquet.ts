/** Rows of a Parquet file through DuckDB, which streams them row group by row group. */
import { isUtf8 } from 'node:buffer';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { open, stat } from 'node:fs/promises';
import { SkipFile } from '../import/skip-file.ts';
import { messageOf } from '../../../shared/errors.ts';
import { excerpt, quoted } from '../../../shared/excerpt.ts';
import { guessEncoding, readableAs } from '../reading/encoding.ts';
import type { ByteSource } from '../reading/read-bytes.ts';
import { plainValue, quoteLiteral, readColumns, type ParquetColumns } from './parquet-columns.ts';
import type { TableOptions, TableRow, UnusableRow } from './table-row.ts';

/** Rows are read in order by one thread, and DuckDB keeps to this much memory. */
const CONFIGURATION = { threads: '1', memory_limit: '256MB', temp_directory: '' };
const LONGEST_REASON = 120;

/** DuckDB takes every path for a glob: characters that mean something there are put into brackets. */
function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}

/** Parquet begins and ends with its name; DuckDB's message for anything else speaks of its own options. */
async function requireParquet(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead < 4 || buffer.toString('latin1') !== 'PAR1') throw new SkipFile('damaged', 'is not a Parquet file');
  } finally {
    await handle.close();
  }
}

interface OpenParquet {
  readonly connection: DuckDBConnection;
  /** The SQL of the file. */
  readonly table: string;
  readonly columns: ParquetColumns;
  close(): void;
}

async function openParquet(path: string): Promise<OpenParquet> {
  const instance = await DuckDBInstance.create(':memory:', CONFIGURATION);
  const connection = await instance.connect();
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    const file = quoteLiteral(escapeGlob(path));
    const table = `read_parquet(${file})`;
    return { connection, table, columns: await readColumns(connection, table, file), close };
  } catch (error) {
    close();
    throw error;
  }
}

function unreadable(error: unknown): SkipFile {
  if (error instanceof SkipFile) return error;
  return new SkipFile(
    'damaged',
    `cannot be read as Parquet: ${excerpt(messageOf(error), LONGEST_REASON)}`,
    null,
    error,
  );
}

/**
 * The columns that hold files as bytes, such as the pictures of Hugging Face's data sets: `image.bytes`.
 * @throws SkipFile `unreadable`, `damaged`
 */
export async function fileColumnsOf(path: string): Promise<readonly string[]> {
  await requireParquet(path);
  try {
    const { columns, close } = await openParquet(path);
    close();
    return columns.files;
  } catch (error) {
    throw unreadable(error);
  }
}

/** Texts that are stored as bytes: UTF-8, or what the first ones that are not look like. */
class BytesReader {
  private readonly source: ByteSource;
  private decoder: InstanceType<typeof TextDecoder> | undefined;
  private wasGuessed = false;

  constructor(source: ByteSource) {
    this.source = source;
    const { encoding } = source;
    if (encoding !== undefined && encoding !== 'utf-8') this.decoder = new TextDecoder(encoding);
  }

  /** Guesses once, from all bytes of the first rows that need it. */
  prepare(values: readonly Uint8Array[]): void {
    if (this.source.encoding !== undefined || this.wasGuessed || values.every((bytes) => isUtf8(bytes))) return;
    this.wasGuessed = true;
    const encoding = guessEncoding(Buffer.concat(values.flatMap((bytes) => [bytes, Buffer.from('\n')])), true);
    if (encoding === null || encoding === 'utf-8') return;
    this.decoder = new TextDecoder(encoding);
    this.source.onEncoding?.({ encoding, guessed: true });
  }

  /** @returns undefined for bytes that are no text */
  read(bytes: Uint8Array): string | undefined {
    if (this.decoder !== undefined) return this.decoder.decode(bytes);
    return isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : undefined;
  }
}

async function* readRows(
  { connection, table, columns: present }: OpenParquet,
  source: ByteSource,
  columns: readonly string[] | null,
  { optional = [], listColumns = [], bytesColumn, onOpen }: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  onOpen?.({ columns: present.paths, delimiter: null, quote: null, header: null });
  const wanted = columns ?? present.paths;
  const asked = bytesColumn === undefined ? wanted : [...wanted, bytesColumn];
  const resolved = asked.map((name) =>
    // Pictures and sounds are no texts to look at; their places stay, so that values stand under their columns.
    columns === null && present.files.includes(name)
      ? { sql: 'NULL', names: undefined }
      : present.resolve(name, optional.includes(name) || columns === null, listColumns.includes(name)),
  );
  const selected = resolved.length === 0 ? 'NULL' : resolved.map(({ sql }) => sql).join(', ');
  const result = await connection.stream(`SELECT ${selected} FROM ${table}`);
  const texts = new BytesReader(source);
  let line = 1;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    source.signal.throwIfAborted();
    const values = chunk.getRows().map((row) => row.map((value, index) => plainValue(value, resolved[index]!)));
    texts.prepare(values.flatMap((row) => row.slice(0, wanted.length).filter((value) => value instanceof Uint8Array)));
    const rows: (TableRow | UnusableRow)[] = [];
    for (const row of values) {
      rows.push(toRow(row, line, wanted, texts));
      line += 1;
    }
    yield rows;
  }
}

function toRow(
  row: readonly (string | Uint8Array | null)[],
  line: number,
  wanted: readonly string[],
  texts: BytesReader,
): TableRow | UnusableRow {
  const values: (string | null)[] = [];
  for (const [index, name] of wanted.entries()) {
    const value = row[index] ?? null;
    const text = value instanceof Uint8Array ? texts.read(value) : value;
    if (text === undefined) {
      const other = value instanceof Uint8Array ? readableAs(Buffer.from(value)) : null;
      const hint = other === null ? '' : `; ${other.encoding} would read them`;
      return { line, reason: 'invalid-utf8', message: `${quoted(name)} holds bytes that are not UTF-8${hint}` };
    }
    values.push(text);
  }
  const bytes = row[wanted.length];
  return { line, values, ...(bytes instanceof Uint8Array && { bytes }) };
}

/** @throws SkipFile `unreadable`, `damaged`, `missing-column` */
export async function* readParquet(
  source: ByteSource,
  columns: readonly string[] | null,
  options: TableOptions,
): AsyncGenerator<(TableRow | UnusableRow)[]> {
  if (source.compression !== 'none') throw new SkipFile('damaged', 'is a compressed Parquet file; decompress it first');
  let size: number;
  try {
    ({ size } = await stat(source.path));
    await requireParquet(source.path);
  } catch (error) {
    if (error instanceof SkipFile) throw error;
    throw new SkipFile('unreadable', `cannot be read: ${messageOf(error)}`, null, error);
  }
  try {
    const file = await openParquet(source.path);
    try {
      yield* readRows(file, source, columns, options);
    } finally {
      file.close();
    }
  } catch (error) {
    if (source.signal.aborted) throw error;
    throw unreadable(error);
  } finally {
    source.onBytes?.(size);
  }
}
