/**
 * MediaWiki markup to plain text: what a reader of the article would read, without boxes, tables, notes, pictures and
 * categories. Every step takes time in proportion to the text, whatever is unbalanced in it.
 */
import { decodeEntities } from './html-entities.ts';

/** Elements whose content is not prose. */
const DROPPED_ELEMENTS =
  'ref|math|chem|gallery|timeline|syntaxhighlight|source|score|imagemap|graph|mapframe|maplink|templatedata|inputbox|section|style';
const OPENING = new RegExp(`<!--|<nowiki\\s*>|<(${DROPPED_ELEMENTS})\\b[^<>]*>`, 'gi');
const TAG = /<\/?[a-zA-Z][^<>]*>/g;
const LINE_BREAK = /<\s*(?:br|\/p|p|hr|\/div|div|\/li|blockquote|\/blockquote)\b[^<>]*>/gi;

/** Namespaces whose links show a picture or sort the page, in the languages of the larger Wikipedias. */
const SILENT_NAMESPACES = new Set(
  (
    'file image media category datei bild kategorie fichier catégorie archivo imagen categoría immagine categoria ficheiro ' +
    'imagem arquivo bestand afbeelding categorie plik grafika kategoria файл изображение категория ファイル 画像 カテゴリ ' +
    '文件 图像 分类 檔案 圖像 分類 파일 그림 분류 fil kategori tiedosto luokka dosya'
  ).split(' '),
);
/** A link to the same article in another language: [[de:Sonne]]. */
const INTERLANGUAGE = /^[a-z]{2,3}(?:-[a-z]+)*:/;

type Span = readonly [start: number, end: number];

/**
 * Pairs of brackets, outermost ones only; what is unbalanced has no pair.
 * @param tokens matches every opening and closing bracket
 * @param closes the opening bracket that a closing one belongs to
 */
function outermostPairs(text: string, tokens: RegExp, closes: Readonly<Record<string, string>>): Span[] {
  const open: { bracket: string; start: number }[] = [];
  const depthByBracket = new Map<string, number>();
  const pairs: Span[] = [];
  for (const match of text.matchAll(tokens)) {
    const bracket = match[0].trimStart();
    const opening = closes[bracket];
    if (opening === undefined) {
      open.push({ bracket, start: match.index + match[0].length - bracket.length });
      depthByBracket.set(bracket, (depthByBracket.get(bracket) ?? 0) + 1);
      continue;
    }
    if ((depthByBracket.get(opening) ?? 0) === 0) continue;
    // Whatever was opened inside and not closed is ignored.
    let start = 0;
    for (let top = open.pop(); top !== undefined; top = open.pop()) {
      depthByBracket.set(top.bracket, (depthByBracket.get(top.bracket) ?? 1) - 1);
      start = top.start;
      if (top.bracket === opening) break;
    }
    while (pairs.length > 0 && pairs.at(-1)![0] >= start) pairs.pop();
    pairs.push([start, match.index + match[0].length]);
  }
  return pairs;
}

function replaceSpans(text: string, spans: readonly Span[], replace: (content: string) => string): string {
  let result = '';
  let end = 0;
  for (const [start, spanEnd] of spans) {
    result += text.slice(end, start) + replace(text.slice(start + 2, spanEnd - 2));
    end = spanEnd;
  }
  return result + text.slice(end);
}

/** Templates that only dress a text keep it; measures keep number and unit; all others are boxes, notes and formatting. */
function expandTemplate(content: string, depth: number): string {
  const [first = '', ...parameters] = content.split('|').map((part) => part.trim());
  const name = first.toLowerCase().replaceAll('_', ' ');
  const positional = parameters.filter((parameter) => !/^[\w -]+=/.test(parameter));
  if (name === 'convert' || name === 'cvt') return positional.slice(0, 2).join(' ');
  const shown =
    name === 'lang' || name === 'transl'
      ? positional.at(-1)
      : /^(?:nowrap|nobr|small|big|em|strong|smallcaps|sc|abbr|quote|blockquote|cquote|okina|angbr)$/.test(name)
        ? positional[0]
        : undefined;
  return shown === undefined ? '' : dropTemplates(shown, depth + 1);
}

const DEEPEST_TEMPLATE = 10;

function dropTemplates(text: string, depth = 0): string {
  const pairs = outermostPairs(text, /\{\{|\}\}|(?:^|\n)[ :]*\{\||\n\|\}(?!\})/g, { '}}': '{{', '|}': '{|' });
  const isTable = (content: string): boolean => content.startsWith('\n') || /^[^{}|]*\n\s*[|!]/.test(content);
  const reduced = replaceSpans(text, pairs, (content) => {
    if (depth >= DEEPEST_TEMPLATE || isTable(content)) return '';
    return expandTemplate(content, depth);
  });
  return reduced.replace(/\{\{+|\}\}+/g, '');
}

