/** What a network says of a pair of sequences: how they are aligned, how sure that is, and whether they are related. */
import { LabError } from '../../../shared/errors.ts';
import type { TensorData } from '../task.ts';
import type { Alignment, AlignmentScores } from './dynamic-program.ts';
import { alignmentProbabilities, bestAlignment, likeliestPairs, unalignedScore } from './dynamic-program.ts';

export const decodings = ['posterior', 'viterbi'] as const;
export type Decoding = (typeof decodings)[number];

export interface ReadAlignment {
  readonly alignment: Alignment;
  /** Of each pair of residues, row-major [residues of the first sequence, residues of the second]. */
  readonly pairs: Float64Array;
  /** That the sequences are related, from 0 to 1. */
  readonly related: number;
}

/** Of the pair in a row of a batch. */
export function readAlignment(
  outputs: TensorData,
  row: number,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  decoding: Decoding,
): ReadAlignment {
  const { pairScores } = outputs;
  if (!pairScores) throw new LabError('internal', "the program has no output 'pairScores'");
  const [, height, stride] = pairScores.shape as readonly [number, number, number]; // as the head makes them
  const scores: AlignmentScores = {
    rows,
    columns,
    pairs: pairScores.data.subarray(row * height * stride, (row + 1) * height * stride),
    stride,
    open: numberOf(outputs, 'open'),
    extend: numberOf(outputs, 'extend'),
  };
  const { partition, pairs } = alignmentProbabilities(scores);
  const evidence = (partition - unalignedScore(scores)) / ((rows + columns) / 2);
  const logit = evidence * numberOf(outputs, 'matchScale') + numberOf(outputs, 'matchOffset');
  return {
    alignment: decoding === 'viterbi' ? bestAlignment(scores).alignment : likeliestPairs(pairs, rows, columns),
    pairs,
    related: 1 / (1 + Math.exp(-logit)),
  };
}

function numberOf(outputs: TensorData, name: string): number {
  const value = outputs[name]?.data[0];
  if (value === undefined) throw new LabError('internal', `the program has no output '${name}'`);
  return value;
}
