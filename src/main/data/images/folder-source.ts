/**
 * Images in a folder, or in a folder per class, at any depth. The walk is sorted by name within each folder, so the same
 * folder always gives the same order; only one folder's names are in memory for each level of depth.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isLabError, LabError, reasonOf } from '../../../shared/errors.ts';
import {
  extensionOf,
  hasImageExtension,
  isSystemName,
  labelledByFolder,
  MAXIMUM_FILE_BYTES,
  type ImageEntry,
  type ImageSource,
} from './source.ts';

/**
 * Reads an image file, refusing what is too large to be one before reading it.
 * @throws LabError `too-large` or `bad-input`, with a message that continues "<path>: …".
 */
export async function readImageFile(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAXIMUM_FILE_BYTES) {
      throw new LabError('too-large', `the file has ${size} bytes; at most ${MAXIMUM_FILE_BYTES} are read`, { path });
    }
    return await readFile(path);
  } catch (error) {
    if (isLabError(error)) throw error;
    throw new LabError('bad-input', `cannot be read: ${reasonOf(error)}`, { path }, error);
  }
}

/** All paths with an image's extension below the folder, relative to it. Links are followed, but never in a circle. */
async function* walk(
  root: string,
  relative: string,
  ancestors: readonly string[],
  ignore: (path: string) => void,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const folder = join(root, relative);
  const realFolder = await realpath(folder);
  if (ancestors.includes(realFolder)) return;
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    signal.throwIfAborted();
    if (isSystemName(entry.name)) continue;
    const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
    let isFolder = entry.isDirectory();
    if (entry.isSymbolicLink()) {
      // A link to nowhere is kept as a file: reading it fails, and the report says so.
      isFolder = await stat(join(root, path)).then(
        (target) => target.isDirectory(),
        () => false,
      );
    }
    if (isFolder) yield* walk(root, path, [...ancestors, realFolder], ignore, signal);
    else if (hasImageExtension(path)) yield path;
    else ignore(path);
  }
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: unknown) => {
    throw new LabError('not-found', `There is no folder ${folder}. Check the path.`, { folder }, error);
  });
  if (!found.isDirectory()) {
    throw new LabError('bad-input', `${folder} is a file, not a folder. Name the folder that holds the images.`, {
      folder,
    });
  }
}

/** A source of the images in a folder. With `classFolders` each first-level folder's name is the label of what it holds. */
export function folderSource(folder: string, options: { readonly classFolders?: boolean } = {}): ImageSource {
  const root = resolve(folder);
  const classFolders = options.classFolders ?? false;
  const ignored = new Map<string, number>();

  async function* paths(signal: AbortSignal): AsyncGenerator<string> {
    await requireFolder(root);
    ignored.clear();
    const ignore = (path: string): void => {
      const extension = extensionOf(path);
      ignored.set(extension, (ignored.get(extension) ?? 0) + 1);
    };
    yield* walk(root, '', [], ignore, signal);
  }

  return {
    kind: classFolders ? 'class-folders' : 'folder',
    path: root,
    async count(signal) {
      let images = 0;
      for await (const _path of paths(signal)) images += 1;
      return images;
    },
    async *entries(signal) {
      for await (const path of paths(signal)) {
        const entry: ImageEntry = { path, read: () => readImageFile(join(root, path)) };
        yield classFolders ? labelledByFolder(entry) : entry;
      }
    },
    ignored: () => ignored,
  };
}
