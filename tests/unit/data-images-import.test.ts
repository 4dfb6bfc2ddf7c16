/** What an import of images reads from folders and archives, and what it leaves out and why. */
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import { openImageCorpus, openImageDataset } from '../../src/main/data/images/image-store.ts';
import { splitImages } from '../../src/main/data/images/leakage.ts';
import { importImageCorpus, importImageDataset, type ImageImportProgress } from '../../src/main/data/images/import.ts';
import { zipSource } from '../../src/main/data/images/zip-source.ts';
import { bombPng, picture, writeFile, zipArchive } from './data-images-fixtures.ts';
import {
  expectNothingLeft,
  importJob,
  labError,
  rawSource,
  useImportPlace,
  writePictures,
} from './data-images-import-fixture.ts';

const place = useImportPlace();

describe('a folder', () => {
  it('is imported recursively in the order of names, and read back pixel by pixel', async () => {
    await writePictures(place.input, ['b.png', 'a/2.PNG', 'a/10.png', 'c/d/e.png']);
    writeFile(place.input, 'a/notes.txt', 'not an image');
    writeFile(place.input, '.hidden.png', 'nothing');
    writeFile(place.input, '__MACOSX/a.png', 'nothing');
    const { manifest, report } = await importImageCorpus(importJob(place, folderSource(place.input)));
    expect(manifest).toMatchObject({ kind: 'image-corpus', images: 4, height: 32, width: 32, channels: 3 });
    expect(report).toMatchObject({
      images: 4,
      formats: { png: 4 },
      ignored: { byExtension: { txt: 1 } },
      skipped: { total: 0 },
      enlarged: 0,
    });
    const corpus = openImageCorpus(place.destination);
    expect(Array.from({ length: 4 }, (_, index) => corpus.source(index).path)).toEqual([
      'a/10.png',
      'a/2.PNG',
      'b.png',
      'c/d/e.png',
    ]);
    for (const [index, seed] of [2, 1, 0, 3].entries()) {
      const expected = await picture(seed).resize(32, 32).raw().toBuffer();
      expect(Buffer.compare(corpus.pixels(index), expected)).toBe(0);
      expect(corpus.source(index)).toMatchObject({ height: 96, width: 96, format: 'png' });
    }
    expect(() => corpus.pixels(4)).toThrow(RangeError);
    expect(() => corpus.pixels(-1)).toThrow(RangeError);
    corpus.close();
  });

  it('follows links to folders, but not in a circle', async () => {
    await writePictures(place.input, ['real/1.png', 'real/2.png']);
    writeFile(join(place.folder, 'elsewhere'), '3.png', await picture(9).png().toBuffer());
    symlinkSync(join(place.folder, 'elsewhere'), join(place.input, 'linked'));
    symlinkSync(place.input, join(place.input, 'real', 'round'));
    symlinkSync(join(place.folder, 'nowhere.png'), join(place.input, 'dangling.png'));
    const { report } = await importImageCorpus(importJob(place, folderSource(place.input)));
    expect(report.images).toBe(3);
    expect(report.skipped.listed).toMatchObject([{ path: 'dangling.png', reason: 'unreadable' }]);
  });

  it('lists bad files with their reasons and goes on', async () => {
    await writePictures(place.input, ['good-1.png', 'good-2.png']);
    const jpeg = await picture(7).jpeg().toBuffer();
    writeFile(place.input, 'bad/truncated.jpg', jpeg.subarray(0, jpeg.length / 2));
    writeFile(place.input, 'bad/text.png', 'this is text');
    writeFile(
      place.input,
      'bad/dot.png',
      await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    writeFile(place.input, 'bad/bomb.png', bombPng(60_000, 60_000));
    writeFile(place.input, 'bad/empty.webp', '');
    const phases: ImageImportProgress[] = [];
    const { report } = await importImageCorpus(
      importJob(place, folderSource(place.input), { onProgress: (progress) => phases.push(progress) }),
    );
    expect(report.images).toBe(2);
    expect(report.skipped.total).toBe(5);
    expect(Object.fromEntries(report.skipped.listed.map(({ path, reason }) => [path, reason]))).toEqual({
      'bad/truncated.jpg': 'damaged',
      'bad/text.png': 'unsupported',
      'bad/dot.png': 'too-small',
      'bad/bomb.png': 'too-large',
      'bad/empty.webp': 'unsupported',
    });
    expect(report.skipped.byReason).toEqual({ damaged: 1, unsupported: 2, 'too-small': 1, 'too-large': 1 });
    const lines = readFileSync(join(place.destination, 'skipped.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    const decoding = phases.filter(({ phase }) => phase === 'decoding');
    expect(decoding.at(-1)).toMatchObject({ done: 7, total: 7, skipped: 5 });
    decoding.reduce((before, progress) => {
      expect(progress.done).toBeGreaterThan(before);
      expect(progress.total).toBe(7);
      return progress.done;
    }, 0);
    expect(phases.at(-1)).toMatchObject({ phase: 'comparing', done: 2, total: 2 });
  });
});

describe('a folder per class', () => {
  it('gives labels, sorted by value where all names are numbers', async () => {
    await writePictures(place.input, ['10/a.png', '2/a.png', '2/deep/b.png', '1/a.png', 'stray.png']);
    const { manifest, report } = await importImageDataset(
      importJob(place, folderSource(place.input, { classFolders: true })),
    );
    expect(manifest.classes).toEqual([
      { name: '1', images: 1 },
      { name: '2', images: 2 },
      { name: '10', images: 1 },
    ]);
    expect(report.skipped.listed).toMatchObject([{ path: 'stray.png', reason: 'no-label' }]);
    const dataset = openImageDataset(place.destination);
    expect(dataset.classes).toEqual(['1', '2', '10']);
    dataset.labels.forEach((label, index) =>
      expect(dataset.classes[label]).toBe(dataset.source(index).path.split('/')[0]),
    );
  });

  it('is refused where the folders are the sides of a split', async () => {
    await writePictures(place.input, ['train/a.png', 'test/b.png']);
    const error = await labError(
      importImageDataset(importJob(place, folderSource(place.input, { classFolders: true }))),
    );
    expect(error).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('“test”, “train”: these are sides of a split, not classes'),
    });
    expectNothingLeft(place);
  });

  it('inside folders of the sides of a split gives classes and the split', async () => {
    await writePictures(place.input, ['train/cat/a.png', 'train/dog/a.png', 'test/cat/b.png']);
    const { manifest } = await importImageDataset(importJob(place, folderSource(place.input, { classFolders: true })));
    expect(manifest.classes.map(({ name }) => name)).toEqual(['cat', 'dog']);
    expect(manifest.officialSplit).toEqual({ training: 2, validation: 0, test: 1 });
    const dataset = openImageDataset(place.destination);
    const split = splitImages(dataset, { seed: 1, fractions: { validation: 0, test: 0.4 } });
    expect([...split.test].map((image) => dataset.source(image).path)).toEqual(['test/cat/b.png']);
    expect(split.train).toHaveLength(2);
  });

  it('is refused with a single class', async () => {
    await writePictures(place.input, ['cat/a.png', 'cat/b.png']);
    const error = await labError(
      importImageDataset(importJob(place, folderSource(place.input, { classFolders: true }))),
    );
    expect(error).toMatchObject({ code: 'bad-input', message: expect.stringContaining('“cat”') });
    expectNothingLeft(place);
  });
});

describe('a zip archive', () => {
  async function archive(): Promise<string> {
    const image = async (seed: number): Promise<Buffer> => picture(seed).png().toBuffer();
    return writeFile(
      place.input,
      'pets.zip',
      zipArchive([
        { name: 'pets/cat/1.png', content: await image(1) },
        { name: 'pets/dog/2.png', content: await image(2) },
        { name: 'pets/dog/', content: Buffer.alloc(0) },
        { name: 'pets/dog/ümlaut.png', content: await image(3) },
        { name: '../../evil.png', content: await image(4) },
        { name: '/etc/evil.png', content: await image(5) },
        { name: 'C:\\evil.png', content: await image(6) },
        { name: 'pets/cat/huge.png', content: await image(7), declaredSize: 4_000_000_000 },
        { name: 'pets/cat/liar.png', content: await image(8), declaredSize: 10 },
        { name: 'pets/cat/flipped.png', content: await image(9), checksum: 1 },
        { name: 'pets/cat/secret.png', content: await image(10), encrypted: true },
        { name: 'pets/readme.txt', content: Buffer.from('hello') },
        { name: '__MACOSX/pets/cat/._1.png', content: Buffer.from('fork') },
      ]),
    );
  }

  it('is read without its wrapping folder, and its traps are listed', async () => {
    const { manifest, report } = await importImageDataset(
      importJob(place, zipSource(await archive(), { classFolders: true })),
    );
    expect(manifest.classes).toEqual([
      { name: 'cat', images: 1 },
      { name: 'dog', images: 2 },
    ]);
    const dataset = openImageDataset(place.destination);
    expect([0, 1, 2].map((index) => dataset.source(index).path)).toEqual(['cat/1.png', 'dog/2.png', 'dog/ümlaut.png']);
    const reasons = Object.fromEntries(report.skipped.listed.map(({ path, reason }) => [path, reason]));
    expect(reasons).toEqual({
      '../../evil.png': 'unsafe-path',
      '/etc/evil.png': 'unsafe-path',
      'C:/evil.png': 'unsafe-path',
      'cat/huge.png': 'too-large',
      'cat/liar.png': 'unreadable',
      'cat/flipped.png': 'unreadable',
      'cat/secret.png': 'unreadable',
    });
    expect(report.ignored.byExtension).toEqual({ txt: 1 });
    expect(readdirSync(place.folder).sort()).toEqual(['corpora', 'input']);
    expect(readdirSync(place.input)).toEqual(['pets.zip']);
  });

  it('is refused where it is damaged or missing', async () => {
    const file = await archive();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 30));
    expect(await labError(importImageCorpus(importJob(place, zipSource(file))))).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('pets.zip cannot be read as a zip archive'),
    });
    expect((await labError(importImageCorpus(importJob(place, zipSource(join(place.input, 'no.zip')))))).code).toBe(
      'not-found',
    );
    expectNothingLeft(place);
  });
});

