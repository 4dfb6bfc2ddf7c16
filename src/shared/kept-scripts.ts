/** How much of each script comes back from a vocabulary, for people. */

export interface KeptScript {
  /** Its name, 'other letters', or 'signs' for digits, punctuation and symbols. */
  readonly script: string;
  readonly characters: number;
  readonly kept: number;
}

/** Below this share of its characters, a script is as good as not learned. */
const enough = 0.98;

export function scriptTitle({ script }: Pick<KeptScript, 'script'>): string {
  return script === 'signs' ? 'digits, punctuation and symbols' : script;
}

/** Scripts whose letters are lost. */
export function lostScripts<Script extends KeptScript>(scripts: readonly Script[]): readonly Script[] {
  return scripts.filter(({ script, characters, kept }) => script !== 'signs' && kept < enough * characters);
}
