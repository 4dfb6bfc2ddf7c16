/** Workbooks and Arrow files, written by openpyxl and pyarrow (scripts/record-tables.py). */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importImageDataset } from '../../src/main/data/images/import.ts';
import { openImageDataset } from '../../src/main/data/images/image-store.ts';
import { tableSource } from '../../src/main/data/images/table-source.ts';
import { readTable, type TableFormat } from '../../src/main/data/tables/read-table.ts';
import type { TableFacts, TableNote, TableOptions } from '../../src/main/data/tables/table-row.ts';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import { decodeLz4 } from '../../src/main/formats/lz4.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/tables/${name}`, import.meta.url));
const signal = new AbortController().signal;

async function read(path: string, format: TableFormat, columns: string[] | null, options: TableOptions = {}) {
  const notes: TableNote[] = [];
  let facts: TableFacts | undefined;
  const all = {
    ...options,
    onNote: (note: TableNote) => notes.push(note),
    onOpen: (found: TableFacts) => {
      facts = found;
    },
  };
  const rows = [];
  for await (const batch of readTable({ path, compression: 'none', signal }, format, columns, all)) rows.push(...batch);
  return { rows, notes, facts };
}

const valuesOf = (rows: readonly object[]): unknown[] => rows.map((row) => ('values' in row ? row.values : row));

describe('a workbook', () => {
  it('is its first visible sheet, with dates as dates and rich text as text', async () => {
    const { rows, notes, facts } = await read(fixture('reviews.xlsx'), 'xlsx', null);
    expect(facts?.columns.slice(0, 6)).toEqual(['text', 'label', 'score', 'day', 'seen', 'moment']);
    expect(valuesOf(rows).map((values) => (values as string[]).slice(0, 6))).toEqual([
      ['lovely soup', 'good', '0.1', '2024-02-28', 'true', '2024-01-02 03:04:05'],
      ['cold and, sadly, late', 'bad', '0.2', '2024-02-29', 'false', '2024-01-02 03:04:06'],
      ['two\nlines “quoted”', 'good', '0.3', '2024-03-02', 'true', '2024-01-02 03:04:07'],
      ['naïve café 猫', 'bad', '0.4', '2024-03-03', 'false', '2024-01-02 03:04:08'],
      ['bold and plain', 'good', '7', '1999-12-31', 'true', null],
    ]);
    expect(rows.map(({ line }) => line)).toEqual([2, 3, 4, 5, 7]);
    expect(notes.map(({ message }) => message)).toEqual([
      'has 2 sheets; the first one, “reviews”, was read. Save others as files of their own',
      'one row has cells beyond the last column with a name, which are not read',
    ]);
  });

  it('becomes a dataset, and without a header its columns are numbered', async () => {
    const folder = join(temporaryFolder(), 'dataset');
    await importTextDataset({ sources: [fixture('reviews.xlsx')], folder, name: 'x' });
    const dataset = openTextDataset(folder);
    expect(dataset.classes).toEqual(['bad', 'good']);
    expect(dataset.text(2)).toBe('two\nlines “quoted”');
    dataset.close();
    const { rows } = await read(fixture('reviews.xlsx'), 'xlsx', ['column2'], { header: false });
    expect(valuesOf(rows).slice(0, 2)).toEqual([['label'], ['good']]);
  });

  it('says what is wrong with files that are none', async () => {
    const path = join(temporaryFolder(), 'a.xlsx');
    writeFileSync(path, Buffer.from('d0cf11e0a1b11ae1', 'hex'));
    await expect(read(path, 'xlsx', null)).rejects.toThrow(/cannot be read as an Excel workbook.*password/);
    const whole = readFileSync(fixture('reviews.xlsx'));
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    await expect(read(path, 'xlsx', null)).rejects.toThrow('cannot be read as an Excel workbook');
    await expect(read(fixture('reviews.xlsx'), 'xlsx', ['body'])).rejects.toThrow(
      'has no column “body”; it has “text”',
    );
  });
});

