import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { detectDelimiter } from '../../src/main/data/tables/csv-dialect.ts';
import { CsvParser, type CsvFault, type CsvRecord } from '../../src/main/data/tables/csv-parser.ts';
import { openTextDataset, type TextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset, type ImportTextDatasetOptions } from '../../src/main/data/text/import-dataset.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

async function importFrom(
  files: Readonly<Record<string, string | Buffer>>,
  options: Partial<ImportTextDatasetOptions> = {},
): Promise<{ dataset: TextDataset; root: string; folder: string }> {
  const root = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const folder = join(temporaryFolder(), 'dataset');
  const names = Object.keys(files);
  const sources = names.length === 1 && !names[0]!.includes('/') ? [join(root, names[0]!)] : [root];
  await importTextDataset({ sources, folder, name: 'Test', ...options });
  return { dataset: openTextDataset(folder), root, folder };
}

const examplesOf = (dataset: TextDataset): string[][] =>
  Array.from({ length: dataset.size }, (_, index) => [dataset.text(index), dataset.classes[dataset.label(index)]!]);

describe('a labelled dataset', () => {
  it('comes from tables of any kind', async () => {
    const expected = [
      ['good film', 'yes'],
      ['bad, very', 'no'],
    ];
    const csv = 'label,text\nyes,good film\nno,"bad, very"\n';
    const jsonl = '{"text":"good film","label":"yes"}\n{"text":"bad, very","label":"no"}\n';
    expect(examplesOf((await importFrom({ 'a.csv': csv })).dataset)).toEqual(expected);
    expect(examplesOf((await importFrom({ 'a.csv.gz': gzipSync(csv) })).dataset)).toEqual(expected);
    expect(examplesOf((await importFrom({ 'a.jsonl': jsonl })).dataset)).toEqual(expected);
    const tsv = 'sentence\tclass\ngood film\tyes\nbad, very\tno\n';
    const { dataset } = await importFrom({ 'a.tsv': tsv }, { textColumn: 'sentence', labelColumn: 'class' });
    expect(examplesOf(dataset)).toEqual(expected);
    expect(dataset.classes).toEqual(['no', 'yes']);
    expect(dataset.manifest.classes).toEqual([
      { name: 'no', examples: 1 },
      { name: 'yes', examples: 1 },
    ]);
    expect(dataset.textPair(0)).toBeNull();
  });

  it('takes numbers and truth values for labels', async () => {
    const { dataset } = await importFrom({ 'a.jsonl': '{"text":"x","label":1}\n{"text":"y","label":false}\n' });
    expect(examplesOf(dataset)).toEqual([
      ['x', '1'],
      ['y', 'false'],
    ]);
  });

  it('comes from a folder for each class', async () => {
    const { dataset, root } = await importFrom({
      'ham/1.txt': 'hello\nyou',
      'spam/1.txt': 'buy',
      'spam/more/2.txt': 'now',
      'x.txt': 'lost',
      'ham/e.txt': ' ',
    });
    expect(examplesOf(dataset)).toEqual([
      ['hello\nyou', 'ham'],
      ['buy', 'spam'],
      ['now', 'spam'],
    ]);
    expect(dataset.manifest.report.skipped.listed).toMatchObject([
      { path: join(root, 'ham/e.txt'), reason: 'empty' },
      { path: join(root, 'x.txt'), reason: 'missing-label' },
    ]);
  });

  it('has pairs of texts', async () => {
    const csv = 'a,b,label\none,two,same\nthree,,same\nfour,five,other\n';
    const { dataset } = await importFrom({ 'a.csv': csv }, { textColumn: 'a', pairColumn: 'b' });
    expect(dataset.manifest.pairs).toBe(true);
    expect([dataset.text(1), dataset.textPair(1)]).toEqual(['four', 'five']);
    expect(dataset.manifest.report.skipped.listed).toMatchObject([{ line: 3, reason: 'empty' }]);
  });

  it('names every row it rejects by the line it begins on', async () => {
    const csv = [
      'text,label',
      '"one',
      'two",a',
      '',
      'three,b',
      '"bad,quote" x,c',
      'x,y,z',
      ',e',
      'five',
      'nolabel,',
      '"never closed,g',
      'seven,b',
    ].join('\n');
    const { dataset } = await importFrom({ 'a.csv': csv });
    expect(dataset.manifest.report.skipped.listed.map(({ line, reason }) => [line, reason])).toEqual([
      [6, 'malformed'],
      [7, 'malformed'],
      [8, 'empty'],
      [9, 'malformed'],
      [10, 'missing-label'],
      [11, 'malformed'],
    ]);
    expect(examplesOf(dataset)).toEqual([
      ['one\ntwo', 'a'],
      ['three', 'b'],
      ['seven', 'b'],
    ]);
    expect([0, 1, 2].map((index) => dataset.source(index).line)).toEqual([2, 5, 12]);
  });

  it('rejects a record with bytes that are not UTF-8, on the line that has them', async () => {
    const bad = Buffer.concat([
      Buffer.from('text,label\n"é ü\nb'),
      Buffer.from([0xff]),
      Buffer.from('",x\nc,y\nd,z\n'),
    ]);
    const { dataset } = await importFrom({ 'a.csv': bad });
    expect(dataset.manifest.report.skipped.listed).toMatchObject([{ line: 3, reason: 'invalid-utf8' }]);
    expect(examplesOf(dataset)).toEqual([
      ['c', 'y'],
      ['d', 'z'],
    ]);
  });

  it('keeps duplicates in one group and lists those with two labels', async () => {
    const { dataset, root } = await importFrom({ 'a.csv': 'text,label\nx,a\ny,b\nx,a\n x ,b\n' });
    expect([...dataset.groups]).toEqual([0, 1, 0, 0]);
    expect(dataset.manifest.report.duplicates.total).toBe(2);
    const path = join(root, 'a.csv');
    expect(dataset.manifest.conflicts).toEqual({
      total: 1,
      listed: [{ path, line: 5, label: 'b', otherPath: path, otherLine: 2, otherLabel: 'a' }],
    });
  });

  it('has a hash of its content, not of its place', async () => {
    const rows = 'x,a\ny,b\n';
    const hashOf = async (file: string, content: string): Promise<string> =>
      (await importFrom({ [file]: content })).dataset.contentHash;
    const first = await hashOf('a.csv', `text,label\n${rows}`);
    expect(await hashOf('b.csv', `text,label\n${rows}`)).toBe(first);
    expect(await hashOf('a.csv', 'text,label\nx,a\ny,c\n')).not.toBe(first);
  });

  it('is refused with the reason, and leaves nothing behind', async () => {
    const failure = async (files: Record<string, string>, options = {}): Promise<unknown> =>
      importFrom(files, options).catch((error: unknown) => error);
    expect(await failure({ 'a.csv': 'text,class\nx,y\n' })).toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/no column “label”; it has “text”, “class”/),
    });
    expect(await failure({ 'a.csv': 'text,label\nx,y\nz,y\n' })).toMatchObject({
      message: expect.stringContaining('two classes'),
    });
    expect(await failure({ 'a.txt': 'x' })).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('has no labels'),
    });
    expect(await failure({ 'a.csv': 'text,label\n' })).toMatchObject({ code: 'bad-input' });
    expect(await failure({ 'Train/1.txt': 'x', 'test/2.txt': 'y' })).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('“Train”, “test”: these are sides of a split, not classes'),
    });
    const parent = temporaryFolder();
    writeFileSync(join(parent, 'a.csv'), 'text,label\nx,y\n');
    await importTextDataset({ sources: [join(parent, 'a.csv')], folder: join(parent, 'out'), name: 'x' }).catch(
      () => undefined,
    );
    expect(readdirSync(parent)).toEqual(['a.csv']);
  });

  it('that is damaged is not read', async () => {
    const { folder } = await importFrom({ 'a.csv': 'text,label\nx,a\ny,b\n' });
    const examples = join(folder, 'examples.jsonl');
    writeFileSync(examples, readFileSync(examples, 'utf8').replace('"text"', '"tex_"'));
    expect(() => openTextDataset(folder).text(0)).toThrow(expect.objectContaining({ code: 'corrupt' }));
    writeFileSync(join(folder, 'labels.bin'), '1234');
    expect(() => openTextDataset(folder)).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });
});

describe('the CSV parser', () => {
  const parse = (text: string, delimiter = ','): (CsvRecord | CsvFault)[] => {
    const parser = new CsvParser(delimiter);
    const records = text.split('\n').flatMap((line, index) => parser.add(line, index + 1));
    return [...records, ...parser.end()];
  };

  it('reads what RFC 4180 describes', () => {
    expect(parse('a,"b,""c""",\n"d\n\ne",,"" x')).toMatchObject([
      { line: 1, fields: ['a', 'b,"c"', ''] },
      { line: 2, message: expect.stringContaining('followed by text') },
      { line: 4, message: expect.stringContaining('followed by text') },
    ]);
    expect(parse('"d\n\ne",,""')).toEqual([{ line: 1, fields: ['d\n\ne', '', ''] }]);
    expect(parse('5" disk,x')).toEqual([{ line: 1, fields: ['5" disk', 'x'] }]);
  });

  it('finds the delimiter that gives the wanted columns', () => {
    expect(detectDelimiter('id;text, long;label', ['text, long', 'label'])).toBe(';');
    expect(detectDelimiter('text|label', ['text'])).toBe('|');
    expect(detectDelimiter('text', ['text'])).toBe(',');
  });
});
