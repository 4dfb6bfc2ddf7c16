/** Labels that are not one class, as texts: how the cells of a row become one, and what is read out of it again. */
import { quoted } from '../../../shared/excerpt.ts';
import type { LabelFormat, TargetFormat } from '../../../shared/spec/label-format.ts';
import { cleanLabel } from './labels.ts';

/** Between the numbers or labels of several columns. */
const BETWEEN = '; ';
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;
const DECIMAL_COMMA = /^[+-]?\d+,\d+$/u;
/** Groups of three digits, whatever stands between them, and perhaps decimals behind another sign. */
const GROUPED = /^[+-]?\d{1,3}(?:([\s,.'’])\d{3})(?:\1\d{3})*(?:[.,]\d+)?$/u;
/** A number with words or signs before or behind it. */
const WITH_UNIT = /^(?:[\p{L}\p{Sc}~<>≈ ]{1,12})?[+-]?\d[\d.,]*(?:\s*[\p{L}\p{Sc}%‰°][\p{L}\d/%²³·^ ]{0,20})?$/u;
const NOTHING = /^(?:|-|\?|na|n\/a|nan|null|none)$/iu;
const SEPARATORS = /[;,|\n]/u;
const YES = /^(?:1(?:\.0+)?|true|yes|y|x)$/iu;
const NO = /^(?:0(?:\.0+)?|false|no|n|)$/iu;

/** Whether a cell says that there is no number. */
export function isNothing(cell: string): boolean {
  return NOTHING.test(cell.trim());
}

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
  const parts = list === undefined ? label.split(separator ?? SEPARATORS) : partsOfList(list, separator);
  return [...new Set(parts.map(cleanLabel).filter((name) => name !== ''))];
}

/** A name in quotes, in which there may be commas and quotes behind a backslash, or what stands between two commas. */
const LISTED = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^,]*))\s*(?:,|$)/gsu;

function partsOfList(list: string, separator: string | undefined): string[] {
  if (separator !== undefined && !list.includes(',')) return list.split(separator).map(unquoted);
  return Array.from(list.matchAll(LISTED), ([, double, single, bare = '']) => {
    const quotedName = double ?? single;
    return quotedName === undefined ? bare : unescaped(quotedName);
  });
}

const unquoted = (part: string): string => part.trim().replace(/^(['"])(.*)\1$/su, '$2');

/** As JSON and Python write signs that would end a name, and those beyond ASCII. */
function unescaped(name: string): string {
  return name.replace(/\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/gisu, (_, four: string, two: string, sign: string) => {
    const code = four || two;
    if (code) return String.fromCharCode(Number.parseInt(code, 16));
    return { n: ' ', t: ' ', r: ' ' }[sign] ?? sign;
  });
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
  const place = parts.findIndex((part) => !NUMBER.test(part) || !Number.isFinite(Number(part)));
  const wrong = parts[place];
  if (wrong === undefined) return undefined;
  const problem = problemOfNumber(wrong);
  return columns.length === 1 ? problem : `${problem} (column ${quoted(columns[place] ?? '')})`;
}

function problemOfNumber(wrong: string): string {
  if (isNothing(wrong)) return 'has no number';
  if (GROUPED.test(wrong)) {
    return `${quoted(wrong)} has its digits in groups: write numbers without anything between the digits`;
  }
  if (DECIMAL_COMMA.test(wrong)) return `${quoted(wrong)} has a comma: write numbers with a decimal point`;
  if (WITH_UNIT.test(wrong)) return `${quoted(wrong)} has a unit: write the number alone`;
  return `${quoted(wrong)} is not a number`;
}
