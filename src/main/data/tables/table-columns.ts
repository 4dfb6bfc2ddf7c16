/** What columns a table has, told by its beginning. */
import type { ByteSource } from '../reading/read-bytes.ts';
import { readTable, type TableFormat } from './read-table.ts';
import type { TableOptions } from './table-row.ts';

/** @throws SkipFile if the file cannot be read or is damaged */
export async function columnsOfTable(
  source: ByteSource,
  format: TableFormat,
  options: TableOptions = {},
): Promise<readonly string[]> {
  let columns: readonly string[] = [];
  const rows = readTable(source, format, null, {
    ...options,
    onOpen: (facts) => {
      ({ columns } = facts);
    },
  });
  for await (const _batch of rows) if (columns.length > 0) break;
  return columns;
}
