/**
 * What `torch.save` wrote before PyTorch 1.6, and many published networks still are: four pickles (a magic number, the version
 * of the format, the machine, what was saved), one with the keys of the storages, then the storages in that order, each with its
 * number of elements.
 */
import type { FileHandle } from 'node:fs/promises';
import { LabError } from '../../../shared/errors.ts';
import { dtypes } from '../safetensors-types.ts';
import { readExactly } from '../read-exactly.ts';
import { PickleEndsEarly } from './pickle-cursor.ts';
import { damagedPytorch, type PickledFile, readPickle } from './pickled-file.ts';
import type { PickleValue, StorageReference } from './pickle-values.ts';
import { isDictionary } from './pickle-values.ts';

const magicNumber = 0x1950a86a20f9469cfc6cn;
const formatVersion = 1001;
const firstBytes = 2 ** 18;
const maximumPickleBytes = 64 * 2 ** 20;

export async function readLegacyFile(handle: FileHandle, path: string): Promise<PickledFile> {
  const { size } = await handle.stat();
  const { value, keys, storages, end } = await readPickles(handle, size, path);
  const places = new Map<string, { readonly begin: number; readonly bytes: number }>();
  let position = end;
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage || typeof key !== 'string') throw damagedPytorch(path, 'it lists a storage that nothing refers to');
    const start = await readExactly(handle, position, 8);
    const length = start ? Number(new DataView(start.buffer).getBigInt64(0, true)) : -1;
    const bytes = length * bytesOf(storage);
    if (length !== storage.whole || position + 8 + bytes > size) {
      throw damagedPytorch(path, 'it ends within its numbers: it has not been downloaded completely');
    }
    places.set(key, { begin: position + 8, bytes });
    position += 8 + bytes;
  }
  return {
    value,
    place: ({ key }) => {
      const place = places.get(key);
      if (!place) throw damagedPytorch(path, `the storage ${key.slice(0, 40)} is missing`);
      return place;
    },
  };
}

/** Only types that can be read are let through. */
const bytesOf = ({ dtype }: Pick<StorageReference, 'dtype'>): number =>
  dtype === undefined ? 1 : dtypes[dtype]!.bytes;

interface Pickles {
  readonly value: PickleValue;
  readonly keys: readonly PickleValue[];
  /** Every storage that the pickle refers to, with the elements of the whole one where some are parts. */
  readonly storages: ReadonlyMap<string, Pick<StorageReference, 'dtype'> & { readonly whole: number }>;
  readonly end: number;
}

/** How long the pickles are is known when they end: more of the file is read until they do. */
async function readPickles(handle: FileHandle, size: number, path: string): Promise<Pickles> {
  for (let length = firstBytes; ; length *= 4) {
    const isWhole = length >= size;
    const bytes = await readExactly(handle, 0, Math.min(length, size));
    if (!bytes) throw damagedPytorch(path, 'it ends too early');
    try {
      return parsePickles(bytes, path);
    } catch (error) {
      if (!(error instanceof PickleEndsEarly)) throw error;
      if (isWhole) {
        throw damagedPytorch(path, 'it ends within its pickle: it has not been downloaded completely', error);
      }
      if (length >= maximumPickleBytes) {
        throw new LabError(
          'too-large',
          `${path}: its pickle has more than ${length} bytes; those of weights have fewer`,
          {
            path,
          },
        );
      }
    }
  }
}

function parsePickles(bytes: Uint8Array, path: string): Pickles {
  const storages = new Map<string, Pick<StorageReference, 'dtype'> & { readonly whole: number }>();
  let position = 0;
  const next = (): PickleValue => {
    const { value, end } = readPickle(bytes, position, path, ({ key, dtype }, whole) => {
      storages.set(key, { dtype, whole });
    });
    position = end;
    return value;
  };
  const magic = next();
  if (magic !== magicNumber) {
    throw new LabError('bad-input', `${path} is a pickle of Python, but not one that PyTorch has saved`, { path });
  }
  const version = next();
  if (version !== formatVersion) {
    throw new LabError(
      'format-version',
      `${path} has the version ${String(version)} of PyTorch's format, not ${formatVersion}`,
      {
        path,
      },
    );
  }
  const machine = next();
  if (isDictionary(machine) && machine.get('little_endian') === false) {
    throw new LabError('bad-input', `${path} was written on a machine with big-endian numbers, which cannot be read`, {
      path,
    });
  }
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw damagedPytorch(path, 'the list of its storages is missing');
  return { value, keys, storages, end: position };
}
