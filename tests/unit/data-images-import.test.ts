import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import {
  channelStatistics,
  openImageCorpus,
  openImageDataset,
  verifyImages,
} from '../../src/main/data/images/image-store.ts';
import {
  importImageCorpus,
  importImageDataset,
  type ImageImport,
  type ImageImportProgress,
} from '../../src/main/data/images/import.ts';
import { orderedMap } from '../../src/main/data/images/ordered-map.ts';
import { PixelShardReader, PixelShardWriter } from '../../src/main/data/images/pixel-shards.ts';
import type { ImageEntry, ImageSource, RawImage } from '../../src/main/data/images/source.ts';
import { zipSource } from '../../src/main/data/images/zip-source.ts';
import { LabError } from '../../src/shared/errors.ts';
import { bombPng, picture, picturePixels, writeFile, zipArchive } from './data-images-fixtures.ts';

let folder: string;
let input: string;
let destination: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pretext-images-'));
  input = join(folder, 'input');
  destination = join(folder, 'corpora', 'photos');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function labError(promise: Promise<unknown>): Promise<LabError> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof LabError) return error;
  throw error;
}

function job(source: ImageSource, changes: Partial<ImageImport> = {}): ImageImport {
  return { source, destination, name: 'photos', options: { size: 32 }, ...changes };
}

/** Entries with pixels of their own, so that nothing is decoded. */
function rawSource(images: readonly { path: string; seed: number; label?: string; group?: string }[]): ImageSource {
  const side = 32;
  return {
    kind: 'sample',
    path: 'numbers',
    count: async () => images.length,
    async *entries() {
      for (const { seed, ...rest } of images) {
        const raw: RawImage = { height: side, width: side, channels: 3, data: picturePixels(seed, side, side) };
        const entry: ImageEntry = { ...rest, read: async () => raw };
        yield entry;
      }
    },
    ignored: () => new Map(),
  };
}

async function writePictures(paths: readonly string[], firstSeed = 0): Promise<void> {
  for (const [index, path] of paths.entries()) {
    writeFile(
      input,
      path,
      await picture(firstSeed + index)
        .png()
        .toBuffer(),
    );
  }
}

function nothingLeft(): void {
  const corpora = join(folder, 'corpora');
  expect(existsSync(corpora) ? readdirSync(corpora) : []).toEqual([]);
}

describe('a folder', () => {
  it('is imported recursively in the order of names, and read back pixel by pixel', async () => {
    await writePictures(['b.png', 'a/2.PNG', 'a/10.png', 'c/d/e.png']);
    writeFile(input, 'a/notes.txt', 'not an image');
    writeFile(input, '.hidden.png', 'nothing');
    writeFile(input, '__MACOSX/a.png', 'nothing');
    const { manifest, report } = await importImageCorpus(job(folderSource(input)));
    expect(manifest).toMatchObject({ kind: 'image-corpus', images: 4, height: 32, width: 32, channels: 3 });
    expect(report).toMatchObject({
      images: 4,
      formats: { png: 4 },
      ignored: { total: 1, byExtension: { txt: 1 } },
      skipped: { total: 0 },
      enlarged: 0,
    });
    const corpus = openImageCorpus(destination);
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
    await verifyImages(corpus);
  });

  it('follows links to folders, but not in a circle', async () => {
    await writePictures(['real/1.png', 'real/2.png']);
    writeFile(join(folder, 'elsewhere'), '3.png', await picture(9).png().toBuffer());
    symlinkSync(join(folder, 'elsewhere'), join(input, 'linked'));
    symlinkSync(input, join(input, 'real', 'round'));
    symlinkSync(join(folder, 'nowhere.png'), join(input, 'dangling.png'));
    const { report } = await importImageCorpus(job(folderSource(input)));
    expect(report.images).toBe(3);
    expect(report.skipped.listed).toMatchObject([{ path: 'dangling.png', reason: 'unreadable' }]);
  });

  it('lists bad files with their reasons and goes on', async () => {
    await writePictures(['good-1.png', 'good-2.png']);
    const jpeg = await picture(7).jpeg().toBuffer();
    writeFile(input, 'bad/truncated.jpg', jpeg.subarray(0, jpeg.length / 2));
    writeFile(input, 'bad/text.png', 'this is text');
    writeFile(
      input,
      'bad/dot.png',
      await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    writeFile(input, 'bad/bomb.png', bombPng(60_000, 60_000));
    writeFile(input, 'bad/empty.webp', '');
    const phases: ImageImportProgress[] = [];
    const { report } = await importImageCorpus(
      job(folderSource(input), { onProgress: (progress) => phases.push(progress) }),
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
    const lines = readFileSync(join(destination, 'skipped.jsonl'), 'utf8').trimEnd().split('\n');
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
    await writePictures(['10/a.png', '2/a.png', '2/deep/b.png', '1/a.png', 'stray.png']);
    const { manifest, report } = await importImageDataset(job(folderSource(input, { classFolders: true })));
    expect(manifest.classes).toEqual([
      { name: '1', images: 1 },
      { name: '2', images: 2 },
      { name: '10', images: 1 },
    ]);
    expect(report.skipped.listed).toMatchObject([{ path: 'stray.png', reason: 'no-label' }]);
    const dataset = openImageDataset(destination);
    expect(dataset.classes).toEqual(['1', '2', '10']);
    dataset.labels.forEach((label, index) =>
      expect(dataset.classes[label]).toBe(dataset.source(index).path.split('/')[0]),
    );
  });

  it('is refused where the folders are the sides of a split', async () => {
    await writePictures(['train/cat/a.png', 'train/dog/a.png', 'test/cat/b.png']);
    const error = await labError(importImageDataset(job(folderSource(input, { classFolders: true }))));
    expect(error).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('“test” and “train”: these are sides of a split, not classes'),
    });
    nothingLeft();
    const { manifest } = await importImageDataset(job(folderSource(join(input, 'train'), { classFolders: true })));
    expect(manifest.classes.map(({ name }) => name)).toEqual(['cat', 'dog']);
  });

  it('is refused with a single class', async () => {
    await writePictures(['cat/a.png', 'cat/b.png']);
    const error = await labError(importImageDataset(job(folderSource(input, { classFolders: true }))));
    expect(error).toMatchObject({ code: 'bad-input', message: expect.stringContaining('"cat"') });
    nothingLeft();
  });
});

