/** A place for imports of images, made anew for every test, and the ways to fill it. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { ImageImport } from '../../src/main/data/images/import.ts';
import type { ImageEntry, ImageSource, RawImage } from '../../src/main/data/images/source.ts';
import { LabError } from '../../src/shared/errors.ts';
import { picture, picturePixels, writeFile } from './data-images-fixtures.ts';

export interface ImportPlace {
  /** Around everything. */
  readonly folder: string;
  /** Where files to be imported lie. */
  readonly input: string;
  /** Where they are imported to. */
  readonly destination: string;
}

/** Called once by a test file; what it returns has new folders in every test. */
export function useImportPlace(): ImportPlace {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pretext-images-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return {
    get folder() {
      return folder;
    },
    get input() {
      return join(folder, 'input');
    },
    get destination() {
      return join(folder, 'corpora', 'photos');
    },
  };
}

export function importJob(place: ImportPlace, source: ImageSource, changes: Partial<ImageImport> = {}): ImageImport {
  return { source, destination: place.destination, name: 'photos', options: { size: 32 }, ...changes };
}

export function expectNothingLeft({ folder }: ImportPlace): void {
  const corpora = join(folder, 'corpora');
  expect(existsSync(corpora) ? readdirSync(corpora) : []).toEqual([]);
}

export async function writePictures(folder: string, paths: readonly string[]): Promise<void> {
  for (const [seed, path] of paths.entries()) writeFile(folder, path, await picture(seed).png().toBuffer());
}

/** Entries with pixels of their own, so that nothing is decoded. */
export function rawSource(
  images: readonly { path: string; seed: number; label?: string; group?: string }[],
): ImageSource {
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

/** The error that a promise has to end with. */
export async function labError(promise: Promise<unknown>): Promise<LabError> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof LabError) return error;
  throw error;
}
