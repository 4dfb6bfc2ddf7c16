// What people do to material, on a file system that fails.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { importModel } from '../../src/main/runs/import-model.ts';
import type { DatasetEdit } from '../../src/shared/spec/dataset-edit.ts';
import { changeDataset, editsOf } from '../../src/main/work/edit-dataset.ts';
import { importAudio, importCorpus, importDataset, importImages } from '../../src/main/work/import-material.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { tinyDocument } from '../tiny-workspace.ts';
import { tone, wavFile } from '../unit/audio-fixtures.ts';
import { picture } from '../unit/data-images-fixtures.ts';
import type { Operation } from './look-after.ts';
import { wholeFolder } from './outcome.ts';

const never = new AbortController().signal;
const onProgress = (): void => undefined;

export const materialNames = [
  'import a corpus',
  'import labelled texts',
  'import recordings',
  'import images',
  'import a model',
  'edit the classes of a dataset',
  'label examples',
] as const;

/** Makes what is imported, and the datasets `classes` and `examples`, which are changed. */
export async function materialOperations({
  folder,
  workspace,
}: TinyWorkspace): Promise<Readonly<Record<(typeof materialNames)[number], Operation>>> {
  const table = join(folder, 'labelled.csv');
  const rows = Array.from(
    { length: 8 },
    (_, index) => `${tinyDocument(index).slice(0, 40)},${index % 2 ? 'odd' : 'even'}`,
  );
  await writeFile(table, ['text,label', ...rows].join('\n'));
  await importDataset(workspace, 'classes', { sources: [table] });
  await importDataset(workspace, 'examples', { sources: [table] });
  const sounds = join(folder, 'sounds');
  const recordings = join(sounds, 'list.csv');
  const pictures = join(folder, 'pictures');
  await Promise.all([
    mkdir(sounds),
    mkdir(join(pictures, 'a'), { recursive: true }),
    mkdir(join(pictures, 'b'), { recursive: true }),
  ]);
  for (const note of [1, 2]) {
    await writeFile(join(sounds, `${note}.wav`), wavFile([tone(400 * note, 0.1, 16_000)], 16_000, { bits: 16 }));
  }
  await writeFile(recordings, 'path,label\n1.wav,low\n2.wav,high\n');
  for (const number of [0, 1, 2, 3]) {
    const file = join(pictures, number % 2 === 0 ? 'a' : 'b', `${number}.png`);
    await writeFile(file, await picture(number, 16, 16).png().toBuffer());
  }
  return {
    'import a corpus': {
      async perform(its, say) {
        await importCorpus(its, 'imported', {
          sources: [join(folder, 'text', '1.txt'), join(folder, 'text', '2.txt')],
          tokenizer: { vocabularySize: 60 },
        });
        say('imported');
      },
      outcome: (its, said, tell) => wholeFolder(join(its.corpora, 'imported'), said, tell, ['manifest.json']),
    },
    'import labelled texts': {
      async perform(its, say) {
        await importDataset(its, 'imported', { sources: [table] });
        say('imported');
      },
      outcome: (its, said, tell) => wholeFolder(join(its.datasets, 'imported'), said, tell, ['manifest.json']),
    },
    'import recordings': {
      async perform(its, say) {
        await importAudio(its, 'imported', { sources: [recordings], options: { bands: 16 } });
        say('imported');
      },
      outcome: (its, said, tell) => wholeFolder(join(its.datasets, 'imported'), said, tell, ['manifest.json']),
    },
    'import images': {
      async perform(its, say) {
        const request = { sources: [pictures], options: { size: 12 }, signal: never, onProgress };
        await importImages(its, 'dataset', 'imported', request);
        say('imported');
      },
      outcome: (its, said, tell) =>
        wholeFolder(join(its.datasets, 'imported'), said, tell, ['manifest.json', 'import-report.json']),
    },
    'import a model': {
      async perform(its, say) {
        await importModel(its, 'imported', resolve('tests/fixtures/models/bert'), { signal: never });
        say('imported');
      },
      outcome: (its, said, tell) =>
        wholeFolder(join(its.models, 'imported'), said, tell, ['manifest.json', 'README.md']),
    },
    'edit the classes of a dataset': {
      async perform(its, say) {
        await changeDataset(
          { workspace: its },
          { name: 'classes', edits: [{ type: 'rename', from: 'odd', to: 'uneven' }], undo: 0 },
        );
        say('renamed');
      },
      async outcome(its, said, tell) {
        const text = await readFile(join(its.datasets, 'classes', 'manifest.json'), 'utf8');
        const { classes, contentHash } = JSON.parse(text) as { classes: unknown; contentHash: string };
        if (said.length > 0 && !text.includes('uneven')) tell('the change is gone');
        return [classes, contentHash];
      },
    },
    'label examples': {
      // From where it was left: the same example twice would be two labels.
      async perform(its, say) {
        const { edits } = await editsOf({ workspace: its }, { name: 'examples' });
        for (let example = edits.length; example < 3; example++) {
          const edit: DatasetEdit = { type: 'relabel', examples: [example], to: example % 2 === 0 ? 'odd' : 'even' };
          await changeDataset({ workspace: its }, { name: 'examples', edits: [edit], undo: 0 });
          say(String(example + 1));
        }
      },
      async outcome(its, said, tell) {
        const { edits, contentHash } = await editsOf({ workspace: its }, { name: 'examples' });
        if (edits.length < said.length) tell(`${edits.length} labels are there of ${said.length}`);
        return [edits.map(({ edit }) => edit), contentHash];
      },
    },
  };
}