describe('a zip archive', () => {
  async function archive(): Promise<string> {
    const image = async (seed: number): Promise<Buffer> => picture(seed).png().toBuffer();
    return writeFile(
      input,
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
    const { manifest, report } = await importImageDataset(job(zipSource(await archive(), { classFolders: true })));
    expect(manifest.classes).toEqual([
      { name: 'cat', images: 1 },
      { name: 'dog', images: 2 },
    ]);
    const dataset = openImageDataset(destination);
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
    expect(readdirSync(folder).sort()).toEqual(['corpora', 'input']);
    expect(readdirSync(input)).toEqual(['pets.zip']);
  });

  it('is refused where it is damaged or missing', async () => {
    const file = await archive();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 30));
    expect(await labError(importImageCorpus(job(zipSource(file))))).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('pets.zip cannot be read as a zip archive'),
    });
    expect((await labError(importImageCorpus(job(zipSource(join(input, 'no.zip')))))).code).toBe('not-found');
    nothingLeft();
  });
});

describe('duplicates and groups', () => {
  it('drops files with the same bytes, keeps conflicting labels in one group, and groups near copies', async () => {
    const first = await picture(1).png().toBuffer();
    writeFile(input, 'cat/1.png', first);
    writeFile(input, 'cat/2-copy.png', first);
    writeFile(input, 'cat/3.png', await picture(2).png().toBuffer());
    writeFile(input, 'cat/4.png', await picture(3).png().toBuffer());
    writeFile(input, 'dog/5-conflict.png', first);
    writeFile(input, 'dog/6-reencoded.jpg', await picture(3).resize(80).jpeg({ quality: 80 }).toBuffer());
    const { manifest, report } = await importImageDataset(job(folderSource(input, { classFolders: true })));
    expect(report.exactDuplicates).toEqual({
      total: 2,
      dropped: 1,
      labelConflicts: 1,
      listed: [
        { path: 'cat/2-copy.png', sameAs: 'cat/1.png' },
        { path: 'dog/5-conflict.png', sameAs: 'cat/1.png' },
      ],
    });
    const dataset = openImageDataset(destination);
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
    await importImageCorpus(job(source, { options: { size: 32, exactDuplicates: 'keep' } }));
    expect([...openImageCorpus(destination).groups]).toEqual([0, 1, 0, 0, 4]);
  });
});

