/** A document on its way into a corpus, and what is done to every text before anything else. */
import { hash } from 'node:crypto';
import type { TextSkipReason } from '../../../shared/spec/manifests/text-import-report.ts';

export interface TextDocument {
  readonly text: string;
  /** Line of the file where it begins, from 1, if known. */
  readonly line: number | null;
  /** True if this is a part of a document that was too long to be held at once. */
  readonly isPart: boolean;
}

/** A document, row or line that was left out. */
export interface SkippedDocument {
  readonly line: number | null;
  readonly reason: TextSkipReason;
  readonly message: string;
  /** True where the rest of the file cannot be read. */
  readonly endsFile?: boolean;
}

/** Everything except line feeds, tabs and what is written: C0 and C1 controls and byte order marks. */
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]/g;
const WORTH_READING = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** One kind of line end, no control characters, no halves of surrogate pairs, no white space around; '' if nothing is left. */
export function cleanText(text: string): string {
  let result = text;
  if (result.includes('\r')) result = result.replace(/\r\n?/g, '\n');
  if (!result.isWellFormed()) result = result.toWellFormed();
  result = result.replace(CONTROLS, '').trim();
  return WORTH_READING.test(result) ? result : '';
}

/** White space that is not a single blank. */
const OTHER_SPACE = /\s{2,}|[^\S ]/g;

/** Documents with the same hash are the same but for white space and for how accents are composed. */
export function contentKey(text: string): Buffer {
  return hash('sha256', text.normalize('NFC').replace(OTHER_SPACE, ' '), 'buffer');
}
