// Tables without a header: what gives them away, and that every row of them is imported.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerDoubt } from '../../src/main/data/tables/header.ts';
import { importTextCorpus } from '../../src/main/data/text/import-corpus.ts';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';

describe('the first row of a table', () => {
  const doubt = (names: readonly string[], ...rows: readonly (readonly (string | null)[])[]) =>
    headerDoubt(names, (column) => rows.map((row) => row[column] ?? null));

  it('is names when nothing speaks against it', () => {
    expect(doubt(['text', 'label'], ['good film', 'good'], ['bad film', 'bad'])).toBeNull();
    expect(doubt(['country', '2019', '2020'], ['Chad', '1', '2'])).toBeNull();
    expect(doubt(['the text of the review', ''], ['a', null], ['b', ''])).toBeNull();
    expect(doubt([])).toBeNull();
  });

  it('is data when it occurs again, reads like a text, or is numbers', () => {
    expect(doubt(['fine', 'pos'], ['awful', 'neg'], ['great', ' pos'], ['nice', 'pos'])).toBe(
      '“pos” occurs below as well, 2 times',
    );
    expect(doubt(['I did not expect much of this film', 'x'], ['dull', 'y'])).toMatch(/reads like a text/);
    expect(doubt([`https://example.org/${'a'.repeat(60)}`, 'x'], ['b', 'y'])).toMatch(/^“https.{40,60}…” reads like/);
    expect(doubt(['0.5', '-1e3', '7'], ['1', '2', '3'])).toBe('it holds numbers alone');
  });
});

describe('an import without a header', () => {
  let folder: string;
  const rows = ['I love this film,good', '"dull, and long",bad', 'a warm story,good'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pretext-header-'));
    await writeFile(join(folder, 'rows.csv'), rows.join('\n'));
    await writeFile(join(folder, 'uneven.csv'), [...rows, 'one field'].join('\n'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('takes the first column as text and the second as label, the first row included', async () => {
    const destination = join(folder, 'dataset');
    const manifest = await importTextDataset({
      sources: [join(folder, 'uneven.csv')],
      folder: destination,
      name: 'reviews',
      header: false,
    });
    expect(manifest.classes).toEqual([
      { name: 'bad', examples: 1 },
      { name: 'good', examples: 2 },
    ]);
    expect(manifest.options).toMatchObject({ textColumn: 'column1', labelColumn: 'column2', header: false });
    expect(manifest.report.skipped.listed[0]).toMatchObject({ line: 4, message: 'has 1 field, the first row has 2' });
    const dataset = openTextDataset(destination);
    try {
      expect(dataset.text(0)).toBe('I love this film');
    } finally {
      dataset.close();
    }
  });

  it('takes another column for a corpus when it is named', async () => {
    const manifest = await importTextCorpus({
      sources: [join(folder, 'rows.csv')],
      folder: join(folder, 'corpus'),
      name: 'labels',
      header: false,
      textColumn: 'column2',
      tokenizer: { vocabularySize: 60 },
      threads: 0,
    });
    expect(manifest).toMatchObject({ documents: 2, report: { duplicates: { total: 1 } } });
  });

  it('says that a header is missing where names were looked for', async () => {
    const importing = importTextDataset({
      sources: [join(folder, 'rows.csv')],
      folder: join(folder, 'never'),
      name: 'never',
    });
    await expect(importing).rejects.toThrow(/has no column “text”; it has “I love this film”, “good”\.$/);
    await writeFile(join(folder, 'long.csv'), 'I love this film more than any other,good\n');
    const long = importTextDataset({
      sources: [join(folder, 'long.csv')],
      folder: join(folder, 'never'),
      name: 'never',
    });
    await expect(long).rejects.toThrow(/look like data: if it has no header, say so\.$/);
  });
});