describe('the folder of an import', () => {
  const numbers = Array.from({ length: 9 }, (_, seed) => ({
    path: String(seed),
    seed,
    label: seed % 2 === 0 ? 'even' : 'odd',
  }));

  it('is the same for the same material, except for its date', async () => {
    const first = await importImageDataset(job(rawSource(numbers)));
    const second = await importImageDataset(job(rawSource(numbers), { destination: join(folder, 'again') }));
    expect({ ...second.manifest, createdAt: '' }).toEqual({ ...first.manifest, createdAt: '' });
    const corpus = await importImageCorpus(job(rawSource(numbers), { destination: join(folder, 'unlabelled') }));
    const relabelled = numbers.map((number) => ({ ...number, label: number.seed < 5 ? 'even' : 'odd' }));
    const third = await importImageDataset(job(rawSource(relabelled), { destination: join(folder, 'relabelled') }));
    expect(new Set([first, corpus, third].map(({ manifest }) => manifest.contentHash)).size).toBe(3);
  });

  it('has statistics equal to those of all pixels', async () => {
    const { manifest } = await importImageCorpus(job(rawSource(numbers)));
    const corpus = openImageCorpus(destination);
    for (let channel = 0; channel < 3; channel += 1) {
      const values = numbers.flatMap((_, index) =>
        [...corpus.pixels(index)].filter((_value, at) => at % 3 === channel).map((value) => value / 255),
      );
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      expect(manifest.statistics.mean[channel]).toBeCloseTo(mean, 12);
      expect(manifest.statistics.standardDeviation[channel]).toBeCloseTo(Math.sqrt(variance), 12);
    }
    expect(channelStatistics(corpus, numbers.keys())).toEqual(manifest.statistics);
    expect(channelStatistics(corpus, [0, 3])).not.toEqual(manifest.statistics);
  });

  it('is not made twice', async () => {
    await importImageCorpus(job(rawSource(numbers)));
    const before = readFileSync(join(destination, 'manifest.json'), 'utf8');
    const error = await labError(importImageCorpus(job(rawSource(numbers.slice(0, 3)))));
    expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining(destination) });
    expect(readFileSync(join(destination, 'manifest.json'), 'utf8')).toBe(before);
    expect(readdirSync(join(folder, 'corpora'))).toEqual(['photos']);
  });

  it('does not appear when the import is stopped', async () => {
    const controller = new AbortController();
    const source = rawSource(numbers);
    const stopping: ImageSource = {
      ...source,
      async *entries(signal) {
        let count = 0;
        for await (const entry of source.entries(signal)) {
          count += 1;
          if (count === 4) controller.abort();
          yield entry;
        }
      },
    };
    const error = await labError(importImageCorpus(job(stopping, { signal: controller.signal })));
    expect(error).toMatchObject({ code: 'aborted', message: expect.stringContaining('nothing was kept') });
    nothingLeft();
  });

  it('does not appear when something fails, and the failure is not hidden', async () => {
    const source = rawSource(numbers);
    const failing: ImageSource = {
      ...source,
      async *entries(signal) {
        for await (const entry of source.entries(signal)) {
          yield 'read' in entry && entry.path === '5'
            ? { ...entry, read: () => Promise.reject(new TypeError('a bug')) }
            : entry;
        }
      },
    };
    await expect(importImageCorpus(job(failing))).rejects.toThrow(new TypeError('a bug'));
    nothingLeft();
  });

  it('does not appear for an empty folder, a missing one, a file, or wrong options', async () => {
    writeFile(input, 'readme.md', 'no images');
    expect(await labError(importImageCorpus(job(folderSource(input))))).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('no files with an image extension'),
    });
    writeFile(input, 'only.png', 'text');
    expect((await labError(importImageCorpus(job(folderSource(input))))).message).toContain('only.png: a text file');
    expect((await labError(importImageCorpus(job(folderSource(join(folder, 'nowhere')))))).code).toBe('not-found');
    expect((await labError(importImageCorpus(job(folderSource(join(input, 'only.png')))))).code).toBe('bad-input');
    const badOptions = job(rawSource(numbers), { options: { size: 32, resizeShorter: 40 } });
    expect(await labError(importImageCorpus(badOptions))).toMatchObject({
      code: 'bad-spec',
      message: expect.stringContaining('resizeShorter'),
    });
    nothingLeft();
  });
});

