/** A model as somebody else left it: a folder, or one file with what lies beside it. */
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { LabError, cannotRead, messageOf } from '../../shared/errors.ts';
import { unlessAbsent } from '../files/file-exists.ts';
import type { TensorArchive } from './tensor-files.ts';
import { chooseTensorFile, isTensorFile, openTensorFile } from './tensor-files.ts';

export interface ModelSource extends AsyncDisposable {
  /** What the person named. */
  readonly path: string;
  readonly folder: string;
  /** The file that was named; undefined where it was a folder. */
  readonly file: string | undefined;
  /** Files of the folder by name, with their bytes. */
  readonly files: ReadonlyMap<string, number>;
  /** config.json; undefined where there is none. */
  readonly config: Config | undefined;
  /** The file with the weights, by name; undefined where there is none, or where it is of another kind. */
  readonly tensorFile: string | undefined;
  /** Names and shapes of the weights; the archive is opened once, and closed with the source. Throws `LabError`. */
  tensors(): Promise<TensorArchive>;
  /** A text file of the folder; undefined where it is not there. Throws `LabError('too-large')`. */
  text(name: string): Promise<string | undefined>;
  /** The same as JSON. Throws `LabError('corrupt')`. */
  json(name: string): Promise<unknown>;
  /** Names of the files that were looked at, for the record of where the model is from. */
  readonly used: ReadonlySet<string>;
  /** Tells of a file that a family reads on its own. */
  use(name: string): void;
}

export type Config = Readonly<Record<string, unknown>>;

/** Vocabularies of a million pieces are smaller. */
const mostTextBytes = 256 * 2 ** 20;
/** Of names that are looked at: a folder with more is not one model. */
const mostFiles = 10_000;

/**
 * Looks at a folder or file; the caller disposes of it. Throws `LabError('not-found')` where there is none, `LabError('bad-input')`
 * for a folder that is no model, `LabError('corrupt')` for a config.json that is not JSON.
 */
export async function openModelSource(path: string): Promise<ModelSource> {
  const absolute = resolve(path);
  const about = await stat(absolute).catch((error: unknown) => {
    throw cannotRead('file or folder', path, error);
  });
  const folder = about.isDirectory() ? absolute : dirname(absolute);
  const file = about.isDirectory() ? undefined : basename(absolute);
  const files = await filesIn(folder);
  const used = new Set<string>();
  const text = async (name: string): Promise<string | undefined> => {
    const bytes = files.get(name);
    if (bytes === undefined) return undefined;
    const place = join(folder, name);
    if (bytes > mostTextBytes) {
      throw new LabError('too-large', `${place} has ${bytes} bytes, too many for a file of its kind`, { path: place });
    }
    used.add(name);
    await requireInside(folder, name);
    return readFile(place, 'utf8').catch((error: unknown) => {
      throw cannotRead('file', place, error);
    });
  };
  const json = async (name: string): Promise<unknown> => {
    const content = await text(name);
    if (content === undefined) return undefined;
    const place = join(folder, name);
    try {
      return JSON.parse(content) as unknown; // parse is typed any
    } catch (error) {
      throw new LabError('corrupt', `${place} is not JSON: ${messageOf(error)}`, { path: place }, error);
    }
  };
  const config = await json('config.json');
  if (config !== undefined && !isConfig(config)) {
    const place = join(folder, 'config.json');
    throw new LabError('corrupt', `${place} is not a JSON object`, { path: place });
  }
  const tensorFile =
    file === undefined ? chooseTensorFile([...files.keys()], folder) : isTensorFile(file) ? file : undefined;
  let archive: Promise<TensorArchive> | undefined;
  return {
    path,
    folder,
    file,
    files,
    config,
    tensorFile,
    used,
    use: (name) => void used.add(name),
    text,
    json,
    async tensors() {
      if (tensorFile === undefined) {
        throw new LabError('bad-input', `${path} has no file of weights that the lab can read`, { path });
      }
      used.add(tensorFile);
      if (file === undefined) await requireInside(folder, tensorFile); // one that was named is meant
      if (tensorFile.endsWith('.index.json')) {
        for (const shard of shardsOf(await json(tensorFile))) {
          if (!files.has(shard)) continue; // its reader says so
          await requireInside(folder, shard);
          used.add(shard);
        }
      }
      archive ??= openTensorFile(join(folder, tensorFile));
      return archive;
    },
    async [Symbol.asyncDispose]() {
      // What could not be opened has nothing to close.
      await (await archive?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

async function filesIn(folder: string): Promise<ReadonlyMap<string, number>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw cannotRead('folder', folder, error);
  });
  if (entries.length > mostFiles) {
    throw new LabError('bad-input', `${folder} has ${entries.length} files: name the folder or the file of one model`, {
      folder,
    });
  }
  const files = new Map<string, number>();
  for (const { name } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const about = await unlessAbsent(stat(join(folder, name))); // a link may lead nowhere
    if (about?.isFile()) files.set(name, about.size);
  }
  return files;
}

/**
 * Throws `LabError('bad-input')` for a link that leads out of the folder: what a model's folder links to would be copied into the
 * workspace, and from there into bundles. The hub's own cache has its files as links into a folder beside, which are followed.
 */
async function requireInside(folder: string, name: string): Promise<void> {
  const place = join(folder, name);
  if (!(await lstat(place)).isSymbolicLink()) return;
  const [home, target] = await Promise.all([realpath(folder), realpath(place)]);
  const isUnder = (parent: string): boolean => {
    const path = relative(parent, target);
    return path !== '..' && !path.startsWith(`..${sep}`) && resolve(parent, path) === target;
  };
  const isCache = basename(dirname(home)) === 'snapshots' && isUnder(join(dirname(dirname(home)), 'blobs'));
  if (isCache || isUnder(home)) return;
  throw new LabError('bad-input', `${place} is a link that leads out of its folder. Put the file itself there`, {
    path: place,
  });
}

/** The files that an index names; what is wrong with it is told by its reader. */
function shardsOf(index: unknown): ReadonlySet<string> {
  const map = isConfig(index) && isConfig(index.weight_map) ? index.weight_map : {};
  return new Set(Object.values(map).filter((file) => typeof file === 'string'));
}

function isConfig(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
