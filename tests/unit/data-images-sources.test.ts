import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as arrow from '@uwdata/flechette';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openImageCorpus, openImageDataset } from '../../src/main/data/images/image-store.ts';
import { importImageCorpus, importImageDataset } from '../../src/main/data/images/import.ts';
import {
  findSharedPictures,
  groupsAcrossParts,
  requireSeparateGroups,
  splitImages,
} from '../../src/main/data/images/leakage.ts';
import type { ImageSource } from '../../src/main/data/images/source.ts';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import { tableSource } from '../../src/main/data/images/table-source.ts';
import { readTable } from '../../src/main/data/tables/read-table.ts';
import { emojiSource, emojiWords } from '../../src/main/data/samples/emoji.ts';
import { mnistSource } from '../../src/main/data/samples/mnist.ts';
import { LabError } from '../../src/shared/errors.ts';
import { picture, picturePixels, writeFile } from './data-images-fixtures.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pretext-sources-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function job(source: ImageSource, name = 'imported') {
  return { source, destination: join(folder, name), name, options: { size: 32 } };
}

async function collect(source: ImageSource) {
  const entries = [];
  for await (const entry of source.entries(new AbortController().signal)) entries.push(entry);
  return entries;
}

describe('a table', () => {
  beforeEach(async () => {
    for (const seed of [1, 2, 3]) writeFile(folder, `data/images/${seed}.png`, await picture(seed).png().toBuffer());
    writeFile(folder, 'outside.png', await picture(4).png().toBuffer());
  });

  const options = { pathColumn: 'file', labelColumn: 'kind', groupColumn: 'patient' };

  async function expectImported(table: string): Promise<void> {
    const { manifest } = await importImageDataset(job(tableSource(table, options)));
    expect(manifest.classes).toEqual([
      { name: 'cat', images: 2 },
      { name: 'dog', images: 1 },
    ]);
    const dataset = openImageDataset(join(folder, 'imported'));
    expect([0, 1, 2].map((index) => dataset.source(index).path)).toEqual([
      'images/1.png',
      'images/2.png',
      'images/3.png',
    ]);
    expect([...dataset.labels]).toEqual([0, 1, 0]);
    expect([...dataset.groups]).toEqual([0, 1, 0]);
  }

  it('in CSV names images, labels and groups; what leads out of its folder is refused', async () => {
    const rows = [
      'images/1.png,cat,p1',
      'images/2.png,dog,',
      '"images/3.png",cat,p1',
      '../outside.png,cat,',
      '/etc/passwd,cat,',
      'images/9.png,dog,',
      'images/1.png,,',
      ',cat,',
    ];
    const table = writeFile(folder, 'data/labels.csv', `file,kind,patient\n${rows.join('\n')}\n`);
    await expectImported(table);
    const skipped = readFileSync(join(folder, 'imported', 'skipped.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(skipped.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { path: '../outside.png', reason: 'unsafe-path', message: expect.stringContaining('line 5') },
      { path: '/etc/passwd', reason: 'unsafe-path' },
      { path: 'images/9.png', reason: 'unreadable', message: 'line 7 of the table: cannot be read: it does not exist' },
      { path: 'images/1.png', reason: 'no-label' },
      { reason: 'unreadable', message: expect.stringContaining('line 9') },
    ]);
  });

  it('may name files of another folder where that is given as the root', async () => {
    const table = writeFile(folder, 'data/labels.csv', 'path\noutside.png\ndata/images/1.png\nimages/1.png\n');
    const { report } = await importImageCorpus(job(tableSource(table, { root: folder })));
    expect(report).toMatchObject({ images: 2, skipped: { total: 1 } });
    expect(openImageCorpus(join(folder, 'imported')).source(0).path).toBe('outside.png');
  });

  it('is read from JSON lines, also compressed', async () => {
    const lines = [
      '{"file":"images/1.png","kind":"cat","patient":"p1"}',
      '{"file":"images/2.png","kind":"dog","patient":null}',
      '{"file":"images/3.png","kind":"cat","patient":"p1"}',
    ];
    await expectImported(writeFile(folder, 'data/labels.jsonl.gz', gzipSync(lines.join('\n'))));
  });

  it('is read from Parquet', async () => {
    const table = join(folder, 'data', 'labels.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const rows = `('images/1.png', 'cat', 'p1'), ('images/2.png', 'dog', NULL), ('images/3.png', 'cat', 'p1')`;
    await connection.run(
      `COPY (SELECT * FROM (VALUES ${rows}) AS rows(file, kind, patient)) TO '${table}' (FORMAT parquet)`,
    );
    connection.closeSync();
    instance.closeSync();
    await expectImported(table);
  });

  it('has values under their columns when all are read, pictures left out', async () => {
    const struct = ['bytes', 'path'] as const;
    const parquet = join(folder, 'data', 'pictures.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const rows = `({'bytes': 'x'::BLOB, 'path': 'a.png'}, 'red'), ({'bytes': 'y'::BLOB, 'path': 'b.png'}, 'blue')`;
    await connection.run(
      `COPY (SELECT * FROM (VALUES ${rows}) AS rows(image, label)) TO '${parquet}' (FORMAT parquet)`,
    );
    connection.closeSync();
    instance.closeSync();
    const pictures = ['a.png', 'b.png'].map((path) => ({ bytes: new TextEncoder().encode(path), path }));
    const image = arrow.struct({ bytes: arrow.binary(), path: arrow.utf8() });
    const table = arrow.tableFromArrays(
      { image: pictures, label: ['red', 'blue'] },
      { types: { image, label: arrow.utf8() } },
    );
    const bytes = arrow.tableToIPC(table, { format: 'file' })!;
    const files = { parquet, arrow: writeFile(folder, 'data/pictures.arrow', Buffer.from(bytes)) } as const;
    for (const format of ['parquet', 'arrow'] as const) {
      const { signal } = new AbortController();
      let columns: readonly string[] = [];
      const read = [];
      const onOpen = (facts: { readonly columns: readonly string[] }) => {
        columns = facts.columns;
      };
      const source = { path: files[format], compression: 'none', encoding: undefined, signal } as const;
      for await (const batch of readTable(source, format, null, { onOpen })) read.push(...batch);
      expect(columns).toEqual([...struct.map((part) => `image.${part}`), 'label']);
      expect(read).toMatchObject([{ values: [null, 'a.png', 'red'] }, { values: [null, 'b.png', 'blue'] }]);
    }
  });

  it('is refused without the column, without the file, and in another format', async () => {
    const table = writeFile(folder, 'data/labels.csv', 'name,kind\nimages/1.png,cat\n');
    await expect(importImageCorpus(job(tableSource(table)))).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/has no column “path”; it has “name”, “kind”\.$/),
    });
    await expect(importImageCorpus(job(tableSource(join(folder, 'no.csv'))))).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(() => tableSource('labels.docx')).toThrow(LabError);
  });
});

