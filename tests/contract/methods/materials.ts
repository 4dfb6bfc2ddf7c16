// Corpora and datasets: brought in, looked at, deleted and brought back.
import { stat } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { writeSources } from '../lab-fixture.ts';
import { finished } from './scenario.ts';
import type { Scenario } from './scenario.ts';

export function describeMaterials(scenario: Scenario): void {
  it('inspects and imports text and a table', async () => {
    const { text, table } = await writeSources(scenario.folder);
    const found = await scenario.client.materials.inspect({ paths: [table], rows: 3 });
    expect(found.table?.columns.map(({ name, role }) => [name, role])).toEqual([
      ['text', 'text'],
      ['label', 'label'],
    ]);
    expect(found.table?.rows).toHaveLength(3);
    expect(found.suggestion).toEqual({
      kind: 'text-dataset',
      name: 'reviews',
      sources: [table],
      textColumn: 'text',
      labelColumn: 'label',
    });
    expect((await scenario.client.materials.inspect({ paths: [text] })).suggestion?.kind).toBe('text-corpus');
    expect(Object.keys(await scenario.client.materials.importOptions({}))).toContain('text-corpus');

    const corpus = await scenario.client.materials.import({
      kind: 'text-corpus',
      name: 'stories',
      sources: [text],
      documents: 'blank-line',
      tokenizer: { vocabularySize: 64, minimumFrequency: 1 },
    });
    expect(await finished(scenario.client, corpus.job)).toMatchObject({
      state: 'done',
      made: [{ group: 'corpus', name: 'stories' }],
    });
    const dataset = await scenario.client.materials.import({ kind: 'text-dataset', name: 'reviews', sources: [table] });
    expect((await finished(scenario.client, dataset.job)).state).toBe('done');
    expect((await scenario.client.jobs.list({})).map(({ title }) => title)).toEqual([
      'Import of stories',
      'Import of reviews',
    ]);
    await scenario.client.jobs.dismiss({ id: dataset.job });
    expect(await scenario.client.jobs.list({})).toHaveLength(1);
    expect((await scenario.client.jobs.cancel({ id: corpus.job })).state).toBe('done'); // too late is no error
    await expect(
      scenario.client.materials.import({ kind: 'text-corpus', name: 'stories', sources: [text] }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await expect.poll(() => scenario.jobs).toContain('done');
    await expect.poll(() => scenario.changed).toContain('materials');
  });

  it('browses them', async () => {
    const { materials } = await scenario.client.materials.list({});
    expect(materials.map(({ name, kind }) => [name, kind])).toEqual([
      ['stories', 'text-corpus'],
      ['reviews', 'text-dataset'],
    ]);
    const reviews = { group: 'dataset', name: 'reviews' } as const;
    const details = await scenario.client.materials.get(reviews);
    expect(details.classes).toEqual([
      { name: 'bad', count: 40 },
      { name: 'good', count: 40 },
    ]);
    expect(details.report).toMatchObject({
      content: 'text',
      report: { skipped: { total: 1, byReason: { 'missing-label': 1 } } },
    });
    const page = await scenario.client.materials.search({ ...reviews, limit: 2 });
    expect(page).toMatchObject({ total: 80, nextOffset: 2 });
    const hits = await scenario.client.materials.search({ ...reviews, text: 'PARK', label: 'good', limit: 100 });
    expect(hits.items).toHaveLength(8);
    expect(hits.items.every(({ label, text }) => label === 'good' && text?.includes('park'))).toBe(true);
    expect((await scenario.client.materials.images({ ...reviews, indices: [3] }))[0]).toMatchObject({
      index: 3,
      label: 'bad',
    });
    const { sides, classes } = await scenario.client.materials.splits(reviews);
    expect(sides).toEqual({ training: 56, validation: 8, test: 16 });
    expect(classes).toEqual([
      { name: 'bad', total: 40, training: 28, validation: 4, test: 8 },
      { name: 'good', total: 40, training: 28, validation: 4, test: 8 },
    ]);
    const lengths = await scenario.client.materials.lengths({ group: 'corpus', name: 'stories' });
    expect(lengths.bins.reduce((sum, { count }) => sum + count, 0)).toBe(lengths.measured);
    expect(await scenario.client.materials.duplicates(reviews)).toEqual({ total: 0, groups: [] });
    const { tokens } = await scenario.client.materials.tokenize({
      tokenizer: { corpus: 'stories' },
      text: 'the zebra',
    });
    expect(tokens[0]).toMatchObject({ text: 'the', unknown: false, continues: false });
  });

  it('edits classes, and takes it back', async () => {
    const { client } = scenario;
    const before = await client.materials.get({ group: 'dataset', name: 'reviews' });
    const [first] = before.classes ?? [];
    const name = first?.name ?? '';
    expect(await client.materials.edits({ name: 'reviews' })).toEqual({ contentHash: before.contentHash, edits: [] });
    const edit = { type: 'rename', from: name, to: 'renamed' } as const;
    const edited = await client.materials.edit({ name: 'reviews', edits: [edit] });
    expect(edited.edits.map((entry) => entry.edit)).toEqual([edit]);
    const after = await client.materials.get({ group: 'dataset', name: 'reviews' });
    expect(after.classes?.map((found) => found.name)).toContain('renamed');
    expect(after.contentHash).toBe(edited.contentHash);
    await expect(
      client.materials.edit({ name: 'reviews', edits: [{ type: 'drop', classes: [name] }] }),
    ).rejects.toMatchObject({ code: 'bad-input' });
    await client.materials.edit({ name: 'reviews', undo: 1 });
    const undone = await client.materials.get({ group: 'dataset', name: 'reviews' });
    expect(undone).toEqual(before);
  });

  it('lists samples, begins uploads, deletes material and brings it back', async () => {
    const samples = await scenario.client.samples.list({});
    expect(samples.map(({ name }) => name)).toContain('mail');
    await expect(scenario.client.samples.create({ name: 'none' })).rejects.toMatchObject({ code: 'not-found' });
    const upload = await scenario.client.uploads.begin({});
    expect((await stat(upload.folder)).isDirectory()).toBe(true);
    await scenario.client.uploads.finish({ upload: upload.upload });
    const reviews = { group: 'dataset', name: 'reviews' } as const;
    const { undo } = await scenario.client.materials.delete(reviews);
    await expect(scenario.client.materials.get(reviews)).rejects.toMatchObject({ code: 'not-found' });
    expect(await scenario.client.materials.restore({ undo })).toEqual(reviews);
    expect((await scenario.client.materials.get(reviews)).counts.examples).toBe(80);
    await expect(scenario.client.materials.restore({ undo })).rejects.toMatchObject({ code: 'not-found' });
  });
}
