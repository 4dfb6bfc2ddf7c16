/**
 * The columns of a Parquet file by paths: `text`, `image.bytes`, `messages[].content`. Values are taken as they are stored,
 * never as DuckDB would cast them: a list or a record has no text, and bytes are not their escapes.
 */
import {
  DuckDBBlobValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBStructType,
  type DuckDBConnection,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import { quoted, quotedList } from '../../../shared/excerpt.ts';
import { SkipFile } from '../import/skip-file.ts';
import { parseClassNames, type ClassNames } from './class-names.ts';
import { stepsOf } from './json-path.ts';
import { missingColumnMessage } from './table-row.ts';

export interface ParquetColumns {
  /** Paths of everything that has a text. */
  readonly paths: readonly string[];
  /** Paths of bytes beside a path: pictures and sounds, as Hugging Face's libraries store them. */
  readonly files: readonly string[];
  /**
   * The SQL of a path, and the names that its numbers stand for.
   * @param mayBeList whether lists are wanted as JSON, instead of their members joined
   */
  resolve(path: string, optional: boolean, mayBeList?: boolean): ParquetColumn;
}

export interface ParquetColumn {
  readonly sql: string;
  readonly names: readonly string[] | undefined;
  /** A list is given as JSON. */
  readonly isList?: boolean;
}

export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** @param table the SQL of the file */
export async function readColumns(connection: DuckDBConnection, table: string, file: string): Promise<ParquetColumns> {
  const description = await connection.runAndRead(`SELECT * FROM ${table} LIMIT 0`);
  const types = new Map(description.columnNames().map((name, index) => [name, description.columnType(index)]));
  const labels = await readClassNames(connection, file);
  const entries = [...types].flatMap(([name, type]) => pathsOf(name, type));
  const paths = entries.map(({ path }) => path);
  return {
    paths,
    files: entries.flatMap(({ path, isFile }) => (isFile ? [path] : [])),
    resolve(path, optional, mayBeList = false) {
      const type = types.get(path);
      if (mayBeList && type instanceof DuckDBListType && !(type.valueType instanceof DuckDBStructType)) {
        return { sql: quoteName(path), names: undefined, isList: true };
      }
      if (type !== undefined) {
        requireText(path, type, paths);
        return { sql: quoteName(path), names: labels.get(path) };
      }
      const [first = '', ...rest] = stepsOf(path);
      const outer = types.get(first);
      const found = outer === undefined ? undefined : follow(quoteName(first), outer, rest);
      if (found === undefined) {
        if (optional) return { sql: 'NULL', names: undefined };
        throw new SkipFile('missing-column', missingColumnMessage(path, paths));
      }
      if (!rest.includes('[]')) requireText(path, found.type, paths);
      return { sql: found.sql, names: labels.get(path), isList: mayBeList && rest.includes('[]') };
    },
  };
}

function pathsOf(path: string, type: DuckDBType): { readonly path: string; readonly isFile?: boolean }[] {
  if (type instanceof DuckDBStructType) {
    const isFile = ['bytes', 'path'].every((name) => type.entryNames.includes(name));
    return type.entryNames.flatMap((name, index) =>
      pathsOf(`${path}.${name}`, type.entryTypes[index]!).map((entry) =>
        isFile && entry.path === `${path}.bytes` ? { ...entry, isFile } : entry,
      ),
    );
  }
  if (type instanceof DuckDBListType && type.valueType instanceof DuckDBStructType) {
    return pathsOf(`${path}[]`, type.valueType).map((entry) => ({ path: entry.path }));
  }
  return [{ path: type instanceof DuckDBListType ? `${path}[]` : path }];
}

interface Place {
  readonly sql: string;
  readonly type: DuckDBType;
}

/** The SQL of what lies at these steps below a value, and its type; of `[]` the list of what each member has there. */
function follow(sql: string, type: DuckDBType, [step, ...rest]: readonly string[]): Place | undefined {
  if (step === undefined) return { sql, type };
  const place = /^\[(\d*)\]$/u.exec(step)?.[1];
  if (place === undefined) {
    if (!(type instanceof DuckDBStructType)) return undefined;
    const index = type.entryNames.indexOf(step);
    if (index < 0) return undefined;
    return follow(`struct_extract(${sql}, ${quoteLiteral(step)})`, type.entryTypes[index]!, rest);
  }
  if (!(type instanceof DuckDBListType)) return undefined;
  if (place !== '') return follow(`list_extract(${sql}, ${Number(place) + 1})`, type.valueType, rest);
  const member = `member${rest.length}`;
  const inner = follow(member, type.valueType, rest);
  return inner === undefined
    ? undefined
    : { sql: `list_transform(${sql}, lambda ${member}: ${inner.sql})`, type: inner.type };
}

/** Refuses a column of lists or records by name, with the paths into it. */
function requireText(path: string, type: DuckDBType, paths: readonly string[]): void {
  const isList = type instanceof DuckDBListType;
  if (!isList && !(type instanceof DuckDBStructType)) return;
  const inside = paths.filter((other) => other.startsWith(path) && other !== path);
  const what = isList ? 'lists' : 'records';
  throw new SkipFile(
    'missing-column',
    `has ${what} in the column ${quoted(path)}; name what is in them: ${quotedList(inside)}`,
  );
}

async function readClassNames(connection: DuckDBConnection, file: string): Promise<ClassNames> {
  const query = `SELECT value FROM parquet_kv_metadata(${file}) WHERE key = 'huggingface'::BLOB`;
  const [row] = (await connection.runAndReadAll(query)).getRows();
  const [value] = row ?? [];
  return parseClassNames(value instanceof DuckDBBlobValue ? Buffer.from(value.bytes).toString('utf8') : undefined);
}

/** A value as it would be written, or its bytes; null for nothing, and for numbers that are none. */
export function plainValue(
  value: DuckDBValue,
  { names, isList = false }: Pick<ParquetColumn, 'names' | 'isList'>,
): string | Uint8Array | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && !Number.isFinite(value)) return null;
  if (names !== undefined && (typeof value === 'bigint' || typeof value === 'number')) {
    return names[Number(value)] ?? (Number(value) < 0 ? null : String(value)); // -1 stands for no label
  }
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBListValue) {
    const parts = value.items.flatMap((member) => {
      const part = plainValue(member, { names: undefined });
      return part === null ? [] : [typeof part === 'string' ? part : Buffer.from(part).toString('utf8')];
    });
    if (isList) return JSON.stringify(parts);
    return parts.length === 0 ? null : parts.join('\n');
  }
  return String(value);
}
