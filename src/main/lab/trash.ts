/** Deleting with undo: folders are moved aside within the workspace, and gone when the lab is closed. */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LabError, reasonOf } from '../../shared/errors.ts';
import { makeFolder, syncFolder } from '../files/durable-file.ts';
import { fileExists } from '../files/file-exists.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface Trash {
  /** Moves folders aside; the answer brings them back, but not where the disk was full. Throws `LabError('conflict')` when the system will not let go of one. */
  discard<About>(folders: readonly string[], about: About): Promise<string>;
  /** Puts them where they were, and returns what was noted about them. Throws `LabError('not-found' | 'conflict')`. */
  restore(undo: string): Promise<unknown>;
  /** Removes everything for good. */
  empty(): Promise<void>;
}

interface Discarded {
  readonly about: unknown;
  readonly moves: readonly { readonly from: string; readonly to: string }[];
}

/** Where deleted folders wait. */
export function trashFolder({ folder }: Workspace): string {
  return join(folder, '.deleted');
}

/** `isFull`: folders are removed at once, because there is no room to move them to, and room is what is wanted. */
export function createTrash(workspace: Workspace, isFull = false): Trash {
  const discarded = new Map<string, Discarded>();
  return {
    async discard(folders, about) {
      const undo = randomUUID();
      if (isFull) {
        for (const folder of folders) await rm(folder, { recursive: true, force: true });
        return undo;
      }
      const place = join(trashFolder(workspace), undo);
      await makeFolder(place);
      const moves: { from: string; to: string }[] = [];
      try {
        for (const from of folders) {
          const to = join(place, basename(from));
          await rename(from, to);
          moves.push({ from, to });
        }
        await forceNames([...folders.map((from) => dirname(from)), place]);
      } catch (error) {
        for (const { from, to } of moves) await rename(to, from);
        throw new LabError('conflict', `It cannot be deleted: ${reasonOf(error)}`, {}, error);
      }
      discarded.set(undo, { about, moves });
      return undo;
    },
    async restore(undo) {
      const entry = discarded.get(undo);
      if (!entry) {
        throw new LabError(
          'not-found',
          'There is nothing to restore: the lab was closed in between, or it has been restored already',
        );
      }
      for (const { from } of entry.moves) {
        if (await fileExists(from)) {
          throw new LabError('conflict', `There is something at ${from} again. Move it away first`, { path: from });
        }
      }
      for (const { from, to } of entry.moves) await rename(to, from);
      await forceNames(entry.moves.map(({ from }) => dirname(from)));
      discarded.delete(undo);
      return entry.about;
    },
    async empty() {
      discarded.clear();
      await rm(trashFolder(workspace), { recursive: true, force: true });
    },
  };
}

async function forceNames(folders: readonly string[]): Promise<void> {
  for (const folder of new Set(folders)) await syncFolder(folder);
}
