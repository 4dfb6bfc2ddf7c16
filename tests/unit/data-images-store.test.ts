/** The folder that an import of images makes: whole or not at all, always the same, and checked when it is opened. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import { channelStatistics, openImageCorpus, openImageDataset } from '../../src/main/data/images/image-store.ts';
import { importImageCorpus, importImageDataset } from '../../src/main/data/images/import.ts';
import type { ImageSource } from '../../src/main/data/images/source.ts';
import { LabError } from '../../src/shared/errors.ts';
import { writeFile } from './data-images-fixtures.ts';
import { expectNothingLeft, importJob, labError, rawSource, useImportPlace } from './data-images-import-fixture.ts';

const place = useImportPlace();

describe('the folder of an import', () => {
  const numbers = Array.from({ length: 9 }, (_, seed) => ({
    path: String(seed),
    seed,
    label: seed % 2 === 0 ? 'even' : 'odd',
  }));

  it('is the same for the same material, except for its date', async () => {
    const first = await importImageDataset(importJob(place, rawSource(numbers)));
    const second = await importImageDataset(
      importJob(place, rawSource(numbers), { destination: join(place.folder, 'again') }),
    );
    expect({ ...second.manifest, createdAt: '' }).toEqual({ ...first.manifest, createdAt: '' });
    const corpus = await importImageCorpus(
      importJob(place, rawSource(numbers), { destination: join(place.folder, 'unlabelled') }),
    );
    const relabelled = numbers.map((number) => ({ ...number, label: number.seed < 5 ? 'even' : 'odd' }));
    const third = await importImageDataset(
      importJob(place, rawSource(relabelled), { destination: join(place.folder, 'relabelled') }),
    );
    expect(new Set([first, corpus, third].map(({ manifest }) => manifest.contentHash)).size).toBe(3);
  });

  it('has statistics equal to those of all pixels', async () => {
    const { manifest } = await importImageCorpus(importJob(place, rawSource(numbers)));
    const corpus = openImageCorpus(place.destination);
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
    await importImageCorpus(importJob(place, rawSource(numbers)));
    const before = readFileSync(join(place.destination, 'manifest.json'), 'utf8');
    const error = await labError(importImageCorpus(importJob(place, rawSource(numbers.slice(0, 3)))));
    expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining(place.destination) });
    expect(readFileSync(join(place.destination, 'manifest.json'), 'utf8')).toBe(before);
    expect(readdirSync(join(place.folder, 'corpora'))).toEqual(['photos']);
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
    const error = await labError(importImageCorpus(importJob(place, stopping, { signal: controller.signal })));
    expect(error).toMatchObject({ code: 'aborted', message: expect.stringContaining('nothing was kept') });
    expectNothingLeft(place);
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
    await expect(importImageCorpus(importJob(place, failing))).rejects.toThrow(new TypeError('a bug'));
    expectNothingLeft(place);
  });

  it('does not appear for an empty place.folder, a missing one, a file, or wrong options', async () => {
    writeFile(place.input, 'readme.md', 'no images');
    expect(await labError(importImageCorpus(importJob(place, folderSource(place.input))))).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('no files with an image extension'),
    });
    writeFile(place.input, 'only.png', 'text');
    expect((await labError(importImageCorpus(importJob(place, folderSource(place.input))))).message).toContain(
      'only.png: a text file',
    );
    expect(
      (await labError(importImageCorpus(importJob(place, folderSource(join(place.folder, 'nowhere')))))).code,
    ).toBe('not-found');
    expect(
      (await labError(importImageCorpus(importJob(place, folderSource(join(place.input, 'only.png')))))).code,
    ).toBe('bad-input');
    const badOptions = importJob(place, rawSource(numbers), { options: { size: 32, resizeShorter: 40 } });
    expect(await labError(importImageCorpus(badOptions))).toMatchObject({
      code: 'bad-spec',
      message: expect.stringContaining('resizeShorter'),
    });
    expectNothingLeft(place);
  });
});

describe('opening', () => {
  beforeEach(async () => {
    await importImageDataset(
      importJob(
        place,
        rawSource([1, 2, 3].map((seed) => ({ path: String(seed), seed, label: seed === 1 ? 'one' : 'more' }))),
      ),
    );
  });

  function changeManifest(change: (manifest: Record<string, unknown>) => void): void {
    const path = join(place.destination, 'manifest.json');
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
    expect(codeOfOpening(() => openImageDataset(place.destination))).toBe('opened');
    expect(codeOfOpening(() => openImageDataset(join(place.folder, 'no')))).toBe('not-found');
    expect(codeOfOpening(() => openImageCorpus(place.destination))).toBe('bad-input');
    changeManifest((manifest) => (manifest.formatVersion = 2));
    expect(codeOfOpening(() => openImageDataset(place.destination))).toBe('format-version');
    changeManifest((manifest) => Object.assign(manifest, { formatVersion: 1, images: 4 }));
    expect(codeOfOpening(() => openImageDataset(place.destination))).toBe('corrupt');
    writeFileSync(join(place.destination, 'manifest.json'), '{');
    expect(codeOfOpening(() => openImageDataset(place.destination))).toBe('corrupt');
  });

  it('refuses shards and labels that do not fit', async () => {
    const shard = join(place.destination, 'pixels-00000.bin');
    const labels = join(place.destination, 'labels.bin');
    const original = readFileSync(labels);
    writeFileSync(labels, Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    expect(codeOfOpening(() => openImageDataset(place.destination))).toBe('corrupt');
    writeFileSync(labels, original);
    const bytes = readFileSync(shard);
    writeFileSync(shard, bytes.subarray(1));
    expect(codeOfOpening(() => openImageDataset(place.destination))).toBe('corrupt');
  });
});
