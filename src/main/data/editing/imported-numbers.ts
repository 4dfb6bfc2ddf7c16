/** The numbers that examples of a dataset had when they were imported: edits that drop some change the others' numbers, but not these. */
import { readDatasetManifest, sizeOf } from './dataset-files.ts';
import type { DatasetManifest } from './dataset-files.ts';
import { placesOf } from './kept-examples.ts';

export interface ImportedNumbers {
  readonly manifest: DatasetManifest;
  /** Content hash as it was imported. */
  readonly originalHash: string;
  /** From a number of now to the one of the import. */
  readonly placeOf: (index: number) => number;
  /** The other way; undefined for an example that was dropped. */
  readonly indexOf: (place: number) => number | undefined;
}

/** @throws LabError `bad-input` for what is no labelled dataset, `corrupt` */
export function importedNumbers(folder: string, kind: string): ImportedNumbers {
  const manifest = readDatasetManifest(folder, kind);
  const size = sizeOf(manifest);
  const placeOf = placesOf(folder, manifest, size);
  const numbers = new Map(Array.from({ length: size }, (_, index) => [placeOf(index), index]));
  return {
    manifest,
    originalHash: manifest.edited?.originalHash ?? manifest.contentHash,
    placeOf,
    indexOf: (place) => numbers.get(place),
  };
}