describe('leakage', () => {
  it('is found across the parts of a split', () => {
    const groups = Uint32Array.from([0, 1, 0, 3, 1]);
    expect(groupsAcrossParts(groups, { train: [0, 2, 3], test: [1, 4] })).toEqual([]);
    expect(groupsAcrossParts(groups, { train: [0, 1], validation: [2], test: [3, 4] })).toEqual([
      { parts: ['train', 'validation'], images: [0, 2] },
      { parts: ['train', 'test'], images: [1, 4] },
    ]);
  });

  it('is found across two imports of different size, and refused across a split with names', async () => {
    for (const seed of [1, 2, 3]) writeFile(folder, `train/${seed}.png`, await picture(seed).png().toBuffer());
    writeFile(folder, 'train/3-again.jpg', await picture(3).jpeg({ quality: 90 }).toBuffer());
    for (const seed of [7, 3]) writeFile(folder, `test/${seed}.jpg`, await picture(seed).resize(80).jpeg().toBuffer());
    await importImageCorpus(job(folderSource(join(folder, 'train')), 'first'));
    await importImageCorpus({ ...job(folderSource(join(folder, 'test')), 'second'), options: { size: 48 } });
    const train = openImageCorpus(join(folder, 'first'));
    const test = openImageCorpus(join(folder, 'second'));
    const shared = findSharedPictures(train, test);
    expect(shared).toHaveLength(1);
    expect(train.source(shared[0]!.first).path).toMatch(/^3/);
    expect(test.source(shared[0]!.second).path).toBe('3.jpg');
    const grouped = { groups: train.groups, path: (image: number) => train.source(image).path };
    expect(() => requireSeparateGroups(grouped, { train: [0, 1], test: [2, 3] })).not.toThrow();
    expect(() => requireSeparateGroups(grouped, { train: [0, 1, 2], test: [3] })).toThrow(
      /3-again\.jpg \(train\) and 3\.png \(test\)/,
    );
  });
});

