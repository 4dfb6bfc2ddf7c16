/** The zip archives of `torch.save`: a pickle `<name>/data.pkl`, and the numbers of each storage in `<name>/data/<key>`, not compressed. */
import type { FileHandle } from 'node:fs/promises';
import { openPromise } from 'yauzl';
import { isLabError, LabError, messageOf } from '../../../shared/errors.ts';
import { readExactly } from '../read-exactly.ts';
import { damagedPytorch, type PickledFile, readPickle } from './pickled-file.ts';

interface Place {
  readonly begin: number;
  readonly bytes: number;
}

/** As many storages as a pickle can name, and more than any network has. */
const maximumEntries = 200_000;
/** Longer pickles hold more than weights. */
const maximumPickleBytes = 64 * 2 ** 20;

export async function readZipArchive(handle: FileHandle, path: string): Promise<PickledFile> {
  const entries = await listEntries(path);
  const pickle = [...entries.keys()].find((name) => name === 'data.pkl' || name.endsWith('/data.pkl'));
  if (pickle === undefined) {
    const script = [...entries.keys()].some((name) => name.includes('/code/'));
    throw new LabError(
      'bad-input',
      script
        ? `${path} is a TorchScript program; save its weights alone, as torch.save(model.state_dict(), …)`
        : `${path} is a zip archive without the data.pkl that PyTorch writes`,
      { path },
    );
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && (await readText(handle, order)) === 'big') {
    throw new LabError('bad-input', `${path} was written on a machine with big-endian numbers, which cannot be read`, {
      path,
    });
  }
  const place = entries.get(pickle)!; // it was found among them
  if (place.bytes > maximumPickleBytes) {
    throw new LabError('too-large', `${path}: its pickle has ${place.bytes} bytes; those of weights have fewer`, {
      path,
    });
  }
  const bytes = await readExactly(handle, place.begin, place.bytes);
  if (!bytes) throw damagedPytorch(path, 'it ends too early');
  return {
    value: readPickle(bytes, 0, path).value,
    place: ({ key }) => {
      const stored = entries.get(`${folder}data/${key}`);
      if (!stored) throw damagedPytorch(path, `the storage ${key.slice(0, 40)} is missing`);
      return stored;
    },
  };
}

async function readText(handle: FileHandle, { begin, bytes }: Place): Promise<string> {
  return new TextDecoder('latin1').decode(await readExactly(handle, begin, Math.min(bytes, 16)));
}

async function listEntries(path: string): Promise<ReadonlyMap<string, Place>> {
  try {
    const archive = await openPromise(path, { autoClose: false, lazyEntries: true });
    try {
      if (archive.entryCount > maximumEntries) {
        throw damagedPytorch(path, `it claims to have ${archive.entryCount} parts`);
      }
      const entries = new Map<string, Place>();
      for await (const entry of archive.eachEntry()) {
        if (entry.isEncrypted() || entry.compressionMethod !== 0) {
          throw new LabError(
            'bad-input',
            `${path}: ${entry.fileName} is compressed or encrypted, which PyTorch does not do: unpack it, or save it again`,
            { path },
          );
        }
        const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
        entries.set(entry.fileName, { begin: fileDataStart, bytes: entry.uncompressedSize });
      }
      return entries;
    } finally {
      archive.close();
    }
  } catch (error) {
    if (isLabError(error)) throw error;
    throw damagedPytorch(path, messageOf(error), error);
  }
}
