/**
 * Alignment of two sequences as a probability over all alignments there are: that of one is proportional to the exponential of its
 * score, which adds up the scores of its aligned pairs and of its gaps, as S. Needleman and C. Wunsch (1970) score them, with gaps as
 * O. Gotoh (1982) counts them: the first residue of a gap costs `open`, each further one `extend`. The sum over all alignments is a
 * program that runs along the anti-diagonals, in log space; its gradient is the probability of each pair (S. Miyazawa 1995).
 *
 * Between two aligned pairs the residues of the first sequence come before those of the second, so that what is one alignment to a
 * reader is one path.
 */
import { LabError } from '../../shared/errors.ts';
import type { Value } from '../graph/index.ts';
import {
  add,
  broadcastTo,
  concat,
  constant,
  exp,
  less,
  log,
  matmul,
  max,
  multiply,
  pad,
  reshape,
  sizeAt,
  sliceAxis,
  stopGradient,
  subtract,
  sum,
  transpose,
  where,
} from '../graph/index.ts';

/** Stands for the logarithm of 0, as in `ctc.ts`. */
const LOG_ZERO = -1e30;
/** Of a step that no alignment takes. Smaller ones would be nothing in float32, which has no logarithm. */
const FORBIDDEN = -80;

/** What ends at a cell: a pair of residues, a residue of the first sequence beside a gap, one of the second. */
const STATES = 3;

export interface GapScores<T> {
  /** [1], usually below 0: of the first residue of a gap. */
  readonly open: T;
  /** [1]: of every further one. */
  readonly extend: T;
}

export interface AlignmentLengths<T> {
  /** float32 [batch], from 1 on. */
  readonly first: T;
  readonly second: T;
}

/**
 * The logarithm of the sum of exp(score) over all global alignments of each pair of sequences, [batch].
 * @param scores [batch, S, T]: of each residue of the first sequence with each of the second; those beyond the lengths do not count
 * Throws `LabError('shape')`.
 */
export function alignmentPartition(scores: Value, gaps: GapScores<Value>, lengths: AlignmentLengths<Value>): Value {
  if (scores.shape.length !== 3) {
    throw new LabError('shape', 'aligning needs scores [batch, first, second]');
  }
  const { program } = scores;
  const [batch, rows, columns] = scores.shape as readonly [number, number, number]; // checked above
  // A cell is (residues of the first that are used, example), so that one residue further is `batch` numbers further.
  const width = (rows + 1) * batch;
  const moves = movesOf(gaps);
  const ofDiagonal = pairScores(scores);

  const advance = (cells: Value): Value => {
    const largest = stopGradient(max(cells, [0], true));
    return add(log(matmul(moves, exp(subtract(cells, largest)), { exact: true })), largest);
  };
  const first = new Float32Array(STATES * width).fill(LOG_ZERO);
  first.fill(0, 0, batch);
  let cells = constant(program, first, [STATES, width]);
  let before: Value | undefined;
  let last = advance(cells);
  const diagonals: [Value, ...Value[]] = [cells];
  for (let diagonal = 1; diagonal <= rows + columns; diagonal += 1) {
    const ofFirst = sliceAxis(sliceAxis(last, 0, 1, 2), 1, 0, rows * batch);
    const pair = before
      ? add(sliceAxis(sliceAxis(before, 0, 0, 1), 1, 0, rows * batch), ofDiagonal(diagonal - 2))
      : constant(program, new Float32Array(rows * batch).fill(LOG_ZERO), [1, rows * batch]);
    const moved = pad(concat([pair, ofFirst], 0), [0, batch], [0, 0], LOG_ZERO);
    cells = concat([moved, sliceAxis(last, 0, 2, 3)], 0);
    diagonals.push(cells);
    before = last;
    if (diagonal < rows + columns) last = advance(cells);
  }
  return logSum(atEnds(diagonals, { batch, rows, columns }, lengths));
}

