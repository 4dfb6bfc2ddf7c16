/**
 * Images or recordings in a zip archive, read entry by entry: nothing is unpacked to disk, so no entry can be written anywhere ("zip slip"),
 * and an entry's declared size is checked before and while it is inflated. The archive's directory is read twice: once to
 * count and to find the folder that wraps everything (archives of `data/` hold `data/cat/1.jpg`), once to read the images.
 */
import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { getFileNameLowLevel, openPromise, validateFileName, type Entry, type ZipFile } from 'yauzl';
import { errorCode, LabError, messageOf } from '../../../shared/errors.ts';
import { OuterFolders } from '../import/sides.ts';
import {
  commonFolder,
  extensionOf,
  hasImageExtension,
  isSystemName,
  labelledByFolder,
  MAXIMUM_FILE_BYTES,
  type ImageEntry,
  type ImageSource,
  type UnusableEntry,
} from './source.ts';

function unreadableArchive(path: string, error: unknown): LabError {
  const remedy = 'Check that the file is complete, or unpack it and import the folder.';
  return new LabError(
    'bad-input',
    `${path} cannot be read as a zip archive: ${messageOf(error)}. ${remedy}`,
    { path },
    error,
  );
}

async function openArchive(path: string): Promise<ZipFile> {
  try {
    // Names are decoded here and not by the library, which would end the whole iteration at the first unsafe one.
    return await openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false });
  } catch (error) {
    // The file system's errors have a code.
    if (errorCode(error) === 'ENOENT') {
      throw new LabError('not-found', `There is no file ${path}. Check the path.`, { path }, error);
    }
    throw unreadableArchive(path, error);
  }
}

function nameOf(entry: Entry): string {
  // Windows tools have written backslashes as separators.
  return getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true).replaceAll(
    '\\',
    '/',
  );
}

async function readEntry(archive: ZipFile, entry: Entry): Promise<Buffer> {
  if (entry.uncompressedSize > MAXIMUM_FILE_BYTES) {
    const message = `unpacks to ${entry.uncompressedSize} bytes; at most ${MAXIMUM_FILE_BYTES} are read`;
    throw new LabError('too-large', message);
  }
  if (entry.isEncrypted()) throw new LabError('bad-input', 'is encrypted; unpack the archive and import the folder');
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of await archive.openReadStreamPromise(entry)) {
      chunks.push(chunk as Buffer); // yauzl's streams carry buffers; the stream type cannot say so
    }
    const bytes = Buffer.concat(chunks);
    if (crc32(bytes) !== entry.crc32) throw new Error('its checksum does not fit');
    return bytes;
  } catch (error) {
    throw new LabError('bad-input', `is damaged in the archive: ${messageOf(error)}`, {}, error);
  }
}

/** Entries that are files and wanted; the names of the others go to `ignore`. */
async function* imageEntries(
  path: string,
  archive: ZipFile,
  { isWanted, ignore }: { readonly isWanted: (path: string) => boolean; readonly ignore: (name: string) => void },
  signal: AbortSignal,
): AsyncGenerator<{ name: string; entry: Entry }> {
  const entries = archive.eachEntry();
  for (;;) {
    signal.throwIfAborted();
    const next = await entries.next().catch((error: unknown) => {
      throw unreadableArchive(path, error);
    });
    if (next.done === true) return;
    const name = nameOf(next.value);
    if (name.endsWith('/') || name.split('/').some((part) => part !== '..' && isSystemName(part))) continue;
    if (isWanted(name)) yield { name, entry: next.value };
    else ignore(name);
  }
}

/** A path with a name that stands for all files of its folder. */
function foldersOf(name: string): string {
  return `${name.slice(0, name.lastIndexOf('/') + 1)}*`;
}

/** A source of the images, or other files, in a zip archive. With `classFolders` the first folder below the wrapping ones is the label. */
export function zipSource(
  file: string,
  options: { readonly classFolders?: boolean; readonly isWanted?: (path: string) => boolean } = {},
): ImageSource {
  const path = resolve(file);
  const { classFolders = false, isWanted = hasImageExtension } = options;
  const ignored = new Map<string, number>();
  const ignore = (name: string): void => {
    const extension = extensionOf(name);
    ignored.set(extension, (ignored.get(extension) ?? 0) + 1);
  };

  async function survey(signal: AbortSignal): Promise<{ images: number; wrapper: string; hasSides: boolean }> {
    const archive = await openArchive(path);
    try {
      let images = 0;
      let wrapper: string | undefined;
      const names = new Set<string>();
      for await (const { name } of imageEntries(path, archive, { isWanted, ignore: () => undefined }, signal)) {
        images += 1;
        if (validateFileName(name) !== null) continue;
        wrapper = commonFolder(wrapper, name);
        names.add(foldersOf(name));
      }
      const outer = new OuterFolders();
      for (const name of names) outer.add(name.slice((wrapper ?? '').length));
      return { images, wrapper: wrapper ?? '', hasSides: outer.areSides };
    } finally {
      archive.close();
    }
  }

  return {
    kind: 'zip',
    path,
    count: async (signal) => (await survey(signal)).images,
    async *entries(signal) {
      const { wrapper, hasSides } = await survey(signal);
      ignored.clear();
      const archive = await openArchive(path);
      const reading = new Set<Promise<unknown>>();
      const toImageEntry = (name: string, entry: Entry): ImageEntry | UnusableEntry => {
        if (validateFileName(name) !== null) {
          return { path: name, unusable: { reason: 'unsafe-path', message: 'leads out of the archive' } };
        }
        const read = (): Promise<Buffer> => {
          const bytes = readEntry(archive, entry);
          reading.add(bytes);
          const done = (): boolean => reading.delete(bytes);
          bytes.then(done, done);
          return bytes;
        };
        const image: ImageEntry = { path: name.slice(wrapper.length), read };
        return classFolders ? labelledByFolder(image, hasSides) : image;
      };
      try {
        for await (const { name, entry } of imageEntries(path, archive, { isWanted, ignore }, signal)) {
          yield toImageEntry(name, entry);
        }
      } finally {
        // The importer reads several entries at once: the last ones may still be under way.
        await Promise.allSettled(reading);
        archive.close();
      }
    },
    ignored: () => ignored,
  };
}
