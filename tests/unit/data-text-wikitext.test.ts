import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntities } from '../../src/main/data/reading/html-entities.ts';
import { reduceWikitext } from '../../src/main/data/reading/wikitext.ts';

describe('wikitext', () => {
  it.each([
    ['bold and italics', "'''Anna''' is ''very'' '''''well'''''", 'Anna is very well'],
    [
      'links',
      '[[Sun]], [[Sun|star]], [[star]]s, [[Sun#Core|core]], [[:Category:Stars]]',
      'Sun, star, stars, core, Category:Stars',
    ],
    ['the pipe trick', '[[Paris (Texas)|]]', 'Paris'],
    ['pictures with links in their captions', 'a [[File:X.jpg|thumb|A [[cat]] and [[dog|dogs]]]] b', 'a b'],
    ['pictures and categories of other languages', '[[Datei:X.png|mini]]x[[Kategorie:Y]][[Файл:z.jpg]]', 'x'],
    ['links to other languages', 'x\n[[de:Sonne]]\n[[zh-min-nan:Li]]', 'x'],
    ['external links', '[https://example.org the site] and [http://x.y/z] and [//a.b c]', 'the site and and c'],
    ['nested templates', 'a{{Infobox|x={{y|{{z}}}}|w=[[v]]}}b', 'ab'],
    [
      'templates that only dress text',
      '{{lang|fr|Anne}} ran {{convert|5|km|mi}}, {{nowrap|10 m}}',
      'Anne ran 5 km, 10 m',
    ],
    ['tables, nested', 'a\n{| class="x"\n! h\n|-\n| 1 || {{t}}\n{|\n| inner\n|}\n|}\nb', 'a\n\nb'],
    ['notes', 'a<ref name="x">Some {{cite}}</ref><ref name=y />, b<ref>z</ref>.', 'a, b.'],
    ['comments and code', 'a<!-- b -->c<math>x^2</math><syntaxhighlight lang="c">int x;</syntaxhighlight>', 'ac'],
    ['literal text', "<nowiki>''not [[markup]]''</nowiki> &amp; &lt;b&gt;", "''not [[markup]]'' & <b>"],
    ['tags and line breaks', 'x<sup>2</sup><br />y<span style="a">z</span>', 'x2\nyz'],
    ['lists and rules', '* one\n** two\n# three\n: four\n; five\n----\nsix', 'one\ntwo\nthree\nfour\nfive\n\nsix'],
    [
      'what templates leave in parentheses',
      'Anna ({{IPA|x}}; {{lang|fr|Anne}}, born 1900) ({{x}})',
      'Anna (Anne, born 1900)',
    ],
    [
      'headings, without empty sections',
      '== A ==\n=== B ===\n== C ==\ntext\n=== D ===\nmore\n== References ==\n{{reflist}}',
      'C\n\ntext\n\nD\n\nmore',
    ],
    ['unbalanced brackets', 'a {{b [[c]] {| d ]] }', 'a b c {| d ]] }'],
    ['magic words', '__NOTOC__x', 'x'],
  ])('%s', (_, markup, text) => {
    expect(reduceWikitext(markup)).toBe(text);
  });

  it('never fails, and leaves no template or link whose brackets are balanced', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '[[',
      ']]',
      '{|',
      '|}',
      '\n',
      '|',
      '==',
      "''",
      '<ref>',
      '</ref>',
      '<!--',
      '-->',
      'a',
      'File:',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = reduceWikitext(pieces.join(''));
        expect(text).not.toMatch(/\{\{|\}\}|\[\[[^[\]]*\]\]/);
      }),
      {
        numRuns: 500,
        examples: [[['|}', '[[', '|}', ']]']], [['}', '<ref>', '</ref>', '}']], [['[', "''", '[', 'a', ']]']]],
      },
    );
  });
});

describe('character references', () => {
  it('are decoded by number and by name', () => {
    expect(decodeEntities('&lt;&#65;&#x42;&eacute;&Omega;&mdash;&hellip;&euro;')).toBe('<AB' + 'éΩ—…€');
    expect(decodeEntities('a&nbsp;b&shy;c')).toBe('a bc');
  });

  it('of Windows-1252 mean what browsers show', () => {
    expect(decodeEntities('&#146;&#151;')).toBe('’—');
  });

  it('stay as they are if they are none', () => {
    for (const text of ['AT&T', '?a=1&copy=2', '&nosuchname;', '&#0;', '&#xD800;', '&;']) {
      expect(decodeEntities(text)).toBe(text);
    }
  });
});
