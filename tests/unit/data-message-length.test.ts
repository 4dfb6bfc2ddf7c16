/** No message has more than 200 characters of somebody's data in it, whatever reader it comes from. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromArrays, tableToIPC } from '@uwdata/flechette';
import { describe, expect, it } from 'vitest';
import { importAudioDataset } from '../../src/main/data/audio/import-audio.ts';
import { importImageDataset } from '../../src/main/data/images/import.ts';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import { tableSource } from '../../src/main/data/images/table-source.ts';
import { tarSource } from '../../src/main/data/images/tar-source.ts';
import { zipSource } from '../../src/main/data/images/zip-source.ts';
import { importTextCorpus } from '../../src/main/data/text/import-corpus.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import { excerpt, quotedList, shortMessage } from '../../src/shared/excerpt.ts';
import { isLabError } from '../../src/shared/errors.ts';
import { zipArchive } from './data-images-fixtures.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

/** Words that no message of ours has. */
const LONG = 'zq'.repeat(4000);
const row = (...fields: string[]): string => fields.join(',');

/** Everything that an import of a file says: its report, or why it failed. */
async function messagesOf(name: string, content: string | Uint8Array, options: object = {}): Promise<string[]> {
  const root = temporaryFolder();
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  const sources = [name.includes('/') ? root : path];
  const messages: string[] = [];
  const attempt = async (work: () => Promise<{ readonly report?: unknown }>): Promise<void> => {
    try {
      messages.push(...linesOf((await work()).report));
    } catch (error) {
      if (!isLabError(error)) throw error;
      messages.push(error.message);
    }
  };
  const place = (): string => join(temporaryFolder(), 'made');
  await attempt(() => importTextDataset({ sources, folder: place(), name: 'x', ...options }));
  await attempt(() => importTextCorpus({ sources, folder: place(), name: 'x', threads: 0 }));
  if (/\.(?:csv|jsonl|parquet|arrow)$/.test(name)) {
    const table = { labelColumn: 'label', ...options };
    await attempt(() => importImageDataset({ source: tableSource(path, table), destination: place(), name: 'x' }));
    await attempt(() => importAudioDataset({ sources, destination: place(), name: 'x', table }));
  }
  if (/\.(?:png|wav)$/.test(name)) {
    const pictures = folderSource(root, { classFolders: true });
    await attempt(() => importImageDataset({ source: pictures, destination: place(), name: 'x' }));
    await attempt(() => importAudioDataset({ sources: [root], destination: place(), name: 'x' }));
  }
  return messages;
}

function linesOf(report: unknown): string[] {
  const { skipped, notes } = report as { skipped: { listed: object[] }; notes: { listed: object[] } }; // as reports are
  return [...skipped.listed, ...notes.listed].map((entry) => Object.values(entry).join(' '));
}

const cases: Readonly<Record<string, readonly [string, string, object?]>> = {
  'names of columns': ['a.csv', `${row(LONG, `${LONG}2`)}\na,b\n`],
  'many columns': ['a.csv', `${Array.from({ length: 500 }, (_, index) => `zq${index}`).join(',')}\n`],
  'columns of one name': ['a.csv', `${Array.from({ length: 500 }, () => 'text').join(',')}\n`],
  'a quote that is never closed': ['a.csv', `text,label\n"${LONG},a\nb,c\nd,e\n`],
  'rows with other fields': ['a.csv', `text,label\n${row(LONG, LONG, LONG)}\na,b\nc,d\n`],
  'one class': ['a.csv', `text,label\na,${LONG}\nb,${LONG}\n`],
  'rare classes': [
    'a.csv',
    `text,label\n${Array.from({ length: 60 }, (_, index) => `t${index},${LONG}${index}`).join('\n')}`,
  ],
  'sides of a split': ['a.csv', `text,label,split\na,b,${LONG}\nc,d,train\ne,b,train\n`, { splitColumn: 'split' }],
  paths: ['a.csv', `path,label\n${LONG}.png,a\n../${LONG}.png,b\n/${LONG},b\n`],
  'lines that are not JSON': [
    'a.jsonl',
    `{"text":"a","label":"b"}\n${LONG}\n{"text":"c",${LONG}}\n{"text":"d","label":"e"}\n`,
  ],
  'records in records': ['a.jsonl', `{"text":{"${LONG}":1},"label":{"a":1}}\n{"text":"a","label":{"${LONG}":1}}\n`],
  'keys of records': ['a.jsonl', `{"${LONG}":1}\n`],
  'names of sequences': ['a.fa', `>${LONG}\nAC1\n>b\nAC\n`],
  'names of reads': ['a.fq', `@${LONG}\nAC1\n+\nIII\n@${LONG}\nAC\n+\n${LONG}\n`],
  'names of records': ['a.gb', `LOCUS ${LONG} 1 bp\nORIGIN\n 1 ac%t\n//\n`],
  'sequences that are none': ['b.fa', LONG],
  'subjects of mail': [
    'c/a.eml',
    `From: ${LONG}\nSubject: ${LONG}\nContent-Type: multipart/mixed; boundary="${LONG}"\n\n--${LONG}\n`,
  ],
  'senders of a mailbox': ['c/a.mbox', `From ${LONG}\nSubject: ${LONG}\n\nFrom ${LONG}\n\n\n`],
  'cues of subtitles': ['c/a.srt', `1\n00:00:01,000 --> ${LONG}\n`],
  'subtitles for the web': ['c/a.vtt', `WEBVTT ${LONG}\n\n${LONG} --> ${LONG}\n`],
  'names of elements': ['c/a.html', `<${LONG} ${LONG}="${LONG}">`],
  'names of entities': ['c/b.xml', `<!DOCTYPE a [<!ENTITY ${LONG} "x">]><a>&${LONG};</a>`],
  'names of cells': ['c/b.ipynb', `{"cells":[{"cell_type":"${LONG}","source":{"${LONG}":1}}]}`],
  'titles of a dump': ['c/x-pages-articles.xml', `<mediawiki><page><title>${LONG}</title><revision><text>${LONG}`],
  'names of files': [`c/${'zq'.repeat(110)}/a.png`, LONG],
  'names of recordings': [`c/${'zq'.repeat(110)}.wav`, LONG],
  'groups and sides': [
    'b.csv',
    `text,label,g,split\n${row('a', 'x', LONG, 'train')}\n${row('b', 'y', LONG, 'test')}\n`,
    { groupColumn: 'g', splitColumn: 'split' },
  ],
  elements: ['c/a.xml', `<a><${LONG}>x</a>`],
  notebooks: ['c/a.ipynb', `{"cells": "${LONG}"}`],
  'bytes that are not UTF-8': ['a.txt', `\ufffd\ud800${LONG}`],
};

