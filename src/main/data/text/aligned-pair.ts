/**
 * Two sequences with their alignment: as rows of equal length with gaps, as people write them, and as what a dataset keeps, the
 * residues and a CIGAR string of M (a pair), D (a residue of the first beside a gap) and I (one of the second). Between two pairs
 * residues of the first sequence come before those of the second, so that one alignment is written in one way.
 */
import { quoted } from '../../../shared/excerpt.ts';
import { OTHER_SYMBOL } from '../reading/fasta-header.ts';

/** What is said of a pair whose alignment is not known, as its label. */
export const UNRELATED = 'unrelated';
export const RELATED = 'related';

export interface AlignedPair {
  /** Without gaps. */
  readonly first: string;
  readonly second: string;
  /** A CIGAR string, `RELATED` or `UNRELATED`. */
  readonly label: string;
}

export interface UnusablePair {
  readonly problem: string;
}

const GAP = /[-.]/gu;
const YES = /^(?:related|homologous|match|1(?:\.0+)?|true|yes)$/iu;
const NO = /^(?:unrelated|random|no[ -]?match|0(?:\.0+)?|false|no)$/iu;
const COLUMN = /^[A-Za-z*]$/u;

/**
 * Reads two rows. Rows of related sequences have as many columns, unless neither has a gap and `relation` says that they are related.
 * @param relation what the source says of the pair: related, unrelated, 1, 0, true, false, yes, no; nothing stands for related
 */
export function alignedPair(firstRow: string, secondRow: string, relation: string): AlignedPair | UnusablePair {
  const rows = [firstRow, secondRow].map((row) => row.replace(/\s+/gu, '')) as [string, string]; // two rows
  for (const [index, row] of rows.entries()) {
    const which = index === 0 ? 'first' : 'second';
    const other = OTHER_SYMBOL.exec(row)?.[0];
    if (other !== undefined) {
      return { problem: `the ${which} sequence holds ${quoted(other)}, which is not a symbol of a sequence` };
    }
    if (row === '') return { problem: `the ${which} sequence is empty` };
    if (row.replace(GAP, '') === '') return { problem: `the ${which} sequence is gaps only` };
  }
  const [first, second] = rows.map((row) => row.replace(GAP, '')) as [string, string]; // two rows
  const said = relation.trim();
  if (NO.test(said)) return { first, second, label: UNRELATED };
  if (said !== '' && !YES.test(said)) {
    return { problem: `${quoted(said)} is neither related nor unrelated` };
  }
  const [a, b] = rows;
  if (a.length !== b.length) {
    const hasGaps = first.length < a.length || second.length < b.length;
    if (said !== '' && !hasGaps) return { first, second, label: RELATED };
    return {
      problem: `the rows of the pair have ${a.length} and ${b.length} columns: those of an alignment have as many, with - for a gap`,
    };
  }
  const aligned = new Int32Array(first.length).fill(-1);
  let [row, column, pairs] = [0, 0, 0];
  for (let place = 0; place < a.length; place += 1) {
    const [isFirst, isSecond] = [COLUMN.test(a[place]!), COLUMN.test(b[place]!)];
    if (isFirst && isSecond) {
      aligned[row] = column;
      pairs += 1;
    }
    row += Number(isFirst);
    column += Number(isSecond);
  }
  if (pairs === 0) return { problem: 'no residue of the one sequence stands above one of the other' };
  return { first, second, label: cigarOf(aligned, second.length) };
}

/** @param aligned for each residue of the first sequence the one of the second, −1 for none */
export function cigarOf(aligned: ArrayLike<number>, secondLength: number): string {
  let cigar = '';
  let [operation, count] = ['', 0];
  const put = (next: string, times: number): void => {
    if (times === 0) return;
    if (next === operation) {
      count += times;
      return;
    }
    if (count > 0) cigar += `${count}${operation}`;
    [operation, count] = [next, times];
  };
  let used = 0;
  let alone = 0;
  for (let row = 0; row < aligned.length; row += 1) {
    const column = aligned[row]!;
    if (column < 0) {
      alone += 1;
      continue;
    }
    put('D', alone);
    put('I', column - used);
    put('M', 1);
    [used, alone] = [column + 1, 0];
  }
  put('D', alone);
  put('I', secondLength - used);
  put('', 1);
  return cigar;
}

export interface ReadCigar {
  /** For each residue of the first sequence the one of the second, −1 for none. */
  readonly aligned: Int32Array;
  readonly secondLength: number;
  readonly pairs: number;
  /** Gaps, and their residues beside the first of each. */
  readonly opened: number;
  readonly extended: number;
}

/** Undefined for `RELATED` and `UNRELATED`. */
export function readCigar(label: string): ReadCigar | undefined {
  const operations = [...label.matchAll(/(\d+)([MDI])/gu)].map(([, count, kind]) => ({ count: Number(count), kind }));
  if (operations.length === 0) return undefined;
  const total = (...kinds: readonly string[]): number =>
    operations.reduce((sum, { count, kind = '' }) => sum + (kinds.includes(kind) ? count : 0), 0);
  const aligned = new Int32Array(total('M', 'D')).fill(-1);
  let [row, column] = [0, 0];
  for (const { count, kind } of operations) {
    if (kind === 'M') for (let step = 0; step < count; step += 1) aligned[row + step] = column + step;
    if (kind !== 'I') row += count;
    if (kind !== 'D') column += count;
  }
  const gaps = operations.filter(({ kind }) => kind !== 'M');
  return {
    aligned,
    secondLength: column,
    pairs: total('M'),
    opened: gaps.length,
    extended: total('D', 'I') - gaps.length,
  };
}

/** The two rows of an alignment, with gaps, and for each column the residues that stand there (−1 for a gap). */
export function alignedRows(
  first: string,
  second: string,
  aligned: ArrayLike<number>,
): {
  readonly first: string;
  readonly second: string;
  readonly columns: readonly { readonly first: number; readonly second: number }[];
} {
  const columns: { readonly first: number; readonly second: number }[] = [];
  let used = 0;
  let alone: number[] = [];
  const leave = (until: number): void => {
    for (const row of alone) columns.push({ first: row, second: -1 });
    for (; used < until; used += 1) columns.push({ first: -1, second: used });
    alone = [];
  };
  for (let row = 0; row < first.length; row += 1) {
    const column = aligned[row] ?? -1;
    if (column < 0) {
      alone.push(row);
      continue;
    }
    leave(column);
    columns.push({ first: row, second: column });
    used = column + 1;
  }
  leave(second.length);
  return {
    first: columns.map((column) => first[column.first] ?? '-').join(''),
    second: columns.map((column) => second[column.second] ?? '-').join(''),
    columns,
  };
}
