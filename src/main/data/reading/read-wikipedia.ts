/**
 * Articles of a Wikipedia dump (`pages-articles.xml`): pages of namespace 0 that are not redirects, as plain text that begins
 * with the title. The XML is parsed as it streams by; one page at a time is in memory.
 */
import { SaxesParser } from 'saxes';
import { messageOf } from '../../../shared/errors.ts';
import { SkipFile } from '../import/skip-file.ts';
import type { SkippedDocument, TextDocument } from './document.ts';
import { readBytes, type ByteSource } from './read-bytes.ts';
import { reduceWikitext } from './wikitext.ts';

const MAXIMUM_ARTICLE_CHARACTERS = 4_000_000;

interface Page {
  title: string;
  namespace: string;
  text: string;
  isRedirect: boolean;
}

/** Collects pages from the parser's events. */
class PageCollector {
  readonly pages: Page[] = [];
  depth = 0;
  private readonly open: string[] = [];
  private page: Page | undefined;

  start(name: string): void {
    this.open.push(name);
    if (name === 'page') this.page = { title: '', namespace: '', text: '', isRedirect: false };
    else if (name === 'redirect' && this.page !== undefined) this.page.isRedirect = true;
  }

  text(text: string): void {
    const { page } = this;
    if (page === undefined) return;
    const element = this.open.at(-1);
    if (element === 'title') page.title += text;
    else if (element === 'ns') page.namespace += text;
    else if (element === 'text' && page.text.length < MAXIMUM_ARTICLE_CHARACTERS) page.text += text;
  }

  end(name: string): void {
    this.open.pop();
    if (name !== 'page' || this.page === undefined) return;
    this.pages.push(this.page);
    this.page = undefined;
  }
}

/**
 * @param onNotArticle called for every redirect and every page outside the article namespace
 * @throws SkipFile `damaged` if the XML is not well-formed or holds no page
 */
export async function* readWikipedia(
  source: ByteSource,
  onNotArticle: () => void,
): AsyncGenerator<(TextDocument | SkippedDocument)[]> {
  const collector = new PageCollector();
  const parser = new SaxesParser();
  let failure: { readonly error: Error; readonly line: number } | undefined;
  parser.on('opentag', ({ name }) => collector.start(name));
  parser.on('closetag', ({ name }) => collector.end(name));
  parser.on('text', (text) => collector.text(text));
  parser.on('cdata', (text) => collector.text(text));
  parser.on('error', (error) => {
    failure ??= { error, line: parser.line }; // a parser that is closed begins to count again
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let pages = 0;
  const check = (): void => {
    if (failure !== undefined) {
      const { error, line } = failure;
      throw new SkipFile('damaged', `is not a well-formed dump: ${error.message}`, line, error);
    }
  };
  const decode = (bytes?: Buffer): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (error) {
      throw new SkipFile('invalid-utf8', `holds bytes that are not UTF-8: ${messageOf(error)}`, parser.line, error);
    }
  };
  for await (const bytes of readBytes(source)) {
    parser.write(decode(bytes));
    const articles: TextDocument[] = [];
    for (const page of collector.pages.splice(0)) {
      pages += 1;
      const isArticle = page.namespace.trim() === '0' && !page.isRedirect;
      if (!isArticle) {
        onNotArticle();
        continue;
      }
      const text = reduceWikitext(page.text);
      articles.push({ text: text === '' ? '' : `${page.title}\n\n${text}`, line: null, isPart: false });
    }
    yield articles;
    check();
  }
  parser.write(decode());
  parser.close();
  check();
  if (pages === 0) throw new SkipFile('damaged', 'holds no page of a Wikipedia dump');
}
