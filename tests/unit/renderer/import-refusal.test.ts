// One class is refused in the review, before anything is imported.
import { describe, expect, it } from 'vitest';
import { refusalOf } from '../../../src/renderer/src/features/datasets/import-refusal.ts';
import type { ImportRequest, Inspection } from '../../../src/shared/contract/materials.ts';

const nothing = { table: null, text: null, images: null, sounds: null } as unknown as Inspection;
const request = (more: object): ImportRequest => ({
  kind: 'text-dataset',
  name: 'mails',
  sources: ['mails.csv'],
  textColumn: 'text',
  ...more,
});
const tableWith = (distinct: number, complete = true): Inspection =>
  ({
    ...nothing,
    table: { complete, columns: [{ name: 'label', distinct, values: [{ name: 'spam', count: 9 }] }] },
  }) as unknown as Inspection;
const folders = (kind: 'images' | 'sounds', ...names: string[]): Inspection => ({
  ...nothing,
  [kind]: { classes: names.map((name) => ({ name, count: 3 })) },
});

describe('the review of an import', () => {
  it('refuses a column with one label, once the whole table was read', () => {
    const labelled = request({ labelColumn: 'label' });
    expect(refusalOf(labelled, tableWith(1))).toMatch(/^Every row has the label “spam”/);
    expect(refusalOf(labelled, tableWith(2))).toBeNull();
    expect(refusalOf(labelled, tableWith(1, false))).toBeNull(); // others may follow
    expect(refusalOf(request({ kind: 'text-corpus' }), tableWith(1))).toBeNull();
  });

  it('refuses a single folder of images or recordings as classes', () => {
    const images = request({ kind: 'image-dataset' });
    expect(refusalOf(images, folders('images', 'cats'))).toContain('“cats”');
    expect(refusalOf(images, folders('images', 'cats', 'dogs'))).toBeNull();
    expect(refusalOf(request({ kind: 'image-corpus' }), folders('images', 'cats'))).toBeNull();
    expect(refusalOf(request({ kind: 'audio-dataset' }), folders('sounds', 'yes'))).not.toContain('pretrain');
  });
});
