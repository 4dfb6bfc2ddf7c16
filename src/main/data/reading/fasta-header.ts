/** What the headers of sequences say: a name, which is the first word, and a label, after `label=` or where a pattern finds it. */
import { LabError, messageOf } from '../../../shared/errors.ts';
import { quoted } from '../../../shared/excerpt.ts';
import type { TextDocument } from './document.ts';

export interface FastaRecord extends TextDocument {
  /** The first word of the header, by which tables name the sequence. */
  readonly name: string;
  /** What the header says of the class; null if it does not. */
  readonly label: string | null;
  /** What it says of its relatives, after `family=`; null if it does not. */
  readonly family: string | null;
}

/** Letters of IUPAC's codes for nucleotides and amino acids, and * - . for stops and gaps, are symbols. */
export const OTHER_SYMBOL = /[^A-Za-z*.-]/u;
/** `label=exon`, `label="5' UTR"`; other fields stand before and after it, apart by blanks, bars or semicolons. */
const LABEL = /(?:^|[\s|;])label=(?:"([^"]*)"|([^\s|;]+))/;
const FAMILY = /(?:^|[\s|;])family=(?:"([^"]*)"|([^\s|;]+))/u;

export function headerLabel(header: string, pattern: RegExp = LABEL): Pick<FastaRecord, 'name' | 'label' | 'family'> {
  const match = pattern.exec(header);
  // The group called “label”, else the first one, else all of it.
  const found = match === null ? '' : (match.groups?.label ?? match[1] ?? match[2] ?? match[0]);
  const related = FAMILY.exec(header);
  return {
    name: header.trim().split(/\s/u)[0] ?? '',
    label: found.trim() === '' ? null : found.trim(),
    family: related?.[1] ?? related?.[2] ?? null,
  };
}

/** @throws LabError `bad-spec` for what is no regular expression */
export function headerPattern(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    const message = `The pattern ${quoted(text)} for labels in headers is not valid: ${messageOf(error)}.`;
    throw new LabError('bad-spec', message, { pattern: text }, error);
  }
}
