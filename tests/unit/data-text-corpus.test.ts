import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it, describe } from 'vitest';
import { openTextCorpus, type TextCorpus } from '../../src/main/data/text/corpus.ts';
import {
  importTextCorpus,
  type CorpusImportProgress,
  type ImportTextCorpusOptions,
} from '../../src/main/data/text/import-corpus.ts';
import { createSentenceSplitter } from '../../src/main/data/text/sentences.ts';
import { prose, temporaryFolder } from './data-text-fixtures.ts';

const SMALL = { vocabularySize: 300, minimumFrequency: 1 };

async function importFrom(
  sources: string[],
  options: Partial<ImportTextCorpusOptions> = {},
): Promise<{ corpus: TextCorpus; folder: string; texts: string[] }> {
  const folder = join(temporaryFolder(), 'corpus');
  await importTextCorpus({ sources, folder, name: 'Test', tokenizer: SMALL, ...options });
  const corpus = openTextCorpus(folder);
  const texts = Array.from({ length: corpus.documentCount }, (_, document) =>
    corpus.tokenizer.decode(corpus.documentTokens(document)),
  );
  return { corpus, folder, texts };
}

function writeFiles(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

describe('an imported corpus', () => {
  const paragraphs = Array.from({ length: 30 }, (_, seed) => prose(1 + (seed % 7), seed));

  it('gives every sentence of every document back, over the borders of shards', async () => {
    const source = writeFiles({ 'all.txt': paragraphs.join('\n\n') });
    const { corpus } = await importFrom([source], { documents: 'blank-line', tokensPerShard: 100 });
    const { tokenizer, manifest } = corpus;
    expect(manifest.shards.length).toBe(Math.ceil(corpus.tokenCount / 100));
    expect(corpus.documentCount).toBe(paragraphs.length);
    const split = createSentenceSplitter('en');
    let offset = 0;
    for (const [document, text] of paragraphs.entries()) {
      const { first, end } = corpus.documentSentences(document);
      const sentences = split(text);
      expect(end - first).toBe(sentences.length);
      for (const [index, sentence] of sentences.entries()) {
        const expected = tokenizer.encode(sentence);
        expect(corpus.sentenceTokens(first + index)).toEqual(expected);
        expect(corpus.sentenceLength(first + index)).toBe(expected.length);
        expect(corpus.sentenceDocument(first + index)).toBe(document);
        expect(corpus.tokens(offset, expected.length)).toEqual(expected);
        offset += expected.length;
      }
    }
    expect(offset).toBe(corpus.tokenCount);
    expect(() => corpus.tokens(corpus.tokenCount, 1)).toThrow(RangeError);
    expect(() => corpus.sentenceTokens(corpus.sentenceCount)).toThrow(RangeError);
    corpus.close();
  });

  it('stores 32-bit ids when the vocabulary is larger than 65,536', async () => {
    const trained = await importFrom([writeFiles({ 'a.txt': paragraphs.join('\n') })]);
    const json = readFileSync(join(trained.folder, 'tokenizer.json'), 'utf8');
    const far = json.replace('"lighthouse":', '"never":').replace(/"vocab":\{/, '"vocab":{"lighthouse":70000,');
    const tokenizer = join(temporaryFolder(), 'tokenizer.json');
    writeFileSync(tokenizer, far);
    const { corpus, texts } = await importFrom([writeFiles({ 'a.txt': 'The old lighthouse.' })], {
      tokenizer: { file: tokenizer },
    });
    expect(corpus.manifest.tokenBytes).toBe(4);
    expect(corpus.tokenizer.vocabularySize).toBe(70_001);
    expect([...corpus.tokens(0, corpus.tokenCount)]).toContain(70_000);
    expect(texts).toEqual(['the old lighthouse.']);
  });

  it('is the same with any number of threads, and again', async () => {
    const source = writeFiles({ 'a.txt': paragraphs.join('\n'), 'b.txt': prose(3000, 99) });
    const read = (folder: string): Buffer[] =>
      ['tokens-00000.bin', 'sentences.bin', 'documents.bin', 'tokenizer.json'].map((file) =>
        readFileSync(join(folder, file)),
      );
    const [first, second] = [await importFrom([source], { threads: 0 }), await importFrom([source], { threads: 2 })];
    expect(read(second.folder)).toEqual(read(first.folder));
    expect(second.corpus.manifest.contentHash).toBe(first.corpus.manifest.contentHash);
  });

  it('reports progress that never falls and ends at its total in every phase', async () => {
    const events: CorpusImportProgress[] = [];
    await importFrom([writeFiles({ 'a.txt': prose(40_000, 1) })], { onProgress: (progress) => events.push(progress) });
    const phases = [...new Set(events.map(({ phase }) => phase))];
    expect(phases).toEqual(['reading', 'counting words', 'learning the vocabulary', 'encoding']);
    for (const phase of phases) {
      const done = events.filter((event) => event.phase === phase);
      expect(done.map((event) => event.done)).toEqual(done.map((event) => event.done).sort((a, b) => a - b));
      const last = done.at(-1)!;
      expect(last.done).toBe(last.total);
    }
  });

  it('trains the tokenizer on a sample spread over the corpus', async () => {
    const source = writeFiles({ 'a.txt': `${prose(2000, 5).replaceAll('. ', '.\n')}\nzebra zebra zebra zebra` });
    const settings = { documents: 'line', tokenizer: { ...SMALL, sampleBytes: 5000 } } as const;
    const { corpus } = await importFrom([source], settings);
    expect(corpus.tokenizer.id('lighthouse')).toBeDefined();
    expect(corpus.tokenizer.id('zebra')).toBeUndefined();
  });
});

describe('sources', () => {
  const words = ['alpha', 'beta', 'gamma'];

  it('are read in every format and compression', async () => {
    const jsonl = words.map((text) => JSON.stringify({ id: 1, text })).join('\n');
    const csv = `id;text\n1;alpha\n2;"be;ta\n""two"""\n3;gamma\n`;
    const folder = writeFiles({
      'a.jsonl': jsonl,
      'b.jsonl.gz': gzipSync(jsonl),
      'c.jsonl.zst': zstdCompressSync(jsonl),
      'd.csv': csv,
      'e.tsv.gz': gzipSync('text\tid\nalpha\t1\n"beta" ""\t2\n'),
      'f.md': '# alpha\n\nbeta\n',
      'g.txt.gz': gzipSync('\ufeffgamma\r\nalpha'),
    });
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const parquet = join(folder, "h[1] o'clock.parquet");
    await connection.run(
      `COPY (SELECT * FROM (VALUES ('alpha'), (NULL), ('gamma')) AS t(text)) TO '${parquet.replaceAll("'", "''")}'`,
    );
    connection.closeSync();
    instance.closeSync();
    const textsOf = async (name: string): Promise<string[]> => (await importFrom([join(folder, name)])).texts;
    expect(await textsOf('a.jsonl')).toEqual(words);
    expect(await textsOf('b.jsonl.gz')).toEqual(words);
    expect(await textsOf('c.jsonl.zst')).toEqual(words);
    expect(await textsOf('d.csv')).toEqual(['alpha', 'be ; ta " two "', 'gamma']);
    expect(await textsOf('e.tsv.gz')).toEqual(['alpha', '" beta " " "']);
    expect(await textsOf('f.md')).toEqual(['# alpha beta']);
    expect(await textsOf('g.txt.gz')).toEqual(['gamma alpha']);
    expect(await textsOf("h[1] o'clock.parquet")).toEqual(['alpha', 'gamma']);
  });

  it('in folders are found at any depth, sorted, by globs, without hidden and unknown files', async () => {
    const folder = writeFiles({
      'b/two.txt': 'two',
      'a.txt': 'one',
      'b/c/three.md': 'three',
      'b/skip/four.txt': 'four',
      '.hidden/five.txt': 'five',
      'picture.png': 'six',
      'notes.rst': 'seven',
    });
    const all = await importFrom([folder]);
    expect(all.texts).toEqual(['one', 'three', 'four', 'two']);
    expect(all.corpus.manifest.report.ignored).toEqual({ png: 1, rst: 1, '(hidden)': 1 });
    const some = await importFrom([folder], { include: ['**/*.txt', '*.rst'], exclude: ['b/skip'] });
    expect(some.texts).toEqual(['one', 'two', 'seven']);
  });

  it('are cut into documents by file, paragraph or line', async () => {
    const file = join(writeFiles({ 'a.txt': 'one\ntwo\n\n\nthree\n' }), 'a.txt');
    expect((await importFrom([file])).texts).toEqual(['one two three']);
    expect((await importFrom([file], { documents: 'blank-line' })).texts).toEqual(['one two', 'three']);
    expect((await importFrom([file], { documents: 'line' })).texts).toEqual(['one', 'two', 'three']);
  });

  it('may hold documents of any length, which are divided', async () => {
    const file = join(writeFiles({ 'a.txt': 'word '.repeat(1_800_000) }), 'a.txt');
    const { corpus } = await importFrom([file]);
    expect(corpus.manifest.report.divided).toBeGreaterThan(1);
    expect(corpus.tokenCount).toBeGreaterThanOrEqual(1_800_000 / 4);
  });

  it('of a Wikipedia dump give the articles, also compressed by bzip2', async () => {
    const page = (title: string, namespace: number, text: string, more = ''): string =>
      `<page><title>${title}</title><ns>${namespace}</ns>${more}<revision><text xml:space="preserve">${text}</text></revision></page>`;
    const xml = `<mediawiki>${page('Sun', 0, "The '''Sun''' is a [[star]].&lt;ref&gt;Note&lt;/ref&gt;")}${page('Talk:Sun', 1, 'chatter')}${page('Sol', 0, '#REDIRECT [[Sun]]', '<redirect title="Sun" />')}</mediawiki>`;
    const folder = writeFiles({ 'x-pages-articles.xml': xml });
    const { texts, corpus } = await importFrom([folder]);
    expect(texts).toEqual(['sun the sun is a star.']);
    expect(corpus.manifest.report.notArticles).toBe(2);
    // The first page alone, compressed by bzip2 1.0.8.
    const compressed = Buffer.from(
      'QlpoOTFBWSZTWeZfPj4AABCfgEGBwA0AAQwKJ+/fwCAAdQlU00DJoaBo0ekaBKmFMiZqeo0NpNPSMnalrsx5Me5KZzhNIddwSiD3qQyxaNWR3YePSRjs6S5FzhpFce1KQYFRYbkDpBCZAfMaPFDC23BwK0T8rUX4jXWENtKicnfLDBEvOSpMQ/i7kinChIcy+fHw',
      'base64',
    );
    expect((await importFrom([writeFiles({ 'x-pages-articles.xml.bz2': compressed })])).texts).toEqual(texts);
    const broken = importFrom([writeFiles({ 'x-pages-articles.xml.bz2': compressed.subarray(0, 120) })]);
    await expect(broken).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('cannot be decompressed: unexpected end of file'),
    });
  });

  it('of a Wikipedia dump that breaks off give the articles before, and the line where it does', async () => {
    const page = '<page>\n<title>Sun</title>\n<ns>0</ns>\n<revision><text>A star.</text></revision>\n</page>\n';
    const { texts, corpus } = await importFrom([
      writeFiles({ 'x-pages-articles.xml': `<mediawiki>\n${page}<page>\n<title>Mo` }),
    ]);
    expect(texts).toEqual(['sun a star.']);
    expect(corpus.manifest.report.skipped.total).toBe(0);
    expect(corpus.manifest.report.notes.listed).toMatchObject([
      { line: 8, message: expect.stringContaining('the one document before that was used') },
    ]);
  });
});