describe('an Arrow file', () => {
  it.each(['reviews-lz4.feather', 'reviews-zstd.feather', 'reviews.arrow'])('has the rows of %s', async (name) => {
    const { rows, facts } = await read(fixture(name), 'arrow', ['text', 'label', 'meta.stars', 'meta.tags[]', 'large']);
    expect(facts?.columns).toEqual(['text', 'label', 'meta.stars', 'meta.tags[]', 'large', 'day']);
    const large = 'x'.repeat(40);
    expect(valuesOf(rows)).toEqual([
      ['lovely soup', 'good', '0', null, large],
      ['cold and, sadly, late', 'bad', '1', 'a', large],
      ['two\nlines “quoted”', 'good', '2', 'a\nb', large],
      ['naïve café 猫', 'bad', '3', null, large],
    ]);
    expect(rows.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  });

  it('shows dates as dates', async () => {
    const { rows } = await read(fixture('reviews.arrow'), 'arrow', ['day']);
    expect(valuesOf(rows)[0]).toEqual(['2024-01-02T03:04:05.000Z']);
  });

  it('holds pictures, and the names of their classes, as Hugging Face writes them', async () => {
    const destination = join(temporaryFolder(), 'images');
    await importImageDataset({
      source: tableSource(fixture('images.arrow'), { labelColumn: 'label' }),
      destination,
      name: 'images',
      options: { size: 8, nearDistance: 0 },
    });
    const images = openImageDataset(destination);
    expect(images.classes).toEqual(['cat', 'dog']);
    expect([...images.labels]).toEqual([0, 1, 1, 0]);
    expect([...images.pixels(2).subarray(0, 3)]).toEqual([120, 40, 90]);
    expect(images.source(3).path).toBe('3.png');
    images.close();
  });

  it('breaks off with a message, and names what is none', async () => {
    const path = join(temporaryFolder(), 'a.arrow');
    const whole = readFileSync(fixture('reviews.arrow'));
    writeFileSync(path, whole.subarray(0, whole.length - 300));
    await expect(read(path, 'arrow', ['text'])).rejects.toThrow('breaks off');
    copyFileSync(fixture('reviews.xlsx'), path);
    await expect(read(path, 'arrow', ['text'])).rejects.toThrow('is not an Arrow file');
    writeFileSync(path, '');
    await expect(read(path, 'arrow', ['text'])).rejects.toThrow('is not an Arrow file, or holds nothing');
  });
});

describe('an LZ4 frame', () => {
  /** Version 1, independent blocks, no sizes and checksums. */
  const frame = (...blocks: readonly (readonly number[])[]): Uint8Array => {
    const bytes = blocks.flatMap((block) => [block.length, 0, 0, 0, ...block]);
    return Uint8Array.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73, ...bytes, 0, 0, 0, 0]);
  };
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

  it('repeats what came before, also what it is just writing', () => {
    // “ab”, then 10 bytes from 2 back, then the last literals “!”.
    const block = [0x26, 0x61, 0x62, 2, 0, 0x10, 0x21];
    expect(text(decodeLz4(frame(block), 13))).toBe('abababababab!');
    const long = [0x1f, 0x61, 1, 0, 255, 6, 0x10, 0x21];
    expect(text(decodeLz4(frame(long), 282))).toBe(`${'a'.repeat(281)}!`);
  });

  it('is refused where it lies about its length, or points outside', () => {
    const block = [0x26, 0x61, 0x62, 2, 0, 0x10, 0x21];
    expect(() => decodeLz4(frame(block), 12)).toThrow('damaged');
    expect(() => decodeLz4(frame(block), 14)).toThrow('has 13 bytes and not 14');
    expect(() => decodeLz4(frame([0x26, 0x61, 0x62, 3, 0, 0x10, 0x21]), 13)).toThrow('damaged');
    expect(() => decodeLz4(frame(block).subarray(0, 14), 13)).toThrow(RangeError);
  });
});
