// Needleman–Wunsch with published matrices and affine gaps, against scores that Biopython found.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { alignClassically, unitScores, withMatrix } from '../../../../src/main/tasks/alignment/classical.ts';
import { AlignmentCounts } from '../../../../src/main/tasks/alignment/evaluation.ts';
import { blosum62, ednafull, matrixOf } from '../../../../src/main/data/sequences/substitution-matrices.ts';
import { alignedRows } from '../../../../src/main/data/text/aligned-pair.ts';

interface Recorded {
  readonly matrix: 'BLOSUM62' | 'NUC.4.4' | 'unit';
  readonly first: string;
  readonly second: string;
  readonly gap: readonly [open: number, extend: number];
  readonly score: number;
}

const cases = JSON.parse(
  readFileSync(new URL('../../../fixtures/alignments.json', import.meta.url), 'utf8'),
) as readonly Recorded[]; // as scripts/record-alignments.py writes them

const matrices = { BLOSUM62: blosum62, 'NUC.4.4': ednafull };

describe('Needleman–Wunsch', () => {
  it.each(cases)('finds the score of $first and $second with $matrix', ({ matrix, first, second, gap, score }) => {
    const [open, extend] = gap;
    const method = matrix === 'unit' ? unitScores : withMatrix(matrices[matrix], { open, extend });
    const found = alignClassically({ first, second }, method);
    expect(found.score).toBe(score);
    // The alignment itself has that score.
    const rows = alignedRows(first, second, found.alignment);
    let [total, gapOf] = [0, ''];
    for (const { first: row, second: column } of rows.columns) {
      const kind = row < 0 ? 'first' : column < 0 ? 'second' : '';
      if (kind === '') total += method.score(first[row]!, second[column]!);
      else total += kind === gapOf ? method.extend : method.open;
      gapOf = kind;
    }
    expect(total).toBe(score);
  });

  it('takes the matrix of what the sequences are', () => {
    expect(matrixOf(['ACGT', 'ggcun']).name).toBe('EDNAFULL');
    expect(matrixOf(['ACGT', 'MKV']).name).toBe('BLOSUM62');
    expect(matrixOf(['ACGU']).scoreOf('U', 'T')).toBe(5);
  });
});

describe('metrics of alignments', () => {
  it('count pairs that stand above each other in both', () => {
    const counts = new AlignmentCounts();
    counts.add(0.9, true, [0, 1, -1, 3], [0, 2, 3, -1]);
    counts.add(0.5, true, [-1, 0], [-1, 0]);
    counts.add(0.7, false, [0], undefined);
    expect(counts.metrics()).toEqual({ alignedF1: 0.5, alignedRecall: 0.5, alignedPrecision: 0.5, auroc: 0.5 });
  });

  it('leave out what cannot be told', () => {
    const counts = new AlignmentCounts();
    counts.add(0.9, false, [0], undefined);
    expect(counts.metrics()).toEqual({});
  });
});
