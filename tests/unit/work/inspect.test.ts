// The look into files before an import: what is suggested for them, and that nothing is where nothing can be imported.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectSources } from '../../../src/main/work/inspect.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import type { WorkContext } from '../../../src/main/work/work-context.ts';
import type { LabelFormat } from '../../../src/shared/spec/label-format.ts';
import { importRequest } from '../../../src/shared/contract/materials.ts';
import { tone, wavFile } from '../audio-fixtures.ts';
import { zipArchive } from '../data-images-fixtures.ts';

describe('a look into files', () => {
  let folder: string;
  let context: WorkContext;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pretext-inspect-'));
    const workspace = await openWorkspace(join(folder, 'workspace'));
    context = { workspace, signal: new AbortController().signal, progress: () => undefined };
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  let made = 0;

  /** Writes files into a new folder and looks at it, or at one of them. */
  async function look(
    files: Readonly<Record<string, string | Uint8Array>>,
    at = '',
    {
      encoding,
      header = true,
      ...asked
    }: {
      readonly encoding?: 'windows-1251';
      readonly header?: boolean;
      readonly labels?: LabelFormat['kind'];
      readonly labelColumn?: string;
    } = {},
  ) {
    const root = join(folder, `case-${(made += 1)}`);
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), content);
    }
    const input = {
      paths: [join(root, at)],
      rows: 3,
      pictures: 4,
      header,
      ...(encoding !== undefined && { encoding }),
      ...asked,
    };
    const answer = await inspectSources(context, input);
    if (answer.suggestion) expect(importRequest.safeParse(answer.suggestion).error).toBeUndefined();
    return answer;
  }

  const png = (red: number) =>
    sharp({ create: { width: 8, height: 6, channels: 3, background: { r: red, g: 0, b: 0 } } })
      .png()
      .toBuffer();
  const wav = () => wavFile([tone(440, 0.25, 8000)], 8000, { bits: 16 });

  it('counts the classes of sequences by their headers, and tells which of them would be left out', async () => {
    const fasta = '>a label=x\nACGT\n>b label=y\nAC1T\n>c label=y\nACGG\n>d\n>e label=x\nAC\n>f label=y\nTT\n';
    const found = await look({ 'a.fa': fasta }, 'a.fa');
    expect(found.suggestion?.kind).toBe('text-dataset');
    expect(found.text?.classes).toEqual([
      { name: 'x', count: 2 },
      { name: 'y', count: 2 },
    ]);
    expect(found.text?.problems).toEqual([
      { line: 4, message: 'the sequence “b” holds “1”, which is not a symbol of a sequence' },
      { line: 7, message: 'the sequence “d” has no symbols' },
    ]);
  });

  it('goes by what labels are said to be: rows may have none of several, and numbers are looked at', async () => {
    const csv = 'text,label\none house,war;drama\ntwo houses,\nthree houses,war\nfour houses,12 kg\n';
    const problemsOf = async (labels: LabelFormat['kind']) => {
      const { table } = await look({ 'a.csv': csv }, 'a.csv', { labels, labelColumn: 'label' });
      return [table?.problems.map(({ line }) => line), table?.notes.length];
    };
    expect(await problemsOf('classes')).toEqual([[3], 2]);
    expect(await problemsOf('several')).toEqual([[], 0]);
    expect(await problemsOf('numbers')).toEqual([[2, 3, 4, 5], 0]);
    const lists = '{"text":"one house","topics":["war"]}\n{"text":"two houses","topics":["war","art"]}\n';
    const { table } = await look({ 'a.jsonl': lists }, 'a.jsonl', { labels: 'several', labelColumn: 'topics' });
    expect(table?.problems).toEqual([]);
    expect(table?.rows.map(([, topics]) => topics)).toEqual(['["war"]', '["war","art"]']);
  });

  it('tells which rows a labelled set would leave out, and what is odd about its classes', async () => {
    const rows = ['{"text":"one","label":"a"}', '{"text":"two","label":null}', '{"text":"three","label":{"x":1}}'];
    const more = Array.from({ length: 8 }, (_, at) => `{"text":"a text with number ${at}","label":"${'ab'[at % 2]}"}`);
    const found = await look({ 'a.jsonl': [...rows, ...more, '{"text":" ","label":"a"}'].join('\n') }, 'a.jsonl');
    expect(found.table?.problems).toEqual([
      { line: 2, message: 'has no label' },
      { line: 3, message: 'has more than a value in “label”, such as “label.x”' },
      { line: 12, message: 'has no text' },
    ]);
    const numbers = Array.from({ length: 12 }, (_, at) => `a text with number ${at},${(at * 1.37).toFixed(2)}`);
    const quantities = await look({ 'b.csv': `text,label\n${numbers.join('\n')}\n` }, 'b.csv');
    expect(quantities.table?.notes.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('12 different numbers are labels of 12 examples'),
    );
  });

  it('goes on after recordings and mail that cannot be read, and says why a document is refused', async () => {
    const sounds = await look({ 'a/1.wav': wav(), 'a/2.wav': 'no sound', 'b/3.wav': wav(), 'b/4.wav': wav() });
    expect(sounds.suggestion?.kind).toBe('audio-dataset');
    expect(sounds.sounds?.recordings.map(({ path }) => path)).toEqual(['a/1.wav', 'b/3.wav', 'b/4.wav']);
    const rtf = await look({ 'a.rtf': '{\\rtf1 hello}' }, 'a.rtf');
    expect(rtf.suggestion).toBeNull();
    expect(rtf.problems[0]).toContain('is an RTF document, not text. Save it as plain text');
    const html = await look({ 'a.ipynb': '{"cells": 1}' }, 'a.ipynb');
    expect(html.suggestion).toBeNull();
    expect(html.problems).toHaveLength(1);
  });

  it('guesses the encoding of a table, and takes that of a person', async () => {
    const table = `text;label\n${'Ça va bien;gut\nTrès mal;schlecht\n'.repeat(4)}`;
    const latin = await look({ 'reviews.csv': Buffer.from(table, 'latin1') }, 'reviews.csv');
    expect(latin.table).toMatchObject({ encoding: 'windows-1252', delimiter: ';', read: 8, problems: [] });
    expect(latin.table?.rows[0]).toEqual(['Ça va bien', 'gut']);
    expect(latin.suggestion).toMatchObject({ kind: 'text-dataset', encoding: 'windows-1252', labelColumn: 'label' });
    const wide = await look({ 'reviews.csv': Buffer.from(`\ufeff${table}`, 'utf16le') }, 'reviews.csv');
    expect(wide.table).toMatchObject({ encoding: 'utf-16le', read: 8 });
    const chosen = await look({ 'reviews.csv': Buffer.from(table, 'latin1') }, 'reviews.csv', {
      encoding: 'windows-1251',
    });
    expect(chosen.table?.rows[0]?.[0]).toBe('Зa va bien');
  });

  it('notices a first row that is data, and reads it as data when told so', async () => {
    const rows = [
      'I love this film,good',
      'I hate this film,bad',
      'a warm story,good',
      'a cold story,bad',
      'so dull,bad',
    ];
    const files = { 'reviews.csv': rows.join('\n') };
    const taken = await look(files, 'reviews.csv');
    expect(taken.table).toMatchObject({ header: true, read: 4, headerDoubt: '“good” occurs below as well, once' });
    const told = await look(files, 'reviews.csv', { header: false });
    expect(told.table).toMatchObject({ header: false, read: 5, headerDoubt: null });
    expect(told.table?.rows[0]).toEqual(['I love this film', 'good']);
    expect(told.suggestion).toMatchObject({ kind: 'text-corpus', header: false });
    const named = await look({ 'named.csv': `text,label\n${rows.join('\n')}` }, 'named.csv');
    expect(named.table).toMatchObject({ header: true, headerDoubt: null });
    expect(named.suggestion).not.toHaveProperty('header');
    const lines = await look({ 'rows.jsonl': '{"text":"a","label":"b"}\n' }, 'rows.jsonl');
    expect(lines.table).toMatchObject({ header: null, headerDoubt: null });
  });

  it('suggests symbols for FASTA, which has no words', async () => {
    const plain = await look({ 'genes/a.fasta': '>one\nACGT\n>two\nTTGA\n' }, 'genes');
    expect(plain.suggestion).toMatchObject({ kind: 'text-corpus', tokenizer: { kind: 'characters' } });
  });

  it('suggests a labelled set for texts in a few folders', async () => {
    const files = Object.fromEntries(
      ['ham', 'spam'].flatMap((label) => [1, 2, 3].map((number) => [`mail/${label}/${number}.txt`, `text ${number}`])),
    );
    const found = await look(files, 'mail');
    expect(found.suggestion?.kind).toBe('text-dataset');
    expect(found.text?.classes).toEqual([
      { name: 'ham', count: 3 },
      { name: 'spam', count: 3 },
    ]);
  });

  it('takes the sides of a split for no classes', async () => {
    const files = Object.fromEntries(
      ['train', 'test'].flatMap((side) => [1, 2, 3].map((n) => [`s/${side}/${n}.txt`, 'x'])),
    );
    expect((await look(files, 's')).suggestion?.kind).toBe('text-corpus');
  });

  it('finds texts whose names do not say so, and counts what would be passed over', async () => {
    const brown = await look(
      { 'brown/ca01': 'The jury said', 'brown/ca02': 'it did', 'brown/cats.txt': 'ca01 news' },
      'brown',
    );
    expect(brown.suggestion).toMatchObject({ kind: 'text-corpus', include: ['**/!(*.*)'] });
    expect(brown.text?.beginning).toBe('The jury said');
    expect(brown.files).toMatchObject({ total: 3, ignored: 1 });
    const logs = await look(
      { 'logs/a.log': 'one', 'logs/b.log': 'two', 'logs/c.bin': Buffer.from([0, 1, 0, 0]) },
      'logs',
    );
    expect(logs.suggestion).toMatchObject({ include: ['**/*.log'] });
  });

  it('takes images for images, although a note lies beside them, and those that a table lists', async () => {
    const folders = await look(
      { 'p/a/1.png': await png(1), 'p/b/2.png': await png(200), 'p/readme.txt': 'hello' },
      'p',
    );
    expect(folders.suggestion?.kind).toBe('image-dataset');
    expect(folders.images?.pictures.map(({ label, width, height }) => [label, width, height])).toEqual([
      ['a', 8, 6],
      ['b', 8, 6],
    ]);
    const listed = await look(
      { '1.png': await png(1), '2.png': await png(200), 'list.csv': 'path,label\n1.png,dark\n2.png,red\n' },
      'list.csv',
    );
    expect(listed.suggestion).toMatchObject({ kind: 'image-dataset', labelColumn: 'label' });
    expect(listed.images?.pictures).toHaveLength(2);
  });

  it('shows images of an archive, evenly chosen, and says what an archive without them needs', async () => {
    const members = await Promise.all(
      Array.from({ length: 9 }, async (_, index) => ({
        name: `set/${index < 6 ? 'dark' : 'red'}/${index}.png`,
        content: await png(20 * index),
      })),
    );
    const note = { name: 'set/readme.txt', content: Buffer.from('hello') };
    const found = await look({ 'set.zip': zipArchive([...members, note]) }, 'set.zip');
    expect(found.suggestion?.kind).toBe('image-dataset');
    expect(found.images?.classes).toEqual([
      { name: 'dark', count: 6 },
      { name: 'red', count: 3 },
    ]);
    expect(found.images?.pictures.map(({ path }) => path)).toEqual([
      'dark/0.png',
      'dark/2.png',
      'dark/4.png',
      'red/6.png',
    ]);
    const texts = await look({ 'texts.zip': zipArchive([note]) }, 'texts.zip');
    expect(texts).toMatchObject({
      suggestion: null,
      problems: [
        'texts.zip holds no images. Text, tables and recordings have to be unpacked first: then import the folder',
      ],
    });
    const broken = { name: 'a.png', content: Buffer.from('no picture') };
    const damaged = await look({ 'broken.zip': zipArchive([broken]) }, 'broken.zip');
    expect(damaged.problems.join()).toMatch(/^broken\.zip holds no image that can be read\./);
  });

  it('takes recordings in folders, or in a table; without labels it says what they need', async () => {
    const folders = await look({ 'w/yes/1.wav': wav(), 'w/no/2.wav': wav() }, 'w');
    expect(folders.suggestion?.kind).toBe('audio-dataset');
    expect(folders.sounds).toMatchObject({ total: 2, recordings: [{ seconds: 0.25, rate: 8000 }, {}] });
    const listed = await look({ 'a.wav': wav(), 'list.tsv': 'path\tlabel\na.wav\tyes\n' }, 'list.tsv');
    expect(listed.suggestion).toMatchObject({ kind: 'audio-dataset', labelColumn: 'label' });
    const bare = await look({ 'r/1.wav': wav() }, 'r');
    expect(bare.suggestion).toBeNull();
    expect(bare.problems.join()).toMatch(/need labels/);
  });

  it.each([
    ['an empty table', 'empty.csv', '', /is empty/],
    ['a table of a header alone', 'bare.csv', 'text,label\n', /no row/],
    ['an empty text', 'empty.txt', '', /empty/],
    ['a binary file that is called text', 'noise.txt', Buffer.from([1, 2, 0, 4]), /binary/],
    ['a damaged image', 'broken.png', Buffer.from('89504e470d0a1a0a', 'hex'), /Nothing here/],
  ])('suggests nothing for %s', async (_name, file, content, reason) => {
    const found = await look({ [file]: content }, file);
    expect(found.suggestion).toBeNull();
    expect(found.problems.join()).toMatch(reason);
  });

  it('finds the column with names of pictures, also where the pictures are somewhere else', async () => {
    const rows = Array.from({ length: 8 }, (_, at) => `/data/photos/${at}.jpg,${at % 2 === 0 ? 'red' : 'blue'}`);
    const found = await look({ 'a.csv': `file,colour\n${rows.join('\n')}\n` }, 'a.csv');
    expect(found.suggestion).toMatchObject({ kind: 'image-dataset', pathColumn: 'file', labelColumn: 'colour' });
    expect(found.images).toEqual({ classes: [], pictures: [] });
    expect(found.problems).toEqual([expect.stringContaining('not beside it: name the folder that holds them')]);
  });

  it('keeps a split that the table brings along', async () => {
    const rows = Array.from(
      { length: 12 },
      (_, at) => `some words number ${at},${at % 2},${at % 3 === 0 ? 'Test' : 'train'}`,
    );
    const found = await look({ 'a.csv': `text,label,part\n${rows.join('\n')}\n` }, 'a.csv');
    expect(found.suggestion).toMatchObject({ kind: 'text-dataset', splitColumn: 'part' });
    expect(found.table?.sides).toEqual({
      labelColumn: 'label',
      splitColumn: 'part',
      classes: [
        { name: '0', training: 4, validation: 0, test: 2 },
        { name: '1', training: 4, validation: 0, test: 2 },
      ],
    });
  });

  it('shows the text of web pages, mail and notebooks, and takes the folders they lie in for classes', async () => {
    const page = await look(
      { 'a.html': '<html><head><title>x</title></head><p>Warm <b>soup</b></p></html>' },
      'a.html',
    );
    expect(page.suggestion?.kind).toBe('text-corpus');
    expect(page.text?.beginning).toBe('Warm soup');
    const mail = Object.fromEntries(
      Array.from({ length: 8 }, (_, at) => [`${at % 2 ? 'ham' : 'spam'}/${at}.eml`, `Subject: mail ${at}\n\nwords\n`]),
    );
    const mails = await look(mail);
    expect(mails.suggestion?.kind).toBe('text-dataset');
    expect(mails.text?.beginning).toBe('mail 1\n\nwords');
    const reads = await look({ 'a.fastq': '@r\nACGT\n+\nIIII\n' }, 'a.fastq');
    expect(reads.suggestion).toMatchObject({ kind: 'text-corpus', tokenizer: { kind: 'characters' } });
  });

  it('finds words with tags, whatever the files are called, and says what is wrong in them', async () => {
    const conll = 'EU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\nran VBD O\nbroken\n\nHe PRP O\nran VBD O\n';
    for (const name of ['train.conll', 'train.txt']) {
      const found = await look({ [name]: conll });
      expect(found.suggestion, name).toMatchObject({ kind: 'text-dataset', labels: { kind: 'tags' } });
      expect(importRequest.safeParse(found.suggestion).success).toBe(true);
      expect(found.tagged).toMatchObject({ sentences: 2, words: 4, complete: true });
      expect(found.tagged?.tags[0]).toEqual({ name: 'O', count: 3 });
      expect(found.tagged?.problems).toEqual([
        { line: 6, message: 'has 1 column, where a word and its tag make from 2 to 10' },
      ]);
      expect([found.table, found.text]).toEqual([null, null]);
    }
    const spans = [
      { text: 'In Rome', spans: [{ start: 3, end: 7, label: 'LOC' }] },
      { text: 'Ann ran', spans: [{ start: 0, end: 30, label: 'PER' }] },
      { text: 'In Paris', spans: [{ start: 3, end: 8, label: 'LOC' }] },
    ];
    const { tagged } = await look({ 'a.jsonl': spans.map((line) => JSON.stringify(line)).join('\n') });
    expect(tagged?.first[0]).toEqual({ words: ['In', 'Rome'], tags: ['O', 'B-LOC'] });
    expect(tagged?.problems).toEqual([{ line: 2, message: 'the span 0 to 30 (PER) is not in the text' }]);
  });

  it('takes no other text or table for words with tags', async () => {
    const prose = 'The old man sees the house.\nIt is near the river.\n\nThe cat sees him.\n';
    expect((await look({ 'story.txt': prose })).tagged).toBeNull();
    expect((await look({ 'list.txt': 'good day\nbad night\n' })).tagged).toBeNull();
    const lines = Array.from({ length: 6 }, (_, index) =>
      JSON.stringify({ text: `text ${index}`, label: 'ab'[index % 2] }),
    );
    const found = await look({ 'a.jsonl': lines.join('\n') });
    expect(found.tagged).toBeNull();
    expect(found.suggestion).toMatchObject({ kind: 'text-dataset', labelColumn: 'label' });
  });
});