describe('a message about data', () => {
  it.each(Object.entries(cases))('is short with long %s', async (_, [name, content, options]) => {
    const messages = await messagesOf(name, content, options);
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) {
      expect((message.match(/(?:zq)+\d*/g) ?? []).join('').length, message).toBeLessThan(200);
    }
  });

  it('is short with Parquet and Arrow', async () => {
    const path = join(temporaryFolder(), 'a.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT 'a' AS "${LONG}", [1] AS label, {'${LONG}': 2} AS text) TO '${path}' (FORMAT parquet)`,
    );
    connection.closeSync();
    const { readFileSync } = await import('node:fs');
    const arrow = tableToIPC(tableFromArrays({ [LONG]: ['a'] }), { format: 'stream' });
    const found = [
      ...(await messagesOf('a.parquet', readFileSync(path))),
      ...(await messagesOf('b.parquet', readFileSync(path), { textColumn: LONG })),
      ...(await messagesOf('a.arrow', arrow ?? '')),
    ];
    expect(found.length).toBeGreaterThan(5);
    for (const message of found) expect((message.match(/(?:zq)+/g) ?? []).join('').length, message).toBeLessThan(200);
  });
});

describe('a message about files with parts', () => {
  const archive = (parts: Readonly<Record<string, string>>): Buffer =>
    zipArchive(Object.entries(parts).map(([name, content]) => ({ name, content: Buffer.from(content) })));
  const messagesOfImages = async (name: string, content: Uint8Array): Promise<string[]> => {
    const root = temporaryFolder();
    const path = join(root, name);
    writeFileSync(path, content);
    const messages: string[] = [];
    for (const source of [zipSource(path, { classFolders: true }), tarSource(path, { labelled: true })]) {
      try {
        const destination = join(temporaryFolder(), 'made');
        messages.push(...linesOf((await importImageDataset({ source, destination, name: 'x' })).report));
      } catch (error) {
        if (!isLabError(error)) throw error;
        messages.push(error.message);
      }
    }
    return messages;
  };

  it('is short with workbooks', async () => {
    const sheet = (rows: string): Uint8Array =>
      archive({
        '[Content_Types].xml': '<Types/>',
        'xl/workbook.xml': `<workbook><sheets><sheet name="${LONG}" r:id="rId1"/></sheets></workbook>`,
        'xl/_rels/workbook.xml.rels':
          '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${rows}</sheetData></worksheet>`,
      });
    const cell = (place: string, text: string): string => `<c r="${place}" t="inlineStr"><is><t>${text}</t></is></c>`;
    const found = [
      ...(await messagesOf('a.xlsx', sheet(`<row r="1">${cell('A1', LONG)}${cell('B1', `${LONG}2`)}</row>`))),
      ...(await messagesOf('a.xlsx', sheet(`<row r="1">${cell('A1', 'text')}${cell(LONG, LONG)}</row><${LONG}>`))),
      ...(await messagesOf('a.xlsx', Buffer.from(LONG))),
      ...(await messagesOf('a.xlsx', archive({ [`${'zq'.repeat(300)}.xml`]: LONG }))),
    ];
    expect(found.length).toBeGreaterThan(4);
    for (const message of found) expect((message.match(/(?:zq)+/g) ?? []).join('').length, message).toBeLessThan(200);
  });

  it('is short with archives of pictures', async () => {
    const name = `a/${'zq'.repeat(300)}.png`;
    const found = [
      ...(await messagesOfImages('a.zip', archive({ [name]: LONG }))),
      ...(await messagesOfImages('a.tar', Buffer.from(LONG))),
    ];
    expect(found.length).toBeGreaterThan(2);
    for (const message of found) expect((message.match(/(?:zq)+/g) ?? []).join('').length, message).toBeLessThan(200);
  });
});

describe('an excerpt', () => {
  it('is one line, well-formed, and says that it goes on', () => {
    expect(excerpt('  a\n\tb\0c  ')).toBe('a b c');
    expect(excerpt('abcdef', 3)).toBe('abc…');
    expect(excerpt('abc', 3)).toBe('abc');
    expect(excerpt('😀😀', 3).isWellFormed()).toBe(true);
    expect(excerpt(`a${' '.repeat(10_000)}b`)).toBe('a…');
    expect(shortMessage('x'.repeat(500))).toHaveLength(401);
  });

  it('of a list has the names that there is room for', () => {
    expect(quotedList(['a', 'b'])).toBe('“a”, “b”');
    expect(quotedList([])).toBe('');
    const many = quotedList(Array.from({ length: 1000 }, (_, index) => `name${index}`));
    expect(many).toMatch(/^“name0”, .* and \d+ more$/);
    expect(many.length).toBeLessThan(200);
  });
});
