/**
 * The one walk of folders, for texts, images and recordings alike: sorted, so that the same folder always gives the same order;
 * lazy, with the names of one folder for each level of depth in memory; links are followed, but never in a circle. What is
 * passed over comes along, with the reason.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../../shared/errors.ts';

export interface WalkedFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  /** In bytes; 0 unless sizes are asked for. */
  readonly size: number;
}

/** A file or folder that cannot be looked at; the walk goes on. The message continues "<path> …". */
export interface WalkProblem {
  readonly path: string;
  readonly problem: string;
}

/** Something that is not looked at. */
export interface PassedOver {
  readonly path: string;
  readonly passedOver: 'hidden' | 'system' | 'circle' | 'special';
}

export interface WalkOptions {
  readonly signal: AbortSignal;
  readonly sizes?: boolean;
  /** Folders that are not entered. */
  readonly skipsFolder?: (path: string) => boolean;
}

type Walked = WalkedFile | WalkProblem | PassedOver;

/** True for what operating systems leave beside files: resource forks, thumbnail caches. */
function isSystemName(name: string): boolean {
  return name === '__MACOSX' || name === 'Thumbs.db' || name === 'desktop.ini';
}

/** Everything below a folder. @throws what the signal says */
export function walkFolder(root: string, options: WalkOptions): AsyncGenerator<Walked> {
  return walkSafely(root, '', [], options);
}

async function* walkSafely(
  root: string,
  relative: string,
  ancestors: readonly string[],
  options: WalkOptions,
): AsyncGenerator<Walked> {
  try {
    yield* walk(root, relative, ancestors, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
    yield { path: relative, problem: `cannot be read: ${reasonOf(error)}` };
  }
}

async function* walk(
  root: string,
  relative: string,
  ancestors: readonly string[],
  options: WalkOptions,
): AsyncGenerator<Walked> {
  const folder = join(root, relative);
  const real = await realpath(folder);
  if (ancestors.includes(real)) {
    yield { path: relative, passedOver: 'circle' };
    return;
  }
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    options.signal.throwIfAborted();
    const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
    if (entry.name.startsWith('.') || isSystemName(entry.name)) {
      yield { path, passedOver: entry.name.startsWith('.') ? 'hidden' : 'system' };
      continue;
    }
    let kind: Pick<typeof entry, 'isFile' | 'isDirectory'> = entry;
    let size = 0;
    if (entry.isSymbolicLink() || (options.sizes === true && entry.isFile())) {
      const found = await stat(join(root, path)).catch((error: unknown) => reasonOf(error));
      if (typeof found === 'string') {
        const what = entry.isSymbolicLink() ? 'is a link to what cannot be read' : 'cannot be read';
        yield { path, problem: `${what}: ${found}` };
        continue;
      }
      kind = found;
      ({ size } = found);
    }
    if (kind.isDirectory()) {
      if (options.skipsFolder?.(path) !== true) yield* walkSafely(root, path, [...ancestors, real], options);
    } else if (kind.isFile()) yield { path, size };
    else yield { path, passedOver: 'special' };
  }
}
