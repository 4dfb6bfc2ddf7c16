/** Small image material in a temporary workspace, made from numbers alone. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { ImageEntry, ImageSource } from '../src/main/data/images/source.ts';
import { importImageCorpus, importImageDataset } from '../src/main/data/images/import.ts';
import type { Workspace } from '../src/main/workspace/workspace.ts';
import { openWorkspace } from '../src/main/workspace/workspace.ts';
import { picturePixels } from './unit/data-images-fixtures.ts';

export const tinyClasses = ['bright', 'dark', 'green'];

/** Different pictures; with labels, each class has a colour of its own. */
export function tinyImages(count: number, side: number, labelled = false): ImageSource {
  const entries: ImageEntry[] = Array.from({ length: count }, (_, index) => {
    const label = tinyClasses[index % tinyClasses.length]!;
    const shift = { bright: [60, 60, 60], dark: [-60, -60, -60], green: [-40, 70, -40] }[label]!;
    return {
      path: `${index}.png`,
      ...(labelled && { label }),
      read: () => {
        const data = picturePixels(index, side, side).map((value, position) =>
          labelled ? Math.min(255, Math.max(0, value + shift[position % 3]!)) : value,
        );
        return Promise.resolve({ height: side, width: side, channels: 3 as const, data });
      },
    };
  });
  return {
    kind: 'sample',
    path: 'tiny',
    count: () => Promise.resolve(count),
    async *entries() {
      for (const entry of entries) yield await Promise.resolve(entry);
    },
    ignored: () => new Map(),
  };
}

export interface TinyImageWorkspace {
  readonly workspace: Workspace;
  readonly folder: string;
  remove(): Promise<void>;
}

/** Has the corpus `pictures` (24-pixel images) and the dataset `colours` of three classes. */
export async function createTinyImageWorkspace(): Promise<TinyImageWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), 'pretext-images-'));
  const workspace = await openWorkspace(join(folder, 'workspace'));
  await mkdir(workspace.corpora, { recursive: true });
  await mkdir(workspace.datasets, { recursive: true });
  await importImageCorpus({
    source: tinyImages(40, 24),
    destination: join(workspace.corpora, 'pictures'),
    name: 'pictures',
    options: { size: 24 },
  });
  await importImageDataset({
    source: tinyImages(60, 24, true),
    destination: join(workspace.datasets, 'colours'),
    name: 'colours',
    options: { size: 24 },
  });
  return { workspace, folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
