/** Runs of studies are told by where they belong in the study, not by the string that their name is. */

export interface StudyCell {
  readonly study: string;
  /** Condition, arm and seed in words. */
  readonly fields: readonly string[];
}

/** `mails.50-labels.scratch.1`: study, condition, arm and seed. Names have no dots but those of studies and people's own. */
export function studyCellOf(name: string): StudyCell | undefined {
  const [, study, condition, arm, seed] = /^(.+)\.([^.]+)\.([^.]+)\.(\d+)$/u.exec(name) ?? [];
  if (study === undefined || condition === undefined || arm === undefined || seed === undefined) return undefined;
  return { study, fields: [condition.replaceAll('-', ' '), arm, `seed ${seed}`] };
}

/** What a link to a run is called for readers: its id, unless what is seen are the fields of a study, which say more. */
export function runLabel({ id, name }: { readonly id: string; readonly name: string }): string | undefined {
  return studyCellOf(name) === undefined ? id : undefined;
}
