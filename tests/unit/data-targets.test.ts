// Labels that are not one class each: numbers and several labels, from tables, folders and sequences, into datasets and back.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { importAudioDataset } from '../../src/main/data/audio/import-audio.ts';
import { openAudioDataset } from '../../src/main/data/audio/audio-dataset.ts';
import { editDataset } from '../../src/main/data/editing/edit-dataset.ts';
import { openImageDataset } from '../../src/main/data/images/image-store.ts';
import { hasValues, targetWords, type Targets } from '../../src/main/data/import/targets.ts';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import type { LabelFormat } from '../../src/shared/spec/label-format.ts';
import { importImages } from '../../src/main/work/import-material.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { tone, wavFile } from './audio-fixtures.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

/** Those of numbers and of several labels. */
function valued(targets: Targets | undefined) {
  if (!targets || !hasValues(targets)) throw new Error('these are no numbers and no labels');
  return targets;
}

function importText(file: string, content: string, labels: LabelFormat, labelColumn?: string) {
  const source = join(temporaryFolder(), file);
  writeFileSync(source, content);
  return importFrom(source, labels, labelColumn);
}

async function importFrom(source: string, labels: LabelFormat, labelColumn?: string) {
  const folder = join(temporaryFolder(), 'dataset');
  await importTextDataset({ sources: [source], folder, name: 'Test', labels, labelColumn });
  const dataset = openTextDataset(folder);
  dataset.close();
  return { folder, dataset, values: [...valued(dataset.targets).values], names: valued(dataset.targets).names };
}

const skippedOf = ({ dataset }: Awaited<ReturnType<typeof importText>>) =>
  dataset.manifest.report.skipped.listed.map(({ line, message }) => `${line}: ${message}`);

describe('numbers as labels', () => {
  it('are kept as they are, with rows that have none left out by their line', async () => {
    const csv = 'text,price\nold house,1.25e3\nnew house,-.5\nno price,\nwords,many\ncomma,"3,5"\nmissing,NaN\n';
    const found = await importText('a.csv', csv, { kind: 'numbers' }, 'price');
    expect(found.values).toEqual([1250, -0.5]);
    expect(found.dataset.manifest.targets).toEqual({
      kind: 'numbers',
      targets: [{ name: 'price', minimum: -0.5, maximum: 1250, mean: 624.75 }],
    });
    expect(found.dataset.classes).toEqual(['price']);
    expect(skippedOf(found)).toEqual([
      '4: has no number',
      '5: “many” is not a number',
      '6: “3,5” has a comma: write numbers with a decimal point',
      '7: has no number',
    ]);
    expect(targetWords(valued(found.dataset.targets), 0)).toBe('1250');
  });

  it('are told how to be written where they have separators or units', async () => {
    const written = ['1,234', '1,234.5', '1 234', '1.234.567', '12 kg', '$5', '7 %', '3 m2', 'many', '1-2'];
    const csv = `text,price\nhouse,1\n${written.map((one, index) => `house ${String(index)},"${one}"`).join('\n')}\n`;
    const found = await importText('a.csv', csv, { kind: 'numbers' }, 'price');
    expect(found.values).toEqual([1]);
    const reasons = skippedOf(found).map((message) => message.replace(/^.*” /u, ''));
    expect(reasons.slice(0, 4)).toEqual(
      new Array(4).fill('has its digits in groups: write numbers without anything between the digits'),
    );
    expect(reasons.slice(4, 8)).toEqual(new Array(4).fill('has a unit: write the number alone'));
    expect(reasons.slice(8)).toEqual(['is not a number', 'is not a number']);
  });

  it('may be several, one in each column', async () => {
    const labels = { kind: 'numbers', furtherColumns: ['area'] } as const;
    const found = await importText('a.csv', 'text,area,price\na,7,1\nb,8,2\nc,,3\n', labels, 'price');
    expect(skippedOf(found)).toEqual(['4: has no number (column “area”)']);
    expect(found.names).toEqual(['price', 'area']);
    expect(found.values).toEqual([1, 7, 2, 8]);
    expect(targetWords(valued(found.dataset.targets), 1)).toBe('price 2, area 8');
  });

  it('change the content hash where the texts are the same', async () => {
    const hash = async (price: string) =>
      (await importText('a.csv', `text,price\na,1\nb,${price}\n`, { kind: 'numbers' }, 'price')).dataset.contentHash;
    expect(await hash('2')).toBe(await hash('2'));
    expect(await hash('2')).not.toBe(await hash('3'));
  });

  it('come after label= in the headers of sequences, too', async () => {
    const fasta = '>a label=0.25\nACGT\n>b label=0.75\nGGCC\n>c label=high\nACCA\n';
    const found = await importText('a.fasta', fasta, { kind: 'numbers' });
    expect(found.values).toEqual([0.25, 0.75]);
    expect(skippedOf(found)).toEqual(['5: “high” is not a number']);
  });

  it('are not classes that could be edited', async () => {
    const { folder } = await importText('a.csv', 'text,price\na,1\nb,2\n', { kind: 'numbers' }, 'price');
    const drop = editDataset(folder, 'text-dataset', [{ type: 'drop', classes: ['price'] }]);
    await expect(drop).rejects.toThrow(/has numbers, not classes/);
  });
});

