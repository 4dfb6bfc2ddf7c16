/**
 * Weights that `torch.save` has written, as a zip archive or in the older format. Nothing in such a file is run: its pickle is read
 * by `unpickle`, which lets through what rebuilds tensors and refuses everything else by name.
 */
import type { FileHandle } from 'node:fs/promises';
import { LabError } from '../../../shared/errors.ts';
import { elementCount, showShape } from '../../graph/shape.ts';
import type { SafetensorsData } from '../safetensors-types.ts';
import { dtypes } from '../safetensors-types.ts';
import { openToRead, readExactly } from '../read-exactly.ts';
import type { TensorSource } from '../weights/tensor-source.ts';
import { readLegacyFile } from './legacy-file.ts';
import { damagedPytorch, type PickledFile } from './pickled-file.ts';
import { PickleEndsEarly } from './pickle-cursor.ts';
import type { TensorReference } from './pickle-values.ts';
import { findTensors } from './state-dictionary.ts';
import { gatherStrided, span } from './strided.ts';
import { readZipArchive } from './zip-archive.ts';

/** Tied weights are there twice or three times; a small file that claims a hundred times its size is a trap. */
const maximumSharing = 8;

/** A tensor whose numbers have been found in the file. */
interface PlacedTensor extends TensorReference {
  /** In bytes. */
  readonly begin: number;
}

/**
 * Throws `LabError('not-found')`; `corrupt` for a file that is damaged or was cut off; `bad-input` for one that asks for code, or for
 * what cannot be read.
 */
export async function openPytorch(path: string): Promise<TensorSource> {
  await using stack = new AsyncDisposableStack();
  const handle = await openToRead(path);
  stack.defer(() => handle.close());
  const file = await readPickledFile(handle, path);
  const tensors = placeTensors(file, (await handle.stat()).size, path);
  const opened = stack.move();
  return {
    entries: tensors,
    async read(name) {
      const tensor = tensors.get(name);
      if (!tensor) throw new LabError('not-found', `${path} has no tensor ${name}`, { path, tensor: name });
      return readTensor(handle, name, tensor, path);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function readPickledFile(handle: FileHandle, path: string): Promise<PickledFile> {
  const start = await readExactly(handle, 0, 2);
  try {
    return start?.[0] === 0x80 ? await readLegacyFile(handle, path) : await readZipArchive(handle, path);
  } catch (error) {
    if (error instanceof PickleEndsEarly) throw damagedPytorch(path, 'its pickle ends too early', error);
    throw error;
  }
}

/** Checks that every tensor lies within its storage, and every storage within the file. */
function placeTensors(file: PickledFile, size: number, path: string): ReadonlyMap<string, PlacedTensor> {
  const placed = new Map<string, PlacedTensor>();
  let total = 0;
  for (const [name, tensor] of findTensors(file.value, path)) {
    const { storage, dtype, shape, offset } = tensor;
    const { begin, bytes: available } = file.place(storage);
    const unit = storage.dtype === undefined ? 1 : bytesOf(storage.dtype);
    const first = storage.begin * unit + offset * bytesOf(dtype);
    const last = first + span(tensor) * bytesOf(dtype);
    // Sizes that are too large for a number are no numbers, and fail these comparisons, too.
    if (!(last <= available && last <= (storage.begin + storage.length) * unit && begin + last <= size)) {
      throw damagedPytorch(path, `${name} is ${dtype} ${showShape(shape)}, which is more than its storage holds`);
    }
    total += last - first;
    if (!(elementCount(shape) <= span(tensor) && total <= maximumSharing * size)) {
      throw new LabError(
        'bad-input',
        `${path}: ${name} is ${showShape(shape)}, numbers that are repeated from fewer in the file: save it as a copy (tensor.clone())`,
        { path, tensor: name },
      );
    }
    placed.set(name, { ...tensor, begin: begin + first });
  }
  return placed;
}

/** Only types that can be read are let through. */
const bytesOf = (dtype: string): number => dtypes[dtype]!.bytes;

async function readTensor(
  handle: FileHandle,
  name: string,
  tensor: PlacedTensor,
  path: string,
): Promise<SafetensorsData> {
  const { begin, dtype } = tensor;
  const { bytes: elementBytes, decode } = dtypes[dtype]!; // only types that can be read are let through
  const count = span(tensor);
  const bytes = await readExactly(handle, begin, count * elementBytes);
  if (!bytes) throw damagedPytorch(path, 'it ends too early');
  const stored = decode(new DataView(bytes.buffer), count);
  if (!stored) {
    throw new LabError('bad-input', `${path}: ${name} has integers that do not fit 32 bits`, { path, tensor: name });
  }
  return count === 0 ? stored : gatherStrided(stored, tensor);
}
