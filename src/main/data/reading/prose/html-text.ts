/** What a reader sees of a web page: its text, block by block, without scripts, styles and what stands in its head. */
import { Parser } from 'htmlparser2';

/** Elements whose content is no text of the page. */
const HIDDEN = new Set([
  'script',
  'style',
  'template',
  'noscript',
  'head',
  'svg',
  'math',
  'iframe',
  'object',
  'select',
]);
/** Elements that stand on lines of their own. */
const BLOCKS = new Set(
  (
    'address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure footer ' +
    'form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol p pre section summary table tbody tfoot thead tr ul'
  ).split(' '),
);
/** Blocks with an empty line around them. */
const PARAGRAPHS = new Set('article blockquote dl figure h1 h2 h3 h4 h5 h6 hr ol p pre section table ul'.split(' '));
const CELLS = new Set(['td', 'th']);

/** Gathers lines; white space counts as browsers count it. */
class PageText {
  private text = '';
  private hidden = 0;
  private verbatim = 0;

  open(name: string): void {
    if (HIDDEN.has(name)) this.hidden += 1;
    if (name === 'pre') this.verbatim += 1;
    this.separate(name);
  }

  close(name: string): void {
    if (HIDDEN.has(name)) this.hidden -= 1;
    if (name === 'pre') this.verbatim -= 1;
    if (CELLS.has(name)) this.text += ' ';
    else this.separate(name);
  }

  add(text: string): void {
    if (this.hidden > 0) return;
    if (this.verbatim > 0) this.text += text;
    else {
      const folded = text.replace(/[ \t\n\r\f]+/gu, ' ');
      this.text += /(?:^|\s)$/u.test(this.text.slice(-1)) ? folded.trimStart() : folded;
    }
  }

  result(): string {
    return this.text
      .replace(/[ \t\u00a0]+\n/gu, '\n')
      .replace(/\n{3,}/gu, '\n\n')
      .trim();
  }

  private separate(name: string): void {
    if (this.hidden > 0 || !BLOCKS.has(name)) return;
    this.text += PARAGRAPHS.has(name) ? '\n\n' : '\n';
  }
}

export function htmlToText(html: string): string {
  const page = new PageText();
  const parser = new Parser({
    onopentagname: (name) => {
      page.open(name);
    },
    onclosetag: (name) => {
      // A break is one line end, not one where it begins and one where it ends.
      if (name !== 'br' && name !== 'hr') page.close(name);
    },
    ontext: (text) => {
      page.add(text);
    },
  });
  parser.end(html);
  return page.result();
}