describe('opening', () => {
  beforeEach(async () => {
    await importImageDataset(
      job(rawSource([1, 2, 3].map((seed) => ({ path: String(seed), seed, label: seed === 1 ? 'one' : 'more' })))),
    );
  });

  function changeManifest(change: (manifest: Record<string, unknown>) => void): void {
    const path = join(destination, 'manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    change(manifest);
    writeFileSync(path, JSON.stringify(manifest));
  }

  function codeOfOpening(open: () => unknown): string {
    try {
      open();
    } catch (error) {
      if (error instanceof LabError) return error.code;
      throw error;
    }
    return 'opened';
  }

  it('refuses what is missing, newer, of another kind or damaged', () => {
    expect(codeOfOpening(() => openImageDataset(destination))).toBe('opened');
    expect(codeOfOpening(() => openImageDataset(join(folder, 'no')))).toBe('not-found');
    expect(codeOfOpening(() => openImageCorpus(destination))).toBe('bad-input');
    changeManifest((manifest) => (manifest.formatVersion = 2));
    expect(codeOfOpening(() => openImageDataset(destination))).toBe('format-version');
    changeManifest((manifest) => Object.assign(manifest, { formatVersion: 1, images: 4 }));
    expect(codeOfOpening(() => openImageDataset(destination))).toBe('corrupt');
    writeFileSync(join(destination, 'manifest.json'), '{');
    expect(codeOfOpening(() => openImageDataset(destination))).toBe('corrupt');
  });

  it('refuses shards and labels that do not fit', async () => {
    const shard = join(destination, 'pixels-00000.bin');
    const labels = join(destination, 'labels.bin');
    const original = readFileSync(labels);
    writeFileSync(labels, Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    expect(codeOfOpening(() => openImageDataset(destination))).toBe('corrupt');
    writeFileSync(labels, original);
    const bytes = readFileSync(shard);
    bytes[100]! ^= 1;
    writeFileSync(shard, bytes);
    expect(await labError(verifyImages(openImageDataset(destination)))).toMatchObject({ code: 'corrupt' });
    writeFileSync(shard, bytes.subarray(1));
    expect(codeOfOpening(() => openImageDataset(destination))).toBe('corrupt');
  });
});

describe('pixel shards', () => {
  it('gives back every image through a cache of a single page', async () => {
    const imageBytes = 5000;
    const images = Array.from({ length: 60 }, (_, index) => new Uint8Array(imageBytes).fill(index));
    const writer = new PixelShardWriter(folder, imageBytes);
    for (const image of images) await writer.append(image);
    const { shards } = await writer.finish();
    const reader = new PixelShardReader(folder, shards, imageBytes, writer.imagesPerShard, 1);
    const held = reader.pixels(7);
    for (const index of [0, 59, 13, 12, 26, 25, 58, 0]) expect(reader.pixels(index)).toEqual(images[index]);
    expect(held).toEqual(images[7]);
    reader.close();
  });

  it('splits into files at the shard size', async () => {
    const imageBytes = 24 * 1024 * 1024;
    const writer = new PixelShardWriter(folder, imageBytes);
    expect(writer.imagesPerShard).toBe(2);
    for (let index = 0; index < 3; index += 1) await writer.append(new Uint8Array(imageBytes).fill(index + 1));
    const { shards } = await writer.finish();
    expect(shards.map(({ file, images }) => [file, images])).toEqual([
      ['pixels-00000.bin', 2],
      ['pixels-00001.bin', 1],
    ]);
    const reader = new PixelShardReader(folder, shards, imageBytes, 2);
    expect([0, 1, 2].map((index) => reader.pixels(index)[imageBytes - 1])).toEqual([1, 2, 3]);
    reader.close();
  });
});

describe('ordered map', () => {
  it('keeps the order and the width, and waits for what is under way when it stops', async () => {
    let running = 0;
    let most = 0;
    let finished = 0;
    async function* numbers(): AsyncGenerator<number> {
      for (let number = 0; number < 20; number += 1) yield number;
    }
    const work = async (number: number): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < (number * 7) % 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      finished += 1;
      if (number === 12) throw new Error('twelve');
      return number;
    };
    const results: number[] = [];
    const run = async (): Promise<void> => {
      for await (const result of orderedMap(numbers(), 4, work)) results.push(result);
    };
    await expect(run()).rejects.toThrow('twelve');
    expect(results).toEqual(Array.from({ length: 12 }, (_, index) => index));
    expect(most).toBe(4);
    expect(running).toBe(0);
    expect(finished).toBeLessThanOrEqual(16);
  });
});
