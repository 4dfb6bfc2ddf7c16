import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importAudioDataset } from '../../src/main/data/audio/import-audio.ts';
import { openAudioDataset } from '../../src/main/data/audio/audio-dataset.ts';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import { importImageCorpus } from '../../src/main/data/images/import.ts';
import { openImageCorpus } from '../../src/main/data/images/image-store.ts';
import { joinSources } from '../../src/main/data/images/joined-source.ts';
import { splitByImage } from '../../src/main/tasks/images/unlabelled-images.ts';
import { picture } from './data-images-fixtures.ts';
import { splitDataset } from '../../src/main/data/split.ts';
import { openTextDataset, type TextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset, type ImportTextDatasetOptions } from '../../src/main/data/text/import-dataset.ts';
import { tone, wavFile } from './audio-fixtures.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

function write(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

async function importTexts(options: Partial<ImportTextDatasetOptions>): Promise<TextDataset> {
  const folder = join(temporaryFolder(), 'dataset');
  await importTextDataset({ sources: [], folder, name: 'Test', ...options });
  return openTextDataset(folder);
}

const textsOn = (dataset: TextDataset, side: 'train' | 'validation' | 'test', seed = 0): string[] =>
  [...splitDataset(dataset, { seed })[side]].map((index) => dataset.text(index)).sort();

describe('a split that comes with the material', () => {
  it('is a column', async () => {
    const rows = ['text,label,side', 'a,x,train', 'b,y,Training', 'c,x,dev', 'd,y,validation', 'e,x,test', 'f,y,extra'];
    const dataset = await importTexts({
      sources: [join(write({ 'a.csv': rows.join('\n') }), 'a.csv')],
      splitColumn: 'side',
    });
    expect(dataset.manifest.officialSplit).toEqual({ training: 2, validation: 2, test: 1 });
    expect(dataset.manifest.report.skipped.listed).toMatchObject([
      { line: 7, message: expect.stringContaining('“extra”') },
    ]);
    for (const seed of [0, 1]) {
      expect(textsOn(dataset, 'train', seed)).toEqual(['a', 'b']);
      expect(textsOn(dataset, 'validation', seed)).toEqual(['c', 'd']);
      expect(textsOn(dataset, 'test', seed)).toEqual(['e']);
    }
  });

  it('is files of their own; a side that is not there is drawn from the training side', async () => {
    const table = (name: string, count: number): string =>
      `text,label\n${Array.from({ length: count }, (_, index) => `${name}${index},${index % 2 ? 'x' : 'y'}`).join('\n')}\n`;
    const root = write({ 'train.csv': table('train', 40), 'test.csv': table('test', 6) });
    const sides = { training: [join(root, 'train.csv')], test: [join(root, 'test.csv')] };
    const dataset = await importTexts({ sides });
    expect(textsOn(dataset, 'test')).toEqual(Array.from({ length: 6 }, (_, index) => `test${index}`));
    expect(textsOn(dataset, 'validation')).toHaveLength(4);
    expect(textsOn(dataset, 'validation').every((text) => text.startsWith('train'))).toBe(true);
    expect(textsOn(dataset, 'train')).toHaveLength(36);
    expect(textsOn(dataset, 'validation', 1)).not.toEqual(textsOn(dataset, 'validation', 0));
  });

  it('is folders around the folders of the classes', async () => {
    const root = write({
      'train/x/1.txt': 'one',
      'train/y/2.txt': 'two',
      'test/x/3.txt': 'three',
      'test/y/4.txt': 'four',
    });
    const dataset = await importTexts({ sources: [root] });
    expect(dataset.classes).toEqual(['x', 'y']);
    expect(textsOn(dataset, 'test')).toEqual(['four', 'three']);
  });

  it('tells what its sides share', async () => {
    const rows = ['text,label,split', 'a,x,train', 'b,y,train', 'a,x,test', 'c,y,test'];
    const root = write({ 'a.csv': rows.join('\n') });
    const dataset = await importTexts({ sources: [join(root, 'a.csv')], splitColumn: 'split' });
    expect(dataset.manifest.report.notes.listed).toContainEqual({
      path: join(root, 'a.csv'),
      line: 4,
      message: expect.stringContaining(`shares its text or group with ${join(root, 'a.csv')}:2`),
    });
    expect(textsOn(dataset, 'test')).toEqual(['a', 'c']);
  });
});

describe('a corpus of images', () => {
  it('keeps the sides of the sources it came from', async () => {
    const root = temporaryFolder();
    const sides = { training: 12, validation: 3, test: 4 } as const;
    const parts = await Promise.all(
      (['training', 'validation', 'test'] as const).map(async (side, place) => {
        mkdirSync(join(root, side));
        for (let at = 0; at < sides[side]; at += 1) {
          const bytes = await picture(1 + at + 20 * place, 24, 24)
            .png()
            .toBuffer();
          writeFileSync(join(root, side, `${at}.png`), bytes);
        }
        return { source: folderSource(join(root, side)), side };
      }),
    );
    const destination = join(root, 'made');
    const options = { size: 16, nearDistance: 0 } as const;
    await importImageCorpus({ source: joinSources(parts), destination, name: 'x', options });
    const corpus = openImageCorpus(destination);
    expect(corpus.manifest.officialSplit).toEqual(sides);
    for (const seed of [0, 1]) {
      const split = splitByImage(corpus, { validation: 0.1, test: 0.2 }, seed);
      for (const side of ['training', 'validation', 'test'] as const) {
        expect([...split[side]].map((image) => corpus.source(image).path.split('/')[0])).toEqual(
          Array.from({ length: sides[side] }, () => side),
        );
      }
    }
    corpus.close();
  });
});

describe('groups of a column', () => {
  it('never stand on two sides, and are joined with those of equal texts', async () => {
    const rows = Array.from(
      { length: 60 },
      (_, index) => `text ${index},${index % 2 ? 'x' : 'y'},author ${index % 12}`,
    );
    const content = ['text,label,author', ...rows, 'text 0,y,author 99', 'other,y,author 99'].join('\n');
    const dataset = await importTexts({ sources: [join(write({ 'a.csv': content }), 'a.csv')], groupColumn: 'author' });
    expect(dataset.manifest.groups).toBe(13);
    const groupOf = (index: number): number => dataset.groups[index]!;
    expect(groupOf(61)).toBe(groupOf(0));
    for (const seed of [0, 1, 2]) {
      const split = splitDataset(dataset, { seed });
      const sides = [split.train, split.validation, split.test].map((side) => new Set([...side].map(groupOf)));
      for (const [one, other] of [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const) {
        expect([...sides[one]!].filter((group) => sides[other]!.has(group))).toEqual([]);
      }
      expect(split.test.length).toBeGreaterThan(0);
    }
  });
});

describe('recordings', () => {
  const sound = (frequency: number): Uint8Array => wavFile([tone(frequency, 0.1, 16_000)], 16_000, { bits: 16 });

  it('have groups and sides from a table, and links lead to them', async () => {
    const root = write({
      'store/a.wav': sound(200),
      'store/b.wav': sound(300),
      'store/c.wav': sound(400),
      'store/d.wav': sound(500),
    });
    mkdirSync(join(root, 'set'));
    for (const name of ['a', 'b', 'c', 'd']) {
      symlinkSync(join(root, 'store', `${name}.wav`), join(root, 'set', `${name}.wav`));
    }
    symlinkSync(join(root, 'nowhere.wav'), join(root, 'set/e.wav'));
    const rows = [
      'file,class,speaker,part',
      'a.wav,x,s1,train',
      'b.wav,y,s1,train',
      'c.wav,x,s2,test',
      'd.wav,y,s2,test',
      'e.wav,y,s2,test',
    ];
    writeFileSync(join(root, 'set/list.csv'), rows.join('\n'));
    const destination = join(temporaryFolder(), 'dataset');
    const table = { pathColumn: 'file', labelColumn: 'class', groupColumn: 'speaker', splitColumn: 'part' };
    const manifest = await importAudioDataset({ sources: [join(root, 'set/list.csv')], destination, name: 'x', table });
    expect(manifest).toMatchObject({
      recordings: 4,
      groups: 2,
      officialSplit: { training: 2, validation: 0, test: 2 },
    });
    expect(manifest.report.skipped.listed).toMatchObject([{ path: 'e.wav', reason: 'unreadable' }]);
    const dataset = openAudioDataset(destination);
    expect([...(dataset.groups ?? [])]).toEqual([0, 0, 2, 2]);
    expect([...(dataset.sides ?? [])]).toEqual([1, 1, 3, 3]);
    dataset.close();
  });

  it('in folders are found through links to files and folders, and a circle is told', async () => {
    const root = write({ 'store/1.wav': sound(200), 'real/high/2.wav': sound(900), 'set/low/.keep': '' });
    symlinkSync(join(root, 'store/1.wav'), join(root, 'set/low/1.wav'));
    symlinkSync(join(root, 'real/high'), join(root, 'set/high'));
    symlinkSync(join(root, 'set'), join(root, 'set/low/again'));
    const destination = join(temporaryFolder(), 'dataset');
    const manifest = await importAudioDataset({ sources: [join(root, 'set')], destination, name: 'x' });
    expect(manifest.classes).toEqual([
      { name: 'high', recordings: 1 },
      { name: 'low', recordings: 1 },
    ]);
    expect(manifest.report.ignored).toEqual({ '(hidden)': 1, '(circle)': 1 });
  });
});
