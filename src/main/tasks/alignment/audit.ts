/** Whether an aligner has learnt which residues take the place of others, or compares letters. */
import type { Finding } from '../task.ts';
import { alignClassically, unitScores } from './classical.ts';

/** Pairs of residues that are not the same letter: what tells an aligner from a comparison of letters. */
export class Substituted {
  private pairs = 0;
  private found = 0;
  private foundByLetters = 0;

  add(
    { first, second, truth }: { readonly first: string; readonly second: string; readonly truth: Int32Array },
    answered: Int32Array,
  ): void {
    const byLetters = alignClassically({ first, second }, unitScores).alignment;
    for (const [row, column] of truth.entries()) {
      if (column < 0 || first.charAt(row).toUpperCase() === second.charAt(column).toUpperCase()) continue;
      this.pairs += 1;
      this.found += Number(answered[row] === column);
      this.foundByLetters += Number(byLetters[row] === column);
    }
  }

  findings(): Finding[] {
    const { pairs, found, foundByLetters } = this;
    if (pairs === 0) return [];
    return [
      {
        name: 'substituted residues that are aligned',
        summary: `Share of the ${pairs} held-out pairs of different residues that stand above each other, beside Needleman–Wunsch with unit scores`,
        value: found / pairs,
        reference: foundByLetters / pairs,
        ...(found <= foundByLetters && {
          warning:
            'unit scores, which know nothing of residues but whether they are the same, align substituted ones as well: train longer, on more pairs, or begin from a pretrained network',
        }),
      },
    ];
  }
}