describe('a split of images', () => {
  it('keeps groups on one side unless told otherwise', async () => {
    const names = ['cat', 'dog'].flatMap((kind) => Array.from({ length: 40 }, (_, image) => ({ kind, image })));
    const source: ImageSource = {
      kind: 'sample',
      path: 'numbers',
      count: async () => names.length,
      async *entries() {
        for (const [index, { kind, image }] of names.entries()) {
          const raw = { height: 32, width: 32, channels: 3 as const, data: picturePixels(index, 32, 32) };
          const group = `${kind} ${Math.floor(image / 4)}`;
          yield { path: `${kind}/${image}`, label: kind, group, read: async () => raw };
        }
      },
      ignored: () => new Map(),
    };
    await importImageDataset(job(source));
    const dataset = openImageDataset(join(folder, 'imported'));
    const split = splitImages(dataset, { seed: 1, fractions: { validation: 0.2, test: 0.2 } });
    expect([split.train, split.validation, split.test].map(({ length }) => length)).toEqual([48, 16, 16]);
    expect(groupsAcrossParts(dataset.groups, { ...split })).toEqual([]);
    expect([...split.test].filter((image) => dataset.labels[image] === 0)).toHaveLength(8);
    const loose = splitImages(dataset, { seed: 1, allowSharedGroups: true });
    expect(groupsAcrossParts(dataset.groups, { ...loose }).length).toBeGreaterThan(0);
    const grouped = { groups: dataset.groups, path: (image: number) => dataset.source(image).path };
    expect(() => requireSeparateGroups(grouped, { ...loose })).toThrow(LabError);
  });
});

describe('samples', () => {
  function packageRoot(name: string): string {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  }

  it('has the digits of the mnist package, byte for byte', async () => {
    const source = mnistSource();
    expect(await source.count(new AbortController().signal)).toBe(10_000);
    const entries = await collect(mnistSource({ imagesPerDigit: 3 }));
    expect(entries.map(({ path }) => path).slice(0, 4)).toEqual(['0/0000', '0/0001', '0/0002', '1/0000']);
    const json = JSON.parse(readFileSync(join(packageRoot('mnist'), 'src', 'digits', '7.json'), 'utf8')) as {
      data: number[];
    };
    const seven = entries[22]!;
    if (!('read' in seven)) throw new Error('unusable');
    expect(seven).toMatchObject({ path: '7/0001', label: '7' });
    const expected = Uint8Array.from(json.data.slice(784, 1568), (value) => Math.round(value * 255));
    expect(expected.some((value) => value > 250)).toBe(true);
    expect(await seven.read()).toEqual({ height: 28, width: 28, channels: 1, data: expected });
  });

  it('has the emoji with words of their names, of which there may be none', async () => {
    const emoji = await emojiWords();
    const counts = new Map<string, number>();
    for (const word of emoji.flatMap(({ words }) => words)) counts.set(word, (counts.get(word) ?? 0) + 1);
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(20);
    expect(counts.has('face')).toBe(true);
    expect(counts.has('with')).toBe(false);
    expect(emoji.some(({ words }) => words.length === 0)).toBe(true);
    expect(emoji.find(({ path }) => path.endsWith('/1f604.png'))?.words).toEqual(
      expect.arrayContaining(['face', 'eyes']),
    );
  });

  it('has the emoji with categories, each with its variations in one group', async () => {
    const plain = await collect(emojiSource());
    const all = await collect(emojiSource({ variations: true }));
    const labels = new Set(all.map((entry) => ('label' in entry ? entry.label : '')));
    expect([...labels].sort()).toEqual([
      'Activities',
      'Animals & Nature',
      'Flags',
      'Food & Drink',
      'Objects',
      'People & Body',
      'Smileys & Emotion',
      'Symbols',
      'Travel & Places',
    ]);
    expect(plain.length).toBeGreaterThan(1800);
    expect(all.length).toBeGreaterThan(plain.length * 1.8);
    const waving = all.filter((entry) => 'group' in entry && entry.group === 'wave');
    expect(waving).toHaveLength(6);
    const first = waving[0]!;
    if (!('read' in first)) throw new Error('unusable');
    const bytes = await first.read();
    if (!Buffer.isBuffer(bytes)) throw new Error('not a file');
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 64, height: 64, hasAlpha: true });
  });

  it('says how to install a package that is not there', async () => {
    const missing = { folder: join(folder, 'nothing') };
    for (const source of [mnistSource(missing), emojiSource(missing)]) {
      await expect(collect(source)).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringContaining('npm install'),
      });
    }
  });
});
