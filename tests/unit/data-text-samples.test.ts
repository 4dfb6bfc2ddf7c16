import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brownPassages, brownWithoutPassages } from '../../src/main/data/samples/brown-passages.ts';
import { brownTexts, joinTaggedTokens } from '../../src/main/data/samples/brown.ts';
import { decodeEncodedWords, htmlToText, readMail } from '../../src/main/data/samples/mail.ts';
import { readingEase, readingEasePassages, syllablesOf } from '../../src/main/data/samples/reading-ease.ts';
import { cleanMail, spamAssassinMails } from '../../src/main/data/samples/spam-assassin.ts';
import { writeSampleTexts } from '../../src/main/data/samples/text-sample.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

describe('the Brown corpus', () => {
  it('is written as it would stand on a page', () => {
    const tagged =
      "``/`` I/ppss saw/vbd your/pp$ 1/2/cd fire/nn ''/'' ,/, she/pps said/vbd (/( really/rb )/) ./.\nWhy/wrb ?/. ?/.";
    expect(joinTaggedTokens(tagged)).toBe('"I saw your 1/2 fire", she said (really). Why?');
    expect(joinTaggedTokens("'/' Yes/rb '/' ,/, he/pps said/vbd")).toBe("'Yes', he said");
  });

  it('has 500 texts in 15 genres, without tags', () => {
    const genres = new Map<string, number>();
    for (const { label, text } of brownTexts()) {
      genres.set(label, (genres.get(label) ?? 0) + 1);
      expect(text.length).toBeGreaterThan(5000);
      expect(text).not.toMatch(/\/(?:nn|at|jj|vbd)\b|``|''/);
    }
    expect(genres.size).toBe(15);
    expect([...genres.values()].reduce((sum, count) => sum + count, 0)).toBe(500);
    expect(genres.get('learned')).toBe(80);
  });
});

describe('reading ease', () => {
  it('is that of Flesch', () => {
    // 206.835 − 1.015 · words a sentence − 84.6 · syllables a word.
    expect(readingEase('The cat sat on the mat.')).toBeCloseTo(206.835 - 1.015 * 6 - 84.6, 10);
    expect(readingEase('Stop! He reads a table (aloud).')).toBeCloseTo(206.835 - 1.015 * 3 - (84.6 * 8) / 6, 10);
    expect(readingEase('1961 — ?')).toBeUndefined();
    expect(['the', 'make', 'table', 'reading', 'Notwithstanding', 'I'].map(syllablesOf)).toEqual([1, 1, 2, 2, 4, 1]);
  });

  it('differs between the passages of the Brown corpus', () => {
    const numbers = Array.from(readingEasePassages(), ({ label }) => Number(label));
    expect(numbers.length).toBeGreaterThan(1500);
    expect(numbers.every(Number.isFinite)).toBe(true);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    expect(mean).toBeGreaterThan(40); // standard prose is said to have 60 to 70
    expect(mean).toBeLessThan(75);
  });
});

