/** What was recorded of a run beside what is found when it is computed again. */

/** How far a number that is found is from the one that was recorded. */
export type Agreement =
  | 'same bits'
  | 'same number' // to a millionth: another machine rounds otherwise
  | 'different'
  | 'not checked';

export interface VerifiedRow {
  readonly run: string;
  /** E.g. `test accuracy`, `weights after training`. */
  readonly what: string;
  readonly recorded: number | string | null;
  readonly found: number | string | null;
  readonly agreement: Agreement;
  /** Why it was not checked. */
  readonly reason?: string;
}

const closeEnough = 1e-6;

/** Null stands for what was no number. */
export function agreementOf(recorded: number | null, found: number | null): Agreement {
  if (recorded === found) return 'same bits';
  if (recorded === null || found === null) return 'different';
  return Math.abs(recorded - found) <= closeEnough * Math.max(1, Math.abs(recorded)) ? 'same number' : 'different';
}
