/** Images in a folder, or in a folder per class, at any depth. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isLabError, LabError, reasonOf } from '../../../shared/errors.ts';
import { OuterFolders } from '../import/sides.ts';
import { walkFolder, type WalkedFile, type WalkProblem } from '../reading/walk-folder.ts';
import {
  extensionOf,
  hasImageExtension,
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

export interface FolderOptions {
  /** The label of a file is the outermost folder that holds it; or the next one, where the outermost are sides of a split. */
  readonly classFolders?: boolean;
  /** Which names are taken; those of images without it. */
  readonly isWanted?: (path: string) => boolean;
}

/** A source of the images in a folder, or of other files. */
export function folderSource(
  folder: string,
  { classFolders = false, isWanted = hasImageExtension }: FolderOptions = {},
): ImageSource {
  const root = resolve(folder);
  const ignored = new Map<string, number>();
  const ignore = (kind: string): void => {
    ignored.set(kind, (ignored.get(kind) ?? 0) + 1);
  };

  async function* found(signal: AbortSignal): AsyncGenerator<WalkedFile | WalkProblem> {
    await requireFolder(root);
    ignored.clear();
    for await (const item of walkFolder(root, { signal })) {
      if ('passedOver' in item) ignore(`(${item.passedOver})`);
      else if ('problem' in item || isWanted(item.path)) yield item;
      else ignore(extensionOf(item.path));
    }
  }

  async function survey(signal: AbortSignal): Promise<{ files: number; hasSides: boolean }> {
    let files = 0;
    const outer = new OuterFolders();
    for await (const item of found(signal)) {
      files += 1;
      outer.add(item.path);
    }
    return { files, hasSides: classFolders && outer.areSides };
  }

  return {
    kind: classFolders ? 'class-folders' : 'folder',
    path: root,
    count: async (signal) => (await survey(signal)).files,
    async *entries(signal) {
      const hasSides = classFolders && (await survey(signal)).hasSides;
      for await (const item of found(signal)) {
        if ('problem' in item) {
          yield { path: item.path, unusable: { reason: 'unreadable', message: item.problem } };
          continue;
        }
        const { path } = item;
        const entry: ImageEntry = { path, read: () => readImageFile(join(root, path)) };
        yield classFolders ? labelledByFolder(entry, hasSides) : entry;
      }
    },
    ignored: () => ignored,
  };
}