describe('duplicates and groups', () => {
  it('drops files with the same bytes, keeps conflicting labels in one group, and groups near copies', async () => {
    const first = await picture(1).png().toBuffer();
    writeFile(place.input, 'cat/1.png', first);
    writeFile(place.input, 'cat/2-copy.png', first);
    writeFile(place.input, 'cat/3.png', await picture(2).png().toBuffer());
    writeFile(place.input, 'cat/4.png', await picture(3).png().toBuffer());
    writeFile(place.input, 'dog/5-conflict.png', first);
    writeFile(place.input, 'dog/6-reencoded.jpg', await picture(3).resize(80).jpeg({ quality: 80 }).toBuffer());
    const { manifest, report } = await importImageDataset(
      importJob(place, folderSource(place.input, { classFolders: true })),
    );
    expect(report.exactDuplicates).toEqual({
      total: 2,
      dropped: 1,
      labelConflicts: 1,
      listed: [
        { path: 'cat/2-copy.png', sameAs: 'cat/1.png' },
        { path: 'dog/5-conflict.png', sameAs: 'cat/1.png' },
      ],
    });
    const dataset = openImageDataset(place.destination);
    const paths = Array.from({ length: dataset.length }, (_, index) => dataset.source(index).path);
    expect(paths).toEqual(['cat/1.png', 'cat/3.png', 'cat/4.png', 'dog/5-conflict.png', 'dog/6-reencoded.jpg']);
    expect([...dataset.groups]).toEqual([0, 1, 2, 0, 2]);
    expect(report.nearDuplicates).toMatchObject({
      groups: 2,
      images: 4,
      groupsAcrossClasses: 2,
      incomplete: false,
      listed: [
        ['cat/1.png', 'dog/5-conflict.png'],
        ['cat/4.png', 'dog/6-reencoded.jpg'],
      ],
    });
    expect(manifest.duplicates).toMatchObject({ exact: 'drop', groups: 2, groupedImages: 4 });
  });

  it('keeps copies in one group where that is asked for, and groups by name', async () => {
    const source = rawSource([
      { path: '0', seed: 1, group: 'a' },
      { path: '1', seed: 2 },
      { path: '2', seed: 1 },
      { path: '3', seed: 3, group: 'a' },
      { path: '4', seed: 4, group: 'b' },
    ]);
    await importImageCorpus(importJob(place, source, { options: { size: 32, exactDuplicates: 'keep' } }));
    expect([...openImageCorpus(place.destination).groups]).toEqual([0, 1, 0, 0, 4]);
  });
});