describe('several labels for each example', () => {
  it('are told apart at the usual separators, or at the one that is named', async () => {
    const csv = 'text,label\na,drama;war\nb,war\nc,\nd,"comedy, drama"\n';
    const found = await importText('a.csv', csv, { kind: 'several' });
    expect(found.names).toEqual(['comedy', 'drama', 'war']);
    expect(found.values).toEqual([0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0]);
    expect(targetWords(valued(found.dataset.targets), 0)).toBe('drama, war');
    expect(targetWords(valued(found.dataset.targets), 2)).toBe('none');
    const named = await importText('a.csv', csv, { kind: 'several', separator: ';' });
    expect(named.names).toEqual(['comedy, drama', 'drama', 'war']);
  });

  it('may be lists of JSON, lists as Python writes them, or a column for each', async () => {
    const jsonl = '{"text":"a","tags":["x","y"]}\n{"text":"b","tags":["y"]}\n';
    expect((await importText('a.jsonl', jsonl, { kind: 'several' }, 'tags[]')).values).toEqual([1, 1, 0, 1]);
    const written = `text,tags\na,"['x', 'y']"\nb,"[""y""]"\nc,[]\n`;
    expect((await importText('a.csv', written, { kind: 'several' }, 'tags')).values).toEqual([1, 1, 0, 1, 0, 0]);
    const inLists = await importText('a.jsonl', jsonl, { kind: 'several' }, 'tags');
    expect(inLists.values).toEqual([1, 1, 0, 1]);
    const columns = 'text,rude,threat\na,1,0\nb,no,yes\nc,maybe,1\n';
    const several = await importText('a.csv', columns, { kind: 'several', furtherColumns: ['threat'] }, 'rude');
    expect(several.names).toEqual(['rude', 'threat']);
    expect(several.values).toEqual([1, 0, 0, 1]);
    expect(skippedOf(several)).toEqual([
      '4: “rude=maybe”: with a column for each label, a cell is 1 or 0, true or false, yes or no',
    ]);
  });

  it('may hold commas, where they stand in a list', async () => {
    const rows = [
      { text: 'a', tags: ['sci-fi, fantasy', 'war'] },
      { text: 'b', tags: ['sci-fi, fantasy'] },
      { text: 'c', tags: [] },
      { text: 'd', tags: null },
    ];
    const names = ['sci-fi, fantasy', 'war'];
    const jsonl = rows.map((row) => JSON.stringify(row)).join('\n');
    for (const column of ['tags', 'tags[]']) {
      const found = await importText('a.jsonl', jsonl, { kind: 'several' }, column);
      expect(found.names).toEqual(names);
      expect(found.values).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
    }
    const written = [`"['sci-fi, fantasy', ""war""]"`, String.raw`"[""sci-fi, fantasy""]"`, '[]', `"['don\\'t', ' ']"`];
    const csv = `text,tags\n${written.map((one, index) => `text ${String(index)},${one}`).join('\n')}\n`;
    expect((await importText('a.csv', csv, { kind: 'several' }, 'tags')).names).toEqual(["don't", ...names]);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const path = join(temporaryFolder(), 'a.parquet');
    await connection.run(
      `COPY (SELECT * FROM (VALUES ('a', ['sci-fi, fantasy', 'war']), ('b', ['war']), ('c', [])) AS t(text, tags)) TO '${path}' (FORMAT parquet)`,
    );
    connection.closeSync();
    instance.closeSync();
    for (const column of ['tags', 'tags[]']) {
      const found = await importFrom(path, { kind: 'several' }, column);
      expect(found.names).toEqual(names);
      expect(found.values).toEqual([1, 1, 0, 1, 0, 0]);
    }
  });

  it('are refused where no example has one', async () => {
    const none = importText('a.csv', 'text,label\na,\nb,\n', { kind: 'several' });
    await expect(none).rejects.toThrow(/No example has a label/);
  });
});

