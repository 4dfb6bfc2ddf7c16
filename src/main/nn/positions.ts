/**
 * A sequence at some of its positions. A head that reads only the masked words, the words of tags or [CLS] leaves most of what the
 * last layer computes unread: the block that made the sequence may know how to compute those positions alone.
 */
import { batchGather, gather, reshape, sizeAt, sliceAxis } from '../graph/index.ts';
import type { Value } from '../graph/program.ts';

export interface Positions {
  readonly count: number;
  /** [batch, length, …] → [batch, count, …] */
  of(sequence: Value): Value;
  /** The rows of a table [length, …] that all examples share → [batch or 1, count, …] */
  ofTable(table: Value): Value;
}

/** Those at int32 indices [batch, count]. */
export function positionsAt(indices: Value): Positions {
  return {
    count: sizeAt(indices.shape, 1),
    of: (sequence) => batchGather(sequence, indices),
    ofTable: (table) => gather(table, indices),
  };
}

/** The first of each sequence, [CLS] in texts. */
export const firstPosition: Positions = {
  count: 1,
  of: (sequence) => sliceAxis(sequence, 1, 0, 1),
  ofTable: (table) => reshape(sliceAxis(table, 0, 0, 1), [1, 1, ...table.shape.slice(1)]),
};

type Compute = (positions: Positions) => Value;

const offered = new WeakMap<Value, Compute>();

/** `compute` gives `sequence` [batch, length, features] at some positions, [batch, count, features], for less than all of it costs. */
export function offerPositions(sequence: Value, compute: Compute): void {
  offered.set(sequence, compute);
}

/** A sequence [batch, length, features] at positions → [batch, count, features]. What nobody else reads of it is not computed. */
export function atPositions(sequence: Value, positions: Positions): Value {
  const compute = offered.get(sequence);
  return compute && positions.count < sizeAt(sequence.shape, 1) ? compute(positions) : positions.of(sequence);
}
