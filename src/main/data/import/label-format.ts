/** Labels that are not one class, as texts: how the cells of a row become one, and what is read out of it again. */
import { quoted } from '../../../shared/excerpt.ts';
import type { LabelFormat, TargetFormat } from '../../../shared/spec/label-format.ts';
import { cleanLabel } from './labels.ts';

/** Between the numbers or labels of several columns. */
const BETWEEN = '; ';
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;
const DECIMAL_COMMA = /^[+-]?\d+,\d+$/u;
const NOTHING = /^(?:|-|\?|na|n\/a|nan|null|none)$/iu;
const SEPARATORS = /[;,|\n]/u;
const YES = /^(?:1(?:\.0+)?|true|yes|y|x)$/iu;
const NO = /^(?:0(?:\.0+)?|false|no|n|)$/iu;

/** The columns of a table that a label is made of. */
export function labelColumnsOf(column: string, format: LabelFormat): readonly string[] {
  return 'furtherColumns' in format ? [column, ...(format.furtherColumns ?? [])] : [column];
}

/** One text from the cells of a row, in the order of `labelColumnsOf`. */
export function joinLabel(cells: readonly string[], columns: readonly string[], format: LabelFormat): string {
  const [first = ''] = cells;
  if (format.kind === 'classes') return cleanLabel(first);
  if (cells.length === 1 || format.kind === 'tags' || format.kind === 'alignments') return first.trim();
  if (format.kind === 'numbers') return cells.map((cell) => cell.trim()).join(BETWEEN);
  const wrong = cells.findIndex((cell) => !YES.test(cell.trim()) && !NO.test(cell.trim()));
  if (wrong >= 0) return `${columns[wrong] ?? ''}=${cells[wrong] ?? ''}`;
  return columns.filter((_, index) => YES.test(cells[index]!.trim())).join(format.separator ?? BETWEEN);
}

/** The numbers of a label. */
export function numbersOf(label: string): number[] {
  return label.split(';').map((part) => (NUMBER.test(part.trim()) ? Number(part) : Number.NaN));
}

/** The labels that a text names, each once; lists as JSON and Python write them, too. */
export function labelsOf(label: string, { separator }: Extract<TargetFormat, { kind: 'several' }>): string[] {
  const list = /^\s*\[(.*)\]\s*$/su.exec(label)?.[1];
  const parts = (list ?? label).split(separator ?? (list === undefined ? SEPARATORS : ','));
  const names = parts.map((part) =>
    cleanLabel(list === undefined ? part : part.trim().replace(/^(['"])(.*)\1$/su, '$2')),
  );
  return [...new Set(names.filter((name) => name !== ''))];
}

/** Why a label cannot be used; undefined where it can. */
export function problemOfLabel(label: string, format: LabelFormat, columns: readonly string[]): string | undefined {
  if (format.kind === 'classes') return label === '' ? 'has no label' : undefined;
  if (format.kind === 'tags' || format.kind === 'alignments') return undefined; // what reads them has looked
  if (format.kind === 'several') {
    const { length } = columns;
    return length > 1 && label.includes('=') && !columns.includes(label)
      ? `${quoted(label)}: with a column for each label, a cell is 1 or 0, true or false, yes or no`
      : undefined;
  }
  if (label.trim() === '') return 'has no number';
  const parts = label.split(';').map((part) => part.trim());
  if (parts.length !== columns.length) {
    return `${quoted(label)} has ${parts.length} numbers where ${columns.length === 1 ? 'one is' : `${columns.length} are`} wanted`;
  }
  const wrong = parts.find((part) => !NUMBER.test(part) || !Number.isFinite(Number(part)));
  if (wrong === undefined) return undefined;
  if (NOTHING.test(wrong)) return 'has no number';
  if (DECIMAL_COMMA.test(wrong)) return `${quoted(wrong)} has a comma: write numbers with a decimal point`;
  return `${quoted(wrong)} is not a number`;
}
