// Encodings: what a sample is guessed to be, and files in other encodings read as if they were UTF-8. Bytes come from Node's own
// encoders, or from tables of the encodings' standards.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { guessEncoding, toUtf8 } from '../../src/main/data/reading/encoding.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import type { TextEncoding } from '../../src/shared/spec/manifests/text-corpus.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

const french = 'Très déçu : le café était froid, l’hôtel bruyant.';

function utf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

async function decoded(bytes: Buffer, encoding?: TextEncoding, chunk = bytes.length): Promise<string> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let start = 0; start < bytes.length; start += chunk) {
      yield await Promise.resolve(bytes.subarray(start, start + chunk));
    }
  }
  const parts: Buffer[] = [];
  for await (const part of toUtf8(pieces(), encoding)) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

describe('the guess', () => {
  it.each<[string, Buffer, TextEncoding | null]>([
    ['ASCII', Buffer.from('plain'), 'utf-8'],
    ['UTF-8', Buffer.from(french), 'utf-8'],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${french}`), 'utf-8'],
    ['one damaged letter among good ones', Buffer.concat([Buffer.from(french), Buffer.from([0xe9, 0x20])]), 'utf-8'],
    ['ISO 8859-1', Buffer.from('Très déçu par le café', 'latin1'), 'windows-1252'],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${french}`, 'utf16le'), 'utf-16le'],
    ['UTF-16 with a mark, big endian', utf16be(`\ufeff${french}`), 'utf-16be'],
    ['UTF-16 without a mark', Buffer.from(french, 'utf16le'), 'utf-16le'],
    ['UTF-16 without a mark, big endian', utf16be(french), 'utf-16be'],
    // これはペン, "this is a pen", by the tables of JIS X 0208.
    ['Shift JIS', Buffer.from('82b182ea82cd83798393', 'hex'), 'shift_jis'],
    ['Shift JIS, cut in a letter', Buffer.from('82b182ea82cd8379', 'hex'), 'shift_jis'],
    ['EUC-JP', Buffer.from('a4b3a4eca4cfa5daa5f3', 'hex'), 'euc-jp'],
    ['German in windows-1252', Buffer.from('Käse, Öl und süße Äpfel für Jürgen', 'latin1'), 'windows-1252'],
    ['zeros', Buffer.alloc(100), null],
    ['a PNG file', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), null],
    ['random bytes', Buffer.from(Array.from({ length: 400 }, (_, index) => ((index * 7919) % 251) + 1)), null],
    ['nothing', Buffer.alloc(0), 'utf-8'],
  ])('of %s', (_name, sample, expected) => {
    expect(guessEncoding(sample, true)).toBe(expected);
  });

  it('is not disturbed by a letter that the end of a sample cuts', () => {
    const bytes = Buffer.from('caf\u00e9 \u{1f600}');
    for (let length = 1; length <= bytes.length; length += 1) {
      expect(guessEncoding(bytes.subarray(0, length), false), `${length} bytes`).toBe('utf-8');
    }
    expect(guessEncoding(bytes.subarray(0, 4), true)).toBe('windows-1252'); // nothing follows: half a letter is none
  });
});

describe('a stream in another encoding', () => {
  it.each([1, 2, 3, 7, 1000])('becomes UTF-8 in chunks of %i bytes', async (chunk) => {
    const text = 'a\u00e9\u{1f600}漢\n';
    if (chunk > 1) expect(await decoded(Buffer.from(`\ufeff${text}`, 'utf16le'), undefined, chunk)).toBe(text);
    expect(await decoded(Buffer.from(text, 'utf16le'), 'utf-16le', chunk)).toBe(text);
    expect(await decoded(utf16be(text), 'utf-16be', chunk)).toBe(text);
    expect(await decoded(Buffer.from(text), undefined, chunk)).toBe(text);
  });

  it('follows the tables of the standards', async () => {
    expect(await decoded(Buffer.from([0x80, 0xe9, 0x9f]), 'windows-1252')).toBe('€éŸ');
    expect(await decoded(Buffer.from([0xcf, 0xf0, 0xe8]), 'windows-1251')).toBe('При');
    expect(await decoded(Buffer.from([0x93, 0xfa, 0x96, 0x7b]), 'shift_jis', 1)).toBe('日本');
  });
});

describe('an import', () => {
  it.each<[string, TextEncoding | undefined, (text: string) => Buffer]>([
    ['latin.csv', 'windows-1252', (text) => Buffer.from(text, 'latin1')],
    ['wide.csv', undefined, (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['wide.csv.gz', undefined, (text) => gzipSync(utf16be(`\ufeff${text}`))],
  ])('reads %s', async (name, encoding, write) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'source'));
    const file = join(folder, 'source', name);
    writeFileSync(file, write('text;label\r\n"Très déçu; froid";négatif\r\nBon café;positif\r\n'));
    const destination = join(folder, 'dataset');
    const manifest = await importTextDataset({ sources: [file], folder: destination, name: 'avis', encoding });
    expect(manifest.classes.map(({ name: label }) => label)).toEqual(['négatif', 'positif']);
    expect(manifest.options.encoding).toBe(encoding);
    expect(manifest.report.skipped.total).toBe(0);
    const dataset = openTextDataset(destination);
    onTestFinished(() => {
      dataset.close();
    });
    expect([0, 1].map((index) => dataset.text(index))).toEqual(['Très déçu; froid', 'Bon café']);
  });

  it('guesses, and says so; where an encoding is named, what is not in it is reported with the one that would read it', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'latin.csv');
    writeFileSync(file, Buffer.from('text,label\ncaf\xe9,a\ntea,b\nmilk,c\n', 'latin1'));
    const job = { sources: [file], name: 'drinks' };
    const guessed = await importTextDataset({ ...job, folder: join(folder, 'guessed') });
    expect(guessed.examples).toBe(3);
    expect(guessed.report.readAs).toMatchObject([{ format: 'csv', encoding: 'windows-1252', guessed: true }]);
    const named = await importTextDataset({ ...job, folder: join(folder, 'named'), encoding: 'utf-8' });
    expect(named.examples).toBe(2);
    expect(named.report.skipped.listed).toMatchObject([
      { line: 2, reason: 'invalid-utf8', message: expect.stringContaining('as windows-1252 it reads “café,a”') },
    ]);
  });
});
