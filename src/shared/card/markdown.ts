/** A card as Markdown (GitHub's, for its tables). */
import type { AuditCard, CardItem } from './card.ts';

export function cardAsMarkdown({ name, of, summary, sections, lab }: AuditCard): string {
  const parts = sections.flatMap(({ title, items }) => [`## ${escapeText(title)}`, ...items.map(writeItem)]);
  return `${[`# ${escapeText(name)}: audit card of a ${of}`, escapeText(summary), ...parts, `---\n\nPretext Lab ${lab}`].join('\n\n')}\n`;
}

function writeItem(item: CardItem): string {
  switch (item.kind) {
    case 'text':
      return escapeText(item.text);
    case 'warning':
      return `> **Warning:** ${escapeText(item.text)}`;
    case 'facts':
      return item.facts.map(({ term, value }) => `- **${escapeText(term)}:** ${escapeText(value)}`).join('\n');
    case 'table':
      return writeTable(item);
    case 'code':
      return `${fenceFor(item.text)}\n${item.text}\n${fenceFor(item.text)}`;
  }
}

function writeTable({ caption, columns, rows }: Extract<CardItem, { kind: 'table' }>): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => escapeText(cell)).join(' | ')} |`;
  const rule = columns.map(({ align }) => (align === 'right' ? '---:' : '---'));
  return [
    `*${escapeText(caption)}*`,
    '',
    line(columns.map(({ title }) => title)),
    `| ${rule.join(' | ')} |`,
    ...rows.map(line),
  ].join('\n');
}

/** On one line, with nothing that would be read as a mark. */
function escapeText(text: string): string {
  return text.replace(/[\\`*_[\]<>|#]/gu, '\\$&').replace(/\s*\n\s*/gu, ' ');
}

/** More backticks than are in the text. */
function fenceFor(text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/gu), ([run]) => run.length));
  return '`'.repeat(longest + 1);
}
