/**
 * Global alignments of two sequences in float64, by the recursions that `nn/alignment` has as a program: the best one (O. Gotoh
 * 1982), the probability of each pair of residues (S. Miyazawa 1995), and the alignment with the most pairs to be expected right
 * (I. Holmes and R. Durbin 1998).
 */

/** What an alignment is scored by. */
export interface AlignmentScores {
  /** Residues of the first sequence, and of the second. */
  readonly rows: number;
  readonly columns: number;
  /** Of each residue of the first sequence with each of the second; of a row, `stride` after the one above it. */
  readonly pairs: ArrayLike<number>;
  readonly stride: number;
  /** Of the first residue of a gap, and of each further one. */
  readonly open: number;
  readonly extend: number;
}

/** For each residue of the first sequence the one of the second that it is aligned with, −1 for none. */
export type Alignment = Int32Array;

/** What ends at a cell: a pair, a residue of the first sequence, one of the second. A gap of the first kind comes first. */
const [PAIR, FIRST, SECOND] = [0, 1, 2] as const;

interface Table {
  /** [cell, state]; a cell is (residues of the first, residues of the second) that are used, row by row. */
  readonly values: Float64Array;
  /** Where the best one came from, [cell, state]; of sums nothing. */
  readonly from: Uint8Array;
}

type Join = (pair: number, first: number, second: number) => { readonly value: number; readonly from: number };

const best: Join = (pair, first, second) => {
  if (pair >= first && pair >= second) return { value: pair, from: PAIR };
  return first >= second ? { value: first, from: FIRST } : { value: second, from: SECOND };
};

const total: Join = (pair, first, second) => {
  const largest = Math.max(pair, first, second);
  if (largest === -Infinity) return { value: largest, from: PAIR };
  const sum = Math.exp(pair - largest) + Math.exp(first - largest) + Math.exp(second - largest);
  return { value: largest + Math.log(sum), from: PAIR };
};

function fill({ rows, columns, pairs, stride, open, extend }: AlignmentScores, join: Join): Table {
  const across = columns + 1;
  const values = new Float64Array((rows + 1) * across * 3).fill(-Infinity);
  const from = new Uint8Array(values.length);
  values[PAIR] = 0;
  const put = (cell: number, state: number, { value, from: came }: ReturnType<Join>, score: number): void => {
    values[cell * 3 + state] = value + score;
    from[cell * 3 + state] = came;
  };
  const of = (cell: number, state: number): number => values[cell * 3 + state]!;
  for (let row = 0; row <= rows; row += 1) {
    for (let column = 0; column <= columns; column += 1) {
      const cell = row * across + column;
      if (row > 0 && column > 0) {
        const before = cell - across - 1;
        const reached = join(of(before, PAIR), of(before, FIRST), of(before, SECOND));
        put(cell, PAIR, reached, pairs[(row - 1) * stride + column - 1]!);
      }
      if (row > 0) {
        const above = cell - across;
        put(cell, FIRST, join(of(above, PAIR) + open, of(above, FIRST) + extend, -Infinity), 0);
      }
      if (column > 0) {
        const left = cell - 1;
        put(cell, SECOND, join(of(left, PAIR) + open, of(left, FIRST) + open, of(left, SECOND) + extend), 0);
      }
    }
  }
  return { values, from };
}

/** The alignment with the highest score. */
export function bestAlignment(scores: AlignmentScores): { readonly alignment: Alignment; readonly score: number } {
  const { rows, columns } = scores;
  const { values, from } = fill(scores, best);
  const across = columns + 1;
  const alignment = new Int32Array(rows).fill(-1);
  let [row, column] = [rows, columns];
  const end = (rows * across + columns) * 3;
  const last = best(values[end]!, values[end + 1]!, values[end + 2]!);
  let state = last.from;
  while (row > 0 || column > 0) {
    const came = from[(row * across + column) * 3 + state]!;
    if (state === PAIR) alignment[row - 1] = column - 1;
    if (state !== SECOND) row -= 1;
    if (state !== FIRST) column -= 1;
    state = came;
  }
  return { alignment, score: last.value };
}

export interface AlignmentProbabilities {
  /** log Σ exp(score) over all alignments. */
  readonly partition: number;
  /** How likely it is that two residues are aligned, row-major [rows, columns]. */
  readonly pairs: Float64Array;
}

/** Over all alignments, each as likely as the exponential of its score says. */
export function alignmentProbabilities(scores: AlignmentScores): AlignmentProbabilities {
  const { rows, columns, pairs, stride, open, extend } = scores;
  const { values: forward } = fill(scores, total);
  const across = columns + 1;
  const end = (rows * across + columns) * 3;
  const partition = total(forward[end]!, forward[end + 1]!, forward[end + 2]!).value;
  const probabilities = new Float64Array(rows * columns);
  const backward = new Float64Array(forward.length).fill(-Infinity);
  backward.fill(0, end, end + 3);
  for (let row = rows; row >= 0; row -= 1) {
    for (let column = columns; column >= 0; column -= 1) {
      const cell = row * across + column;
      if (cell === rows * across + columns) continue;
      const inside = row < rows && column < columns;
      const score = inside ? pairs[row * stride + column]! : 0;
      const pair = inside ? backward[(cell + across + 1) * 3 + PAIR]! + score : -Infinity;
      const first = row < rows ? backward[(cell + across) * 3 + FIRST]! : -Infinity;
      const second = column < columns ? backward[(cell + 1) * 3 + SECOND]! : -Infinity;
      backward[cell * 3 + PAIR] = total(pair, first + open, second + open).value;
      backward[cell * 3 + FIRST] = total(pair, first + extend, second + open).value;
      backward[cell * 3 + SECOND] = total(pair, -Infinity, second + extend).value;
    }
  }
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const place = ((row + 1) * across + column + 1) * 3 + PAIR;
      probabilities[row * columns + column] = Math.exp(forward[place]! + backward[place]! - partition);
    }
  }
  return { partition, pairs: probabilities };
}

/** The alignment whose pairs are right most often, by their probabilities [rows, columns]. */
export function likeliestPairs(pairs: ArrayLike<number>, rows: number, columns: number): Alignment {
  return bestAlignment({ rows, columns, pairs, stride: columns, open: 0, extend: 0 }).alignment;
}

/** The score of an alignment without any pair, in which both sequences stand beside one gap. */
export function unalignedScore({ rows, columns, open, extend }: Omit<AlignmentScores, 'pairs' | 'stride'>): number {
  const gap = (residues: number): number => (residues === 0 ? 0 : open + (residues - 1) * extend);
  return gap(rows) + gap(columns);
}
