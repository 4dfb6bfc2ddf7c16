/** Edits of the classes of datasets of every kind: what they do, what is left alone, and that they can be taken back. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DatasetEdit } from '../../src/shared/spec/dataset-edit.ts';
import { importAudioDataset } from '../../src/main/data/audio/import-audio.ts';
import { openAudioDataset } from '../../src/main/data/audio/audio-dataset.ts';
import { applyEdits } from '../../src/main/data/editing/apply-edits.ts';
import { editDataset, readEdits, undoEdits } from '../../src/main/data/editing/edit-dataset.ts';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import { importImageDataset } from '../../src/main/data/images/import.ts';
import { channelStatistics, openImageDataset } from '../../src/main/data/images/image-store.ts';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import { verifyFiles } from '../../src/main/files/checksums.ts';
import { tone, wavFile } from './audio-fixtures.ts';
import { picture, writeFile } from './data-images-fixtures.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

const rows = ['a,good', 'b,Good', 'c,bad', 'a,bad', 'd,odd', 'e,good', 'f,bad'];

async function textDataset(): Promise<string> {
  const root = temporaryFolder();
  const sides = ['train', 'test', 'train', 'train', 'train', 'test', 'test'];
  const table = rows.map((row, index) => `${row},${sides[index]!}`);
  writeFileSync(join(root, 'a.csv'), `text,label,split\n${table.join('\n')}\n`);
  const folder = join(root, 'made');
  await importTextDataset({ sources: [join(root, 'a.csv')], folder, name: 'x', splitColumn: 'split' });
  return folder;
}

function textsOf(folder: string): string[] {
  const dataset = openTextDataset(folder);
  const found = Array.from(
    { length: dataset.size },
    (_, at) => `${dataset.text(at)} ${dataset.classes[dataset.label(at)]!}`,
  );
  dataset.close();
  return found;
}

const merge: DatasetEdit = { type: 'merge', from: ['Good'], into: 'good' };

describe('the labels after edits', () => {
  const imported = { classes: ['a', 'b', 'c'], labels: Int32Array.from([0, 1, 2, 1, 0]) };

  it('follow from the log alone', () => {
    const edits: DatasetEdit[] = [
      { type: 'rename', from: 'a', to: 'z' },
      { type: 'relabel', examples: [2], to: 'new' },
      { type: 'drop', classes: ['b'] },
    ];
    expect(applyEdits(imported, edits)).toEqual({ classes: ['new', 'z'], labels: Int32Array.from([1, -1, 0, -1, 1]) });
    expect([...imported.labels]).toEqual([0, 1, 2, 1, 0]);
  });

  it('can take a name that a class without examples had', () => {
    const edits: DatasetEdit[] = [
      { type: 'merge', from: ['a'], into: 'b' },
      { type: 'rename', from: 'c', to: 'a' },
    ];
    expect(applyEdits(imported, edits)).toEqual({ classes: ['a', 'b'], labels: Int32Array.from([1, 1, 0, 1, 1]) });
  });

  it.each<[string, DatasetEdit, string]>([
    ['a class that is not there', { type: 'drop', classes: ['x'] }, 'There is no class “x”; there is “a”, “b”, “c”'],
    ['a name that is taken', { type: 'rename', from: 'a', to: 'b' }, 'There is a class “b” already: merge “a” into it'],
    ['an example that is not there', { type: 'relabel', examples: [5], to: 'a' }, 'There is no example 5'],
    ['a single class', { type: 'merge', from: ['a', 'b'], into: 'c' }, 'at least two classes'],
    [
      'a name that cannot be seen',
      { type: 'relabel', examples: [0], to: '\u200b' },
      'needs at least one visible character',
    ],
  ])('are refused with %s', (_, edit, message) => {
    expect(() => applyEdits(imported, [edit])).toThrow(message);
  });
});

describe('an edited dataset of texts', () => {
  it('has other labels, another hash and a log; undone, it is what was imported to the byte', async () => {
    const folder = await textDataset();
    const before = openTextDataset(folder).manifest;
    const bytes = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
    const merged = await editDataset(folder, 'text-dataset', [merge]);
    expect(textsOf(folder)).toEqual(['a good', 'b good', 'c bad', 'a bad', 'd odd', 'e good', 'f bad']);
    expect(merged.contentHash).not.toBe(before.contentHash);
    expect(merged.edited).toEqual({ edits: 1, originalHash: before.contentHash, stored: 7 });
    const dropped = await editDataset(folder, 'text-dataset', [{ type: 'drop', classes: ['odd'] }]);
    expect([before, merged, dropped]).toMatchObject([{ textBytes: 7 }, { textBytes: 7 }, { textBytes: 6 }]);
    expect(textsOf(folder)).toEqual(['a good', 'b good', 'c bad', 'a bad', 'e good', 'f bad']);
    // Example 4 is the fifth that is left, and the sixth that was imported.
    await editDataset(folder, 'text-dataset', [{ type: 'relabel', examples: [4], to: 'bad' }]);
    expect(textsOf(folder)[4]).toBe('e bad');
    const log = await readEdits(folder);
    expect(log.map(({ edit }) => edit)).toEqual([
      merge,
      { type: 'drop', classes: ['odd'] },
      { type: 'relabel', examples: [5], to: 'bad' },
    ]);
    expect(log[1]!.contentHash).toBe(dropped.contentHash);
    expect(await verifyFiles(folder)).toBe('whole');

    expect((await undoEdits(folder, 'text-dataset', 1)).contentHash).toBe(dropped.contentHash);
    expect((await undoEdits(folder, 'text-dataset', 2)).contentHash).toBe(before.contentHash);
    expect(readdirSync(folder).sort()).toEqual([...bytes.keys()].sort());
    for (const [name, content] of bytes) expect(readFileSync(join(folder, name)).equals(content), name).toBe(true);
    await expect(undoEdits(folder, 'text-dataset', 1)).rejects.toThrow('There are no edits to undo');
  });

  it('keeps its official split and the groups of equal texts', async () => {
    const folder = await textDataset();
    await editDataset(folder, 'text-dataset', [merge, { type: 'drop', classes: ['odd'] }]);
    const dataset = openTextDataset(folder);
    expect(dataset.manifest.officialSplit).toEqual({ training: 3, validation: 0, test: 3 });
    expect([...(dataset.sides ?? [])]).toEqual([1, 3, 1, 1, 3, 3]);
    expect([...dataset.groups]).toEqual([0, 1, 2, 0, 4, 5]);
    dataset.close();
    await editDataset(folder, 'text-dataset', [
      { type: 'relabel', examples: [0], to: 'gone' },
      { type: 'drop', classes: ['gone'] },
    ]);
    const rest = openTextDataset(folder);
    expect([...rest.groups]).toEqual([0, 1, 2, 3, 4]);
    rest.close();
  });

  it('is left alone where one of several edits is refused', async () => {
    const folder = await textDataset();
    const before = readFileSync(join(folder, 'manifest.json'), 'utf8');
    await expect(editDataset(folder, 'text-dataset', [merge, { type: 'drop', classes: ['none'] }])).rejects.toThrow(
      'no class',
    );
    await expect(editDataset(folder, 'text-dataset', [{ type: 'relabel', examples: [7], to: 'bad' }])).rejects.toThrow(
      'There is no example 7: the dataset has 7, counted from 0',
    );
    expect(readFileSync(join(folder, 'manifest.json'), 'utf8')).toBe(before);
    expect(readdirSync(join(folder, '..')).sort()).toEqual(['a.csv', 'made']);
    await expect(editDataset(folder, 'text-corpus', [merge])).rejects.toThrow('no classes that could be changed');
  });
});

describe('edited images and recordings', () => {
  it('are the same pictures under other labels', async () => {
    const root = temporaryFolder();
    for (const [index, label] of ['a', 'b', 'c', 'a'].entries()) {
      writeFile(
        root,
        `in/${label}/${index}.png`,
        await picture(index + 1, 24, 24)
          .png()
          .toBuffer(),
      );
    }
    const destination = join(root, 'made');
    const options = { size: 16, nearDistance: 0 } as const;
    await importImageDataset({
      source: folderSource(join(root, 'in'), { classFolders: true }),
      destination,
      name: 'x',
      options,
    });
    const before = openImageDataset(destination);
    const pixels = Array.from({ length: 4 }, (_, at) => Buffer.from(before.pixels(at)));
    const [names, hashes] = [before.labels.length, before.perceptualHashes()];
    const paths = Array.from({ length: names }, (_, at) => before.source(at).path);
    before.close();
    await editDataset(destination, 'image-dataset', [{ type: 'drop', classes: ['b'] }]);
    const after = openImageDataset(destination);
    expect(after.statistics).toEqual(channelStatistics(after, [0, 1, 2]));
    expect(after.statistics).not.toEqual(before.statistics);
    const kept = paths.flatMap((path, at) => (path.startsWith('b/') ? [] : [at]));
    expect(after.length).toBe(3);
    expect(after.classes).toEqual(['a', 'c']);
    for (const [at, place] of kept.entries()) {
      expect(Buffer.from(after.pixels(at)).equals(pixels[place]!)).toBe(true);
      expect(after.source(at).path).toBe(paths[place]);
      expect([...after.perceptualHashes().subarray(at * 2, at * 2 + 2)]).toEqual([
        ...hashes.subarray(place * 2, place * 2 + 2),
      ]);
    }
    expect(() => after.pixels(3)).toThrow(RangeError);
    after.close();
  });

  it('are the same sounds under other labels', async () => {
    const root = temporaryFolder();
    for (const [index, label] of ['low', 'high', 'odd', 'low'].entries()) {
      const seconds = label === 'high' ? 0.2 : 0.1;
      const sound = wavFile([tone(200 + 100 * index, seconds, 16_000)], 16_000, { bits: 16 });
      mkdirSync(join(root, 'in', label), { recursive: true });
      writeFileSync(join(root, 'in', label, `${index}.wav`), sound);
    }
    const destination = join(root, 'made');
    await importAudioDataset({ sources: [join(root, 'in')], destination, name: 'x' });
    const before = openAudioDataset(destination);
    const frames = new Map(Array.from({ length: 4 }, (_, at) => [before.path(at), [...before.frames(at)]]));
    before.close();
    await editDataset(destination, 'audio-dataset', [
      { type: 'drop', classes: ['high'] },
      { type: 'rename', from: 'odd', to: 'middle' },
    ]);
    const after = openAudioDataset(destination);
    expect(before.manifest.seconds).toBeCloseTo(0.5, 6);
    expect(after.manifest.seconds).toBeCloseTo(0.3, 6);
    expect(after.manifest.longest).toBe(Math.max(...[0, 1, 2].map((at) => after.frames(at).length / 40)));
    expect(after.manifest.longest).toBeLessThan(before.manifest.longest);
    expect(after.classes).toEqual(['low', 'middle']);
    expect(Array.from({ length: 3 }, (_, at) => after.path(at))).toEqual(['low/0.wav', 'low/3.wav', 'odd/2.wav']);
    for (let at = 0; at < 3; at += 1) expect([...after.frames(at)]).toEqual(frames.get(after.path(at)));
    after.close();
  });
});