/** The text that a link shows. */
function linkText(content: string): string {
  const bar = content.indexOf('|');
  const target = (bar < 0 ? content : content.slice(0, bar)).trim();
  if (target.startsWith(':')) return bar < 0 ? target.slice(1) : content.slice(bar + 1);
  const colon = target.indexOf(':');
  if (colon > 0 && SILENT_NAMESPACES.has(target.slice(0, colon).trim().toLowerCase())) return '';
  if (bar < 0) return INTERLANGUAGE.test(target) ? '' : target;
  const label = content.slice(bar + 1);
  // The pipe trick, [[Paris (Texas)|]], shows the target without what is in parentheses.
  return label === '' ? target.replace(/\s*\([^()]*\)$/, '').replace(/^[^:]*:/, '') : label;
}

/** Links inside links (in captions of pictures) go with the outer one, or are reduced in its label. */
function reduceLinks(text: string, depth = 0): string {
  if (!text.includes('[[')) return text;
  const pairs = outermostPairs(text, /\[\[|\]\]/g, { ']]': '[[' });
  return replaceSpans(text, pairs, (content) => {
    const shown = linkText(content);
    return depth < DEEPEST_TEMPLATE ? reduceLinks(shown, depth + 1) : shown;
  });
}

/** Headings are marked with as many U+E002 as their level; list marks and rules go. */
function reduceLine(line: string): string {
  const text = line.trim();
  if (text.startsWith('=') && text.endsWith('=')) {
    let level = 0;
    while (level < 6 && level * 2 + 2 < text.length && text[level] === '=' && text.at(-1 - level) === '=') level += 1;
    if (level > 0) return `\n${'\ue002'.repeat(level)}${text.slice(level, -level).trim()}\n`;
  }
  return /^-{4,}$/.test(text) ? '' : text.replace(/^[*#:;]+\s*/, '');
}

/** Headings are kept if text follows, or a deeper heading that is kept. */
function dropEmptySections(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let hasText = false;
  let nextLevel = 0;
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index]!;
    const level = /^\ue002*/.exec(line)?.[0].length ?? 0;
    if (level === 0) {
      hasText ||= line !== '';
      kept.push(line);
      continue;
    }
    if (hasText || nextLevel > level) {
      kept.push(line.slice(level));
      nextLevel = level;
    }
    hasText = false;
  }
  return kept.reverse();
}

/**
 * Comments and the elements whose content is not prose are removed; the content of `nowiki`, which is not markup, is put
 * aside and a mark with its number left in its place.
 */
function dropElements(text: string, literal: string[]): string {
  const neverClosed = new Set<string>();
  let result = '';
  let end = 0;
  for (const match of text.matchAll(OPENING)) {
    const start = match.index;
    if (start < end) continue;
    const [opening] = match;
    if (opening.endsWith('/>')) {
      result += text.slice(end, start);
      end = start + opening.length;
      continue;
    }
    const name = match[1]?.toLowerCase() ?? (opening === '<!--' ? '--' : 'nowiki');
    if (neverClosed.has(name)) continue;
    const closing = new RegExp(name === '--' ? '-->' : `</${name}\\s*>`, 'gi');
    closing.lastIndex = start + opening.length;
    const close = closing.exec(text);
    if (close === null) {
      neverClosed.add(name); // looked for once: many of them must not cost a search each
      continue;
    }
    result += text.slice(end, start);
    if (name === 'nowiki') {
      literal.push(text.slice(start + opening.length, close.index));
      result += `\ue000${literal.length - 1}\ue001`;
    }
    end = closing.lastIndex;
  }
  return result + text.slice(end);
}

/** Plain text of an article: paragraphs and headings, with blank lines between them. */
export function reduceWikitext(markup: string): string {
  const literal: string[] = [];
  // The marks used here are characters for private use, which mean nothing in an article.
  let text = dropElements(markup.replaceAll('\r\n', '\n').replace(/[\ue000-\ue002]/g, ''), literal);
  text = reduceLinks(dropTemplates(`\n${text}`));
  text = text.replace(/\[(?:(?:https?|ftp|mailto|news|irc):|\/\/)[^\s[\]]*(?:\s+([^\][]*))?\]/g, '$1');
  text = text.replace(/'{2,5}/g, '').replace(/__[A-Z]+__/g, '');
  text = text.replace(LINE_BREAK, '\n').replace(TAG, '');
  // What was taken out may have brought brackets together. A blank in their place cannot do so again.
  text = text.replace(/\{\{+|\}\}+/g, ' ').replace(/\[\[([^[\]]*)\]\]/g, ' $1 ');
  const lines = text.split('\n').map(reduceLine).join('\n').split('\n');
  text = decodeEntities(dropEmptySections(lines).join('\n'));
  text = text.replace(/\ue000(\d+)\ue001/g, (_, index: string) => decodeEntities(literal[Number(index)] ?? ''));
  return tidy(text);
}

/** Mends the holes that templates leave: empty parentheses, blanks before commas, runs of blank lines. */
function tidy(text: string): string {
  return text
    .replace(/[([]\s*(?:[,;:]\s*)*[)\]]/g, '')
    .replace(/([([])\s*(?:[,;:]\s*)+/g, '$1')
    .replace(/[,;]\s*(?=[,;](?:\s|$))/gm, '')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ +([,.;:!?)\]])(?=\s|$)/gm, '$1')
    .replace(/^ +| +$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
