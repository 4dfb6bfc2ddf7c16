import type { SparseFeatures } from '../src/main/tasks/baselines/features.ts';

/** Sparse features from one list of [column, value] a row; the columns of a row in any order, each at most once. */
export function sparseFeatures(
  rows: readonly (readonly (readonly [column: number, value: number])[])[],
  columns: number,
): SparseFeatures {
  const rowOffsets = new Uint32Array(rows.length + 1);
  for (const [row, entries] of rows.entries()) rowOffsets[row + 1] = rowOffsets[row]! + entries.length;
  const columnIndices = new Uint32Array(rowOffsets[rows.length]!);
  const values = new Float32Array(columnIndices.length);
  let position = 0;
  for (const entries of rows) {
    for (const [column, value] of [...entries].sort(([a], [b]) => a - b)) {
      columnIndices[position] = column;
      values[position] = value;
      position += 1;
    }
  }
  return { kind: 'sparse', rows: rows.length, columns, rowOffsets, columnIndices, values };
}