/** exp of what each state costs after each other one, [to, from]. */
function movesOf({ open, extend }: GapScores<Value>): Value {
  const { program } = open;
  const one = (value: Value): Value => reshape(value, [1, 1]);
  const [none, never] = [
    constant(program, Float32Array.of(0), [1, 1]),
    constant(program, Float32Array.of(FORBIDDEN), [1, 1]),
  ];
  const rows = [
    [none, none, none],
    [one(open), one(extend), never],
    [one(open), one(open), one(extend)],
  ] as const;
  return exp(
    concat(rows.map((row) => concat(row, 1)) as [Value, ...Value[]], 0), // three rows
  );
}

/** The scores of the pairs whose places add up to a number, [1, rows · batch], a residue of the first sequence after the other. */
function pairScores(scores: Value): (sum: number) => Value {
  const [batch, rows, columns] = scores.shape as readonly [number, number, number]; // checked by the caller
  // Each row is moved by one more than the row above it: reading rows of one number less does that.
  const across = columns + rows;
  const flat = reshape(pad(scores, [0, 0, 0], [0, 0, rows]), [batch, rows * across]);
  const skewed = reshape(sliceAxis(flat, 1, 0, rows * (across - 1)), [batch, rows, across - 1]);
  const byDiagonal = reshape(transpose(skewed, [2, 1, 0]), [across - 1, rows * batch]);
  return (diagonal) => sliceAxis(byDiagonal, 0, diagonal, diagonal + 1);
}

interface Sizes {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

/** The states of the cell in which each example ends, [states, batch]. */
function atEnds(
  diagonals: readonly [Value, ...Value[]],
  { batch, rows, columns }: Sizes,
  { first, second }: AlignmentLengths<Value>,
): Value {
  const { program } = first;
  const count = rows + columns + 1;
  const all = reshape(concat(diagonals, 0), [count, STATES, rows + 1, batch]);
  const isDiagonal = isNumber(add(first, second), count);
  const isRow = isNumber(first, rows + 1);
  const shape = [count, STATES, rows + 1, batch];
  const chosen = multiply(reshape(isDiagonal, [count, 1, 1, batch]), reshape(isRow, [1, 1, rows + 1, batch]));
  const isEnd = less(constant(program, 0.5), broadcastTo(chosen, shape));
  return sum(where(isEnd, all, constant(program, new Float32Array(1), [1, 1, 1, 1])), [0, 2]);
}

/** [count, batch]: 1 in the row of the number that an example has, which is a whole one. */
function isNumber(value: Value, count: number): Value {
  const { program } = value;
  const batch = sizeAt(value.shape, 0);
  const numbers = constant(
    program,
    Float32Array.from({ length: count }, (_, index) => index),
    [count, 1],
  );
  const difference = subtract(reshape(value, [1, batch]), numbers);
  const isNear = less(multiply(difference, difference), constant(program, 0.25));
  const [yes, no] = [constant(program, Float32Array.of(1), [1, 1]), constant(program, Float32Array.of(0), [1, 1])];
  return where(isNear, yes, no);
}

/** log Σ exp along the first axis, which goes. */
function logSum(values: Value): Value {
  const largest = stopGradient(max(values, [0], true));
  const rest = log(sum(exp(subtract(values, largest)), [0]));
  return add(rest, reshape(largest, rest.shape));
}

/** An alignment that is known. */
export interface KnownAlignment<T> {
  /** [batch, S, T]: 1 for each aligned pair. */
  readonly pairs: T;
  /** float32 [batch]: gaps, and residues of gaps beside the first. */
  readonly opened: T;
  readonly extended: T;
}

/** The score of an alignment, [batch]: minus `alignmentPartition`, its log probability. */
export function alignmentScore(scores: Value, gaps: GapScores<Value>, known: KnownAlignment<Value>): Value {
  const ofPairs = sum(multiply(scores, known.pairs), [1, 2]);
  return add(ofPairs, gapScore(gaps, known.opened, known.extended));
}

/** Of so many gaps, [batch], with so many further residues. */
export function gapScore({ open, extend }: GapScores<Value>, opened: Value, extended: Value): Value {
  return add(multiply(open, opened), multiply(extend, extended));
}