describe('what cannot be used', () => {
  it('is a character that a file breaks off in, and not the file', async () => {
    const bytes = Buffer.from('ผู้หญิงอยู่');
    for (const cut of [1, 2]) {
      const { corpus, texts } = await importFrom([writeFiles({ 'a.txt': bytes.subarray(0, bytes.length - cut) })]);
      expect(corpus.manifest.documents).toBe(1);
      expect(corpus.manifest.report.skipped.total).toBe(0);
      expect(corpus.manifest.report.notes.listed.map(({ message }) => message)).toContain(
        'ends in the middle of a character, which was left out',
      );
      expect(texts).toHaveLength(1);
    }
  });

  it('is named with its reason and place, and the rest is imported', async () => {
    const folder = writeFiles({
      'binary.txt': Buffer.from([1, 2, 0, 4]),
      'empty.txt': '',
      'blank.txt': ' \n \n',
      'good.txt': 'good',
      'latin.txt': Buffer.from('caf\xe9', 'latin1'),
      'half.txt': Buffer.concat([Buffer.from('été '), Buffer.from([0xe9])]),
      'utf16.txt': Buffer.from('\ufeffwide', 'utf16le'),
      'rows.jsonl': '{"text":"fine"}\nnot json\n[1]\n\n{"other":1}\n{"text":null}\n',
      'other.csv': 'a,b\n1,2\n',
    });
    const { corpus, texts } = await importFrom([folder]);
    expect(texts.sort()).toEqual(['cafe', 'fine', 'good', 'wide']);
    const listed = corpus.manifest.report.skipped.listed.map(({ path, line, reason }) => [
      path.slice(folder.length + 1),
      line,
      reason,
    ]);
    expect(listed.sort()).toEqual([
      ['binary.txt', null, 'binary'],
      ['blank.txt', 1, 'empty'],
      ['empty.txt', null, 'empty'],
      ['half.txt', 1, 'invalid-utf8'],
      ['other.csv', null, 'missing-column'],
      ['rows.jsonl', 2, 'malformed'],
      ['rows.jsonl', 3, 'malformed'],
      ['rows.jsonl', 5, 'missing-column'],
      ['rows.jsonl', 6, 'empty'],
    ]);
    expect(corpus.manifest.report.skipped.total).toBe(9);
  });

  it.each([
    ['PK\x03\x04\x14\0', /ZIP archive.*Unpack.*or import it as images/],
    ['\x89PNG\r\n\x1a\n\0', /image.*as images/],
    ['\xff\xd8\xff\xe0\0', /image.*as images/],
    ['RIFF\x24\0\0\0WAVEfmt ', /recording.*as audio/],
    ['%PDF-1.7\n\0', /PDF document/],
    ['\x7fELF\0', /a binary file, not text$/],
  ])('says what a file is that is no text: %j', async (beginning, message) => {
    const folder = writeFiles({ 'taken-for.txt': Buffer.from(beginning, 'latin1') });
    await expect(importFrom([folder])).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(message),
    });
  });

  it('costs one line, not the file, when lines are documents', async () => {
    const bad = Buffer.concat([Buffer.from('üüne\n'), Buffer.from([0xff, 0x0a]), Buffer.from('three')]);
    const { corpus, texts } = await importFrom([writeFiles({ 'a.txt': bad })], { documents: 'line' });
    expect(texts).toEqual(['uune', 'three']);
    expect(corpus.manifest.report.skipped.listed).toMatchObject([{ line: 2, reason: 'invalid-utf8' }]);
  });

  it('of a compressed text that breaks off is what came before, with a note', async () => {
    const whole = prose(2000, 3);
    const bytes = gzipSync(whole);
    const { corpus } = await importFrom([writeFiles({ 'a.txt.gz': bytes.subarray(0, bytes.length * 0.7) })]);
    const { textBytes, report } = corpus.manifest;
    expect(textBytes).toBeGreaterThan(whole.length * 0.3);
    expect(report.skipped.total).toBe(0);
    expect(report.notes.listed).toMatchObject([
      { message: expect.stringMatching(/^cannot be decompressed: .*the one document before that was used$/) },
    ]);
  });

  it('is listed up to a hundred times, and counted', async () => {
    const lines = [...Array.from({ length: 150 }, () => '{'), '{"text":"x"}'].join('\n');
    const { report } = (await importFrom([writeFiles({ 'a.jsonl': lines })])).corpus.manifest;
    expect(report.skipped).toMatchObject({ total: 150, byReason: { malformed: 150 } });
    expect(report.skipped.listed).toHaveLength(100);
  });

  it('are duplicates: the same text but for white space and composition of accents', async () => {
    const folder = writeFiles({ 'a.txt': 'the  café', 'b.txt': 'the cafe\u0301\n', 'c.txt': 'The café' });
    const { corpus } = await importFrom([folder]);
    expect(corpus.documentCount).toBe(2);
    expect(corpus.manifest.report.duplicates).toEqual({ total: 1, listed: [{ path: join(folder, 'b.txt'), line: 1 }] });
  });
});