describe('passages of the Brown corpus', () => {
  const passages = [...brownPassages()];

  it('are of documents that are not read without labels', () => {
    const labelled = new Set(passages.map(({ document }) => document));
    const others = [...brownWithoutPassages()].map(({ name }) => name);
    expect(others.filter((name) => labelled.has(name))).toEqual([]);
    expect(labelled.size + others.length).toBe(500);
  });

  it('are of five groups, ten of each document, and no two alike', () => {
    const counts = Map.groupBy(passages, ({ label }) => label);
    expect([...counts.keys()].sort()).toEqual(['essays', 'fiction', 'learned', 'lore', 'press']);
    for (const own of counts.values()) expect(own.length).toBeGreaterThan(250);
    expect(new Set(passages.map(({ name }) => name)).size).toBe(passages.length);
    expect(new Set(passages.map(({ text }) => text)).size).toBe(passages.length);
  });

  it('are whole sentences in a row of their document, of enough words', () => {
    const documents = new Map([...brownTexts()].map(({ name, text }) => [name, text.replaceAll(/\s+/g, ' ')]));
    for (const { text, document } of passages) {
      const whole = documents.get(document!)!;
      const start = whole.indexOf(text);
      expect(start).toBeGreaterThanOrEqual(0);
      expect(whole.slice(0, start)).toMatch(/^$|[.?!]["')]* $/);
      expect(text).toMatch(/[.?!]["')]*$/);
      expect(text.split(' ').length).toBeGreaterThanOrEqual(36);
    }
  });
});

describe('mail', () => {
  it('is read through encodings, character sets and parts', () => {
    const mail = [
      'From someone@example.org Thu Aug 22 12:36:23 2002',
      'Subject: =?ISO-8859-1?Q?Caf=E9?= =?utf-8?B?w7xi?=',
      ' er alles',
      'Content-Type: multipart/mixed; boundary="out er"',
      '',
      'not shown',
      '--out er',
      'Content-Type: multipart/alternative; boundary=inner',
      '',
      '--inner',
      'Content-Type: text/html',
      '',
      '<p>html</p>',
      '--inner',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'gr=FCn und lan=',
      'g',
      '--inner--',
      '--out er',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from('zweiter Teil').toString('base64'),
      '--out er',
      'Content-Type: image/png',
      '',
      'iVBORw0KGgo=',
      '--out er--',
    ].join('\r\n');
    const { subject, body } = readMail(mail);
    expect(subject).toBe('Caféüb er alles');
    expect(body.split(/\s*\n\s*/)).toEqual(['grün und lang', 'zweiter Teil']);
    expect(decodeEncodedWords('=?x-nothing?Q?a_b?=')).toBe('a b');
  });

  it('in HTML becomes what a browser shows', () => {
    const html =
      '<html><head><title>T</title><style>p{}</style></head><body><p>One&nbsp;&amp;\ntwo</p><!-- x --><td>a</td><td>b</td><a href="u">c</a>';
    expect(
      htmlToText(html)
        .split(/\s*\n\s*/)
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    ).toEqual(['One & two', 'a b c']);
    expect(readMail('Subject: x\n\n<html><body><b>Buy</b><br>now</body></html>').body.trim()).toBe('Buy\nnow');
  });

  it('survives missing headers and boundaries', () => {
    expect(readMail('no headers here\n\nbody').body).toContain('body');
    expect(readMail('Content-Type: multipart/mixed\n\nbody').body).toContain('body');
    expect(readMail('')).toEqual({ subject: '', body: '' });
  });
});

describe('the SpamAssassin mails', () => {
  it('lose what gives the label away', () => {
    const mail = [
      'Subject: Re: [ILUG] Drivers',
      'X-Spam-Status: No',
      '',
      'On Thu, 22 Aug 2002, Someone wrote:',
      '> which one?',
      'Try the new one, ask me@linux.ie or zzzz@spamassassin.taint.org.',
      '-- ',
      'My signature',
      '_______________________________________________',
      'ILUG mailing list',
    ].join('\n');
    const text = cleanMail(mail);
    expect(text.startsWith('Re: Drivers\n')).toBe(true);
    expect(text).toContain('Try the new one');
    expect(text).toContain('> which one?');
    for (const trace of ['ILUG', 'wrote:', 'linux.ie', 'taint', 'zzzz', 'signature', 'Spam-Status', '____']) {
      expect(text).not.toContain(trace);
    }
  });

  it('come one at a time with group and label, and can be written for the importer', async () => {
    const mails = spamAssassinMails(['spam-1']);
    const first = Array.from({ length: 20 }, () => mails.next()).flatMap((step) =>
      step.done === true ? [] : [step.value],
    );
    expect(first).toHaveLength(20);
    for (const { group, label, text } of first) {
      expect([group, label]).toEqual(['spam-1', 'spam']);
      expect(text).not.toMatch(/^(?:Received|Return-Path|X-Mailer):/m);
    }
    const path = join(temporaryFolder(), 'mails.jsonl');
    expect(await writeSampleTexts(first, path)).toBe(20);
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines[0]).toEqual({ text: first[0]!.text, label: 'spam', name: first[0]!.name });
  });
});
