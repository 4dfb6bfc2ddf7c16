/** Text for terminals: tables that fit the width, colours only where they are wanted. */
import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Coloured on a terminal; plain in a pipe, with NO_COLOR, and without colours there. */
export function emphasise(text: string, style: Style, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** To stderr: what is said beside the data. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

const fallbackWidth = 80;
const narrowest = 20;

/** Of the terminal; what COLUMNS says, or 80, where there is none. */
export function terminalWidth(): number {
  if (process.stdout.columns > 0) return process.stdout.columns;
  const told = Number(process.env.COLUMNS);
  return told >= narrowest ? told : fallbackWidth;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/**
 * Columns as wide as what is in them. Where that is too wide, the widest ones become narrower until the table fits, and what is in
 * them goes on below: nothing is lost. The first column, which says what a line is about, is narrowed last.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string {
  const gap = 2;
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => lengthOf(row[index] ?? ''))),
  );
  const total = (): number => widths.reduce((sum, one) => sum + one, gap * (widths.length - 1));
  for (const first of [1, 0]) {
    while (total() > width) {
      const widest = widths.indexOf(Math.max(...widths.slice(first)), first);
      if ((widths[widest] ?? 0) <= narrowestColumn) break;
      widths[widest] = (widths[widest] ?? 0) - 1;
    }
  }
  const line = (cells: readonly string[]): string => {
    const parts = columns.map((_column, index) => breakText(cells[index] ?? '', widths[index] ?? 0));
    return Array.from({ length: Math.max(...parts.map(({ length }) => length)) }, (_, row) =>
      columns
        .map(({ align }, index) => pad(parts[index]?.[row] ?? '', widths[index] ?? 0, align))
        .join(' '.repeat(gap))
        .trimEnd(),
    ).join('\n');
  };
  const heading = line(columns.map(({ title }) => title))
    .split('\n')
    .map((part) => emphasise(part, 'bold'));
  return [...heading, ...rows.map(line)].join('\n');
}

const narrowestColumn = 8;

/** In lines of at most this width: between words where that is possible. Colours of a text that has to be broken are lost. */
function breakText(text: string, width: number): readonly string[] {
  if (lengthOf(text) <= width) return [text];
  return wrap(stripVTControlCharacters(text), 0, width).split('\n');
}

export interface Definition {
  readonly name: string;
  /** Short, beside the name. */
  readonly facts: string;
  readonly summary: string;
}

/** A name with a few facts, and below it what it is: sentences are hard to read in a column beside others. */
export function definitions(list: readonly Definition[]): string {
  const width = Math.min(terminalWidth(), widestText);
  return list
    .map(
      ({ name, facts, summary }) =>
        `${emphasise(name, 'bold')}  ${emphasise(facts, 'dim')}\n  ${wrap(summary, 2, width)}`,
    )
    .join('\n');
}

/** Longer lines of text are hard to follow. */
const widestText = 100;

/** `name  value` lines; long values go on below themselves. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries
    .map(([name, value]) => `${emphasise(name.padEnd(width), 'dim')}  ${wrap(value, width + 2)}`)
    .join('\n');
}

/** Texts broken between words, or within one that is longer than a line; every line but the first is indented. */
export function wrap(text: string, indent = 0, width = terminalWidth()): string {
  const lines: string[] = [];
  let line = '';
  const longest = new RegExp(`.{1,${Math.max(1, width - indent)}}`, 'gu');
  for (const word of text.match(/\S+/gu)?.flatMap((part) => part.match(longest) ?? []) ?? []) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && indent + longer.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

function pad(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return align === 'right' ? space + text : text + space;
}