describe('an import that fails', () => {
  const attempt = async (options: Partial<ImportTextCorpusOptions>): Promise<{ error: unknown; left: string[] }> => {
    const parent = temporaryFolder();
    const source = writeFiles({ 'a.txt': prose(5000, 1), 'empty/e.txt': '', 't.csv': 'x,y\n1,2\n' });
    const sources = (options.sources ?? ['a.txt']).map((path) => join(source, path));
    const error: unknown = await importTextCorpus({
      folder: join(parent, 'corpus'),
      name: 'x',
      tokenizer: SMALL,
      ...options,
      sources,
    }).catch((reason: unknown) => reason);
    return { error, left: readdirSync(parent) };
  };

  it('says why and leaves nothing behind', async () => {
    expect(await attempt({ sources: ['nowhere'] })).toMatchObject({ error: { code: 'not-found' }, left: [] });
    expect(await attempt({ sources: ['empty'] })).toMatchObject({
      error: { code: 'bad-input', message: expect.stringContaining('e.txt') },
      left: [],
    });
    expect(await attempt({ sources: ['t.csv'] })).toMatchObject({
      error: { code: 'bad-input', message: expect.stringMatching(/no column “text”; it has “x”, “y”/) },
      left: [],
    });
    expect(await attempt({ language: 'not a language' })).toMatchObject({ error: { code: 'bad-spec' }, left: [] });
    expect(await attempt({ tokenizer: { file: '/nowhere.json' } })).toMatchObject({
      error: { code: 'not-found' },
      left: [],
    });
    expect(await attempt({ tokenizer: { vocabularySize: 1 } })).toMatchObject({
      error: {
        code: 'bad-spec',
        message: "The tokenizer's options are not valid: vocabularySize: should be at least 16, not 1.",
      },
      left: [],
    });
  });

  it.each(['reading', 'learning the vocabulary', 'encoding'])(
    'because it was stopped while %s leaves nothing',
    async (phase) => {
      const controller = new AbortController();
      const onProgress = (progress: CorpusImportProgress): void => {
        if (progress.phase === phase) controller.abort();
      };
      expect(await attempt({ signal: controller.signal, onProgress })).toMatchObject({
        error: { code: 'aborted' },
        left: [],
      });
    },
  );

  it('because the name is taken leaves what is there', async () => {
    const { folder } = await importFrom([writeFiles({ 'a.txt': 'one' })]);
    const again = importTextCorpus({ sources: [writeFiles({ 'a.txt': 'two' })], folder, name: 'x', tokenizer: SMALL });
    await expect(again).rejects.toMatchObject({ code: 'conflict' });
    expect(openTextCorpus(folder).manifest.name).toBe('Test');
  });
});

describe('opening', () => {
  it('refuses what is missing, newer, damaged or something else', async () => {
    const { folder } = await importFrom([writeFiles({ 'a.txt': prose(30, 1) })]);
    const path = join(folder, 'manifest.json');
    const manifest = readFileSync(path, 'utf8');
    const attempt = (change: (text: string) => string): unknown => {
      writeFileSync(path, change(manifest));
      try {
        const corpus = openTextCorpus(folder);
        return corpus.tokens(0, corpus.tokenCount);
      } catch (error) {
        return error;
      }
    };
    expect(attempt((text) => text.replace('"formatVersion": 1', '"formatVersion": 2'))).toMatchObject({
      code: 'format-version',
    });
    expect(attempt((text) => text.replace('text-corpus', 'image-corpus'))).toMatchObject({ code: 'bad-input' });
    expect(attempt((text) => text.slice(0, 50))).toMatchObject({ code: 'corrupt' });
    expect(attempt((text) => text.replace(/"tokens": (\d+)/g, '"tokens": 9$1'))).toMatchObject({ code: 'corrupt' });
    expect(existsSync(join(folder, 'documents.tmp'))).toBe(false);
    expect(() => openTextCorpus(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});
