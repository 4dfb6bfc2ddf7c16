/**
 * Weights in several files, as transformers writes large models: `model.safetensors.index.json` (or `pytorch_model.bin.index.json`)
 * has a `weight_map` from the name of each tensor to the file beside it.
 */
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isLabError, LabError, reasonOf } from '../../../shared/errors.ts';
import type { TensorEntry, TensorSource } from './tensor-source.ts';

/** A hundred thousand tensors fit in; larger files are no index. */
const maximumIndexBytes = 32 * 2 ** 20;

/**
 * @param openShard opens one of the files
 *
 * Throws `LabError('corrupt')` where the index is damaged, names a file outside its folder or a tensor that its file does not have;
 * `not-found` where a file is missing.
 */
export async function openSharded(
  path: string,
  openShard: (path: string) => Promise<TensorSource>,
): Promise<TensorSource> {
  const files = await readWeightMap(path);
  await using stack = new AsyncDisposableStack();
  const shards = new Map<string, TensorSource>();
  for (const file of new Set(files.values())) {
    shards.set(file, stack.use(await openListed(path, file, openShard)));
  }
  const places = new Map<string, TensorSource>();
  const entries = new Map<string, TensorEntry>();
  for (const [name, file] of files) {
    const shard = shards.get(file)!; // every file of the map was opened
    const entry = shard.entries.get(name);
    if (!entry) throw damagedIndex(path, `it says that ${name} is in ${file}, which does not have it`);
    places.set(name, shard);
    entries.set(name, entry);
  }
  const opened = stack.move();
  return {
    entries,
    async read(name) {
      const shard = places.get(name);
      if (!shard) throw new LabError('not-found', `${path} has no tensor ${name}`, { path, tensor: name });
      return shard.read(name);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function openListed(
  path: string,
  file: string,
  openShard: (path: string) => Promise<TensorSource>,
): Promise<TensorSource> {
  const shard = join(dirname(path), file);
  try {
    return await openShard(shard);
  } catch (error) {
    if (!isLabError(error, 'not-found')) throw error;
    throw new LabError(
      'not-found',
      `${path} lists ${file}, which is not beside it: the model has not been downloaded completely`,
      { path, shard },
      error,
    );
  }
}

async function readWeightMap(path: string): Promise<ReadonlyMap<string, string>> {
  const index = await readJson(path);
  const map = isRecord(index) ? index.weight_map : undefined;
  if (!isRecord(map)) throw damagedIndex(path, "it has no 'weight_map'");
  const files = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    // A path would lead out of the folder that a person has pointed at.
    if (typeof file !== 'string' || !/^[\w-][\w.-]*\.(safetensors|bin|pt|pth)$/.test(file)) {
      throw damagedIndex(
        path,
        `${name} is said to be in ${JSON.stringify(file)}, which is not the name of a file beside it`,
      );
    }
    files.set(name, file);
  }
  if (files.size === 0) throw damagedIndex(path, 'it lists no tensors');
  return files;
}

async function readJson(path: string): Promise<unknown> {
  try {
    await using handle = await open(path, 'r');
    const { size } = await handle.stat();
    if (size > maximumIndexBytes) {
      throw damagedIndex(path, `it has ${size} bytes; at most ${maximumIndexBytes} are read`);
    }
    return JSON.parse(await handle.readFile('utf8'));
  } catch (error) {
    if (isLabError(error)) throw error;
    if (error instanceof SyntaxError) throw damagedIndex(path, 'it is not JSON', error);
    throw new LabError('not-found', `${path} cannot be read: ${reasonOf(error)}`, { path }, error);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damagedIndex(path: string, why: string, cause?: unknown): LabError {
  return new LabError('corrupt', `${path} is not a whole index of weights: ${why}`, { path }, cause);
}