describe('numbers of files', () => {
  it('belong to the images of a table', async () => {
    const root = temporaryFolder();
    for (const [index, grey] of [20, 120, 220].entries()) {
      const pixels = {
        create: { width: 12, height: 12, channels: 3 as const, background: { r: grey, g: grey, b: index } },
      };
      await sharp(pixels)
        .png()
        .toFile(join(root, `${index}.png`));
    }
    writeFileSync(join(root, 'table.csv'), 'path,age,height\n0.png,3,90\n1.png,old,100\n2.png,41,180\n');
    const workspace = await openWorkspace(join(temporaryFolder(), 'workspace'));
    const { manifest, report } = await importImages(workspace, 'dataset', 'ages', {
      sources: [join(root, 'table.csv')],
      options: { size: 8 },
      table: { labelColumn: 'age' },
      labels: { kind: 'numbers', furtherColumns: ['height'] },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    expect(report.skipped.listed.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      '1.png: “old” is not a number (column “age”)',
    ]);
    expect(manifest.classes).toEqual([{ name: 'age, height', images: 2 }]);
    const dataset = openImageDataset(join(workspace.datasets, 'ages'));
    expect([...valued(dataset.targets).values]).toEqual([3, 90, 41, 180]);
    dataset.close();
  });

  it.each([
    [{ kind: 'numbers' }, ['3', '3', '5'], 2],
    [{ kind: 'several' }, ['b;a', 'a;b', 'a'], 2],
  ] as const)('of the same image are kept where they differ (%o)', async (labels, values, kept) => {
    const root = temporaryFolder();
    const grey = { create: { width: 12, height: 12, channels: 3 as const, background: { r: 90, g: 90, b: 9 } } };
    for (const index of values.keys()) {
      await sharp(grey)
        .png()
        .toFile(join(root, `${index}.png`));
    }
    const rows = values.map((value, index) => `${index}.png,${value}`);
    writeFileSync(join(root, 'table.csv'), ['path,label', ...rows, ''].join('\n'));
    const workspace = await openWorkspace(join(temporaryFolder(), 'workspace'));
    const { manifest, report } = await importImages(workspace, 'dataset', 'same', {
      sources: [join(root, 'table.csv')],
      options: { size: 8 },
      labels,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    expect(manifest.images).toBe(kept);
    expect(report.skipped.listed.map(({ path }) => path)).toEqual(['1.png']); // the same bytes and the same labels
    expect(report.exactDuplicates.labelConflicts).toBe(1);
  });

  it('are the names of the folders of recordings', async () => {
    const root = temporaryFolder();
    for (const pitch of [200, 400]) {
      mkdirSync(join(root, String(pitch)));
      writeFileSync(join(root, String(pitch), 'a.wav'), wavFile([tone(pitch, 0.2, 8000)], 8000, { bits: 16 }));
    }
    const folder = join(temporaryFolder(), 'pitches');
    const labels = { kind: 'numbers' } as const;
    await importAudioDataset({
      sources: [root],
      destination: folder,
      name: 'Pitches',
      options: { maximumFrequency: 3800 },
      labels,
    });
    const dataset = openAudioDataset(folder);
    expect([...valued(dataset.targets).values]).toEqual([200, 400]);
    expect(dataset.classes).toEqual(['label']);
    dataset.close();
  });
});
