/** What both formats of PyTorch share: a pickle that refers to storages, whose numbers lie elsewhere in the file. */
import { LabError } from '../../../shared/errors.ts';
import { DamagedPickle } from './pickle-cursor.ts';
import type { PickleValue, StorageReference } from './pickle-values.ts';
import { storageOf, torchName } from './torch-names.ts';
import { unpickle } from './unpickle.ts';

export interface PickledFile {
  readonly value: PickleValue;
  /** Where the numbers of a storage lie in the file, in bytes. Throws `LabError('corrupt')` where they are missing. */
  readonly place: (storage: StorageReference) => { readonly begin: number; readonly bytes: number };
}

/**
 * One pickle, with the names that weights need and no others.
 *
 * @param onStorage is told each storage that is referred to, and the elements of the whole one if it is a part
 *
 * Throws `PickleEndsEarly` where the bytes end before it, `LabError('corrupt' | 'bad-input')` that names the file otherwise.
 */
export function readPickle(
  bytes: Uint8Array,
  position: number,
  path: string,
  onStorage?: (storage: StorageReference, whole: number) => void,
): { readonly value: PickleValue; readonly end: number } {
  try {
    return unpickle(bytes, position, {
      global: torchName,
      persistent: (id) => {
        const { storage, whole } = storageOf(id);
        onStorage?.(storage, whole);
        return storage;
      },
    });
  } catch (error) {
    if (error instanceof DamagedPickle) throw damagedPytorch(path, error.message, error);
    if (error instanceof LabError) {
      throw new LabError(error.code, `${path}: ${error.message}`, { ...error.details, path }, error);
    }
    throw error;
  }
}

export function damagedPytorch(path: string, why: string, cause?: unknown): LabError {
  return new LabError('corrupt', `${path} is not a whole PyTorch file: ${why}`, { path }, cause);
}
