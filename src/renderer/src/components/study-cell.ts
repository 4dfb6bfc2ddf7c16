/** Runs of studies and sweeps are told by where they belong in them, not by the string that their name is. */

export interface StudyCell {
  readonly study: string;
  /** Condition, arm and seed, or rung and trial, in words. */
  readonly fields: readonly string[];
}

/**
 * `mails.50-labels.scratch.1`: study, condition, arm and seed. `mails.trial.7` and `mails.60-steps.7` are trials of a sweep. Names have no
 * dots but those of studies, sweeps and people's own.
 */
export function studyCellOf(name: string): StudyCell | undefined {
  const [, study, condition, arm, seed] = /^(.+)\.([^.]+)\.([^.]+)\.(\d+)$/u.exec(name) ?? [];
  const [, sweep, rung, trial] = /^(.+)\.(trial|\d+-steps)\.(\d+)$/u.exec(name) ?? [];
  if (study === undefined && sweep !== undefined && rung !== undefined && trial !== undefined) {
    return { study: sweep, fields: [...(rung === 'trial' ? [] : [rung.replace('-', ' ')]), `trial ${trial}`] };
  }
  if (study === undefined || condition === undefined || arm === undefined || seed === undefined) return undefined;
  return { study, fields: [condition.replaceAll('-', ' '), arm, `seed ${seed}`] };
}

/** What a link to a run is called for readers: its id, unless what is seen are the fields of a study, which say more. */
export function runLabel({ id, name }: { readonly id: string; readonly name: string }): string | undefined {
  return studyCellOf(name) === undefined ? id : undefined;
}
