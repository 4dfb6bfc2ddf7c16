/** Which of the stored examples a dataset has, where an edit dropped some. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError, reasonOf } from '../../../shared/errors.ts';

/** For each example, its place among those that were imported: uint32, little endian; there only where some were dropped. */
export const KEPT_FILE = 'kept.bin';

interface SizedManifest {
  readonly edited?: { readonly stored: number } | undefined;
}

/**
 * From the number of an example to its place in the files; the same number where none was dropped.
 * @throws LabError `corrupt`
 */
export function placesOf(folder: string, { edited }: SizedManifest, size: number): (index: number) => number {
  if (edited === undefined || edited.stored === size) return (index) => index;
  const path = join(folder, KEPT_FILE);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new LabError('corrupt', `${path} cannot be read (${reasonOf(error)}). Import again.`, { path }, error);
  }
  if (bytes.length !== size * 4) {
    throw new LabError('corrupt', `${path} does not fit the manifest. Import again.`, { path });
  }
  const places = Uint32Array.from({ length: size }, (_, index) => bytes.readUInt32LE(index * 4));
  if (places.some((place) => place >= edited.stored)) {
    throw new LabError('corrupt', `${path} does not fit the manifest. Import again.`, { path });
  }
  return (index) => places[index] ?? index;
}
