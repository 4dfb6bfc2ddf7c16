/** A card as one HTML file that needs nothing else: to be sent, printed and kept. It follows the reader's light or dark theme. */
import { seriesRules } from '../chart-colours.ts';
import { escapeMarkup } from '../escape-markup.ts';
import type { AuditCard, CardItem, CardSection } from './card.ts';

const style = `
:root { color-scheme: light dark; --text: #1c2024; --quiet: #60646c; --line: #d9dade; --ground: #ffffff; --panel: #f6f6f8; --warning: #8a4b00; --warning-ground: #fff3e0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #edeef0; --quiet: #b0b4ba; --line: #3a3d43; --ground: #16181b; --panel: #1e2125; --warning: #ffca80; --warning-ground: #3a2a12; }
}
${seriesRules()}
* { box-sizing: border-box; }
body { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; color: var(--text); background: var(--ground); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; padding-top: .75rem; font-size: 1.15rem; border-top: 1px solid var(--line); }
.kind, footer, caption { color: var(--quiet); font-size: .875rem; }
.summary { margin: .5rem 0 0; font-size: 1.1rem; }
.warning { padding: .5rem .75rem; color: var(--warning); background: var(--warning-ground); border-radius: .375rem; }
dl { display: grid; grid-template-columns: minmax(8rem, 13rem) 1fr; gap: .25rem 1rem; margin: .5rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { padding-bottom: .25rem; text-align: start; }
th, td { padding: .25rem .75rem .25rem 0; text-align: start; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
.right { text-align: end; }
pre { overflow-x: auto; padding: .75rem; background: var(--panel); border-radius: .375rem; font-size: .8rem; }
figure { max-width: 44rem; margin: 1.5rem 0 0; }
figcaption { font-weight: 600; }
figure svg { width: 100%; height: auto; }
footer { margin-top: 3rem; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
`;

export interface HtmlOptions {
  /** What the file is called beside the name: an audit card unless it is said. */
  readonly title?: string;
  /** Drawings as HTML, between the summary and the sections. */
  readonly figures?: readonly string[];
}

export function cardAsHtml(
  { name, of, summary, sections, lab }: AuditCard,
  { title = 'audit card', figures = [] }: HtmlOptions = {},
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(name)}: ${escapeMarkup(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<p class="kind">${escapeMarkup(title.charAt(0).toUpperCase() + title.slice(1))} of a ${of}</p>
<h1>${escapeMarkup(name)}</h1>
<p class="summary">${escapeMarkup(summary)}</p>
</header>
${figures.join('\n')}
${sections.map(writeSection).join('\n')}
</main>
<footer>Pretext Lab ${escapeMarkup(lab)}</footer>
</body>
</html>
`;
}

function writeSection({ title, items }: CardSection): string {
  return `<section>\n<h2>${escapeMarkup(title)}</h2>\n${items.map(writeItem).join('\n')}\n</section>`;
}

function writeItem(item: CardItem): string {
  switch (item.kind) {
    case 'text':
      return `<p>${escapeMarkup(item.text)}</p>`;
    case 'warning':
      return `<p class="warning"><strong>Warning:</strong> ${escapeMarkup(item.text)}</p>`;
    case 'facts':
      return `<dl>${item.facts.map(({ term, value }) => `<dt>${escapeMarkup(term)}</dt><dd>${escapeMarkup(value)}</dd>`).join('')}</dl>`;
    case 'table':
      return writeTable(item);
    case 'code':
      return `<pre tabindex="0"><code>${escapeMarkup(item.text)}</code></pre>`;
  }
}

function writeTable({ caption, columns, rows }: Extract<CardItem, { kind: 'table' }>): string {
  const cell = (tag: 'th' | 'td', text: string, index: number): string => {
    const scope = tag === 'th' ? ' scope="col"' : '';
    const side = columns[index]?.align === 'right' ? ' class="right"' : '';
    return `<${tag}${scope}${side}>${escapeMarkup(text)}</${tag}>`;
  };
  const head = columns.map(({ title }, index) => cell('th', title, index)).join('');
  const body = rows.map((row) => `<tr>${row.map((text, index) => cell('td', text, index)).join('')}</tr>`).join('\n');
  return `<div class="wide"><table><caption>${escapeMarkup(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
