/** How a file is read that a model is asked about, and what is written of it. */
import type { TextEncoding } from '../../../../shared/spec/manifests/text-corpus.ts';

export interface FileChoices {
  /** So many of the likeliest; empty for all that the model says. */
  readonly top: string;
  /** Undefined for all. */
  readonly keep: readonly string[] | undefined;
  /** Empty for what is found in the file. */
  readonly encoding: TextEncoding | '';
  /** Whether the first row has the names of the columns. */
  readonly header: boolean;
}

export const usualChoices: FileChoices = { top: '', keep: undefined, encoding: '', header: true };
