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

export function terminalWidth(): number {
  return process.stdout.columns > 0 ? process.stdout.columns : fallbackWidth;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/**
 * Columns as wide as what is in them. Where that is too wide, the widest one is shortened until the table fits; in a pipe
 * nothing is lost.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = process.stdout.isTTY ? terminalWidth() : Infinity,
): string {
  const gap = 2;
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => lengthOf(row[index] ?? ''))),
  );
  const total = (): number => widths.reduce((sum, one) => sum + one, gap * (widths.length - 1));
  while (total() > width) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= 8) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => pad(shorten(cells[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, align))
      .join(' '.repeat(gap))
      .trimEnd();
  const heading = emphasise(line(columns.map(({ title }) => title)), 'bold');
  return [heading, ...rows.map(line)].join('\n');
}

/** `name  value` lines. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${emphasise(name.padEnd(width), 'dim')}  ${value}`).join('\n');
}

/** Texts broken between words, every line but the first indented. */
export function wrap(text: string, indent = 0, width = terminalWidth()): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
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

function shorten(text: string, width: number): string {
  return lengthOf(text) <= width ? text : `${stripVTControlCharacters(text).slice(0, Math.max(0, width - 1))}…`;
}

function pad(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return align === 'right' ? space + text : text + space;
}
