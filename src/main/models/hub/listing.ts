/** What a repository of the hub holds, and which of its files a model is made of. */
import { z } from 'zod';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { HubAccess } from './access.ts';
import { repositoryName, revisionSegment } from './access.ts';
import { requestHub } from './request.ts';
import { isTensorFile, usualNames } from '../tensor-files.ts';

export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of a large file, of others git's SHA-1 over a header and the bytes. */
  readonly digest: string;
}

export interface HubListing {
  /** As the hub spells it: names of old are redirected. */
  readonly name: string;
  /** What was asked for, for messages. */
  readonly revision: string;
  readonly commit: string;
  /** From the card; null where it does not say. */
  readonly licence: string | null;
  readonly files: ReadonlyMap<string, HubFile>;
}

const digest = z.string().regex(/^(?:[0-9a-f]{64}|[0-9a-f]{40})$/u);
const size = z.int().min(0);

const reply = z.object({
  id: z.string().optional(),
  sha: z.string().regex(/^[0-9a-f]{40,64}$/u),
  cardData: z.object({ license: z.union([z.string(), z.array(z.string())]).nullish() }).nullish(),
  siblings: z
    .array(
      z.object({
        rfilename: z.string(),
        size: size.nullish(),
        blobId: digest.nullish(),
        lfs: z.object({ sha256: digest, size: size.nullish() }).nullish(),
      }),
    )
    .max(100_000),
});

/** A listing of the hub is smaller, and so is the index of a model in shards. */
const mostListingBytes = 64 * 2 ** 20;

/** Throws as `requestHub`, and `LabError('bad-input')` for names that are none and for a listing that is not one. */
export async function listRepository(
  access: HubAccess,
  given: string,
  revision: string,
  signal: AbortSignal,
): Promise<HubListing> {
  const name = repositoryName(given, access);
  const path = `/api/models/${name}/revision/${revisionSegment(revision)}?blobs=true`;
  const parsed = reply.safeParse(await jsonAt(access, path, { name, revision }, signal));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? '' : `: ${issue.path.join('.')} ${issue.message}`;
    throw new LabError('network', `${access.endpoint} does not answer as a hub does${where}. Check HF_ENDPOINT`);
  }
  const { id = name, sha, cardData, siblings } = parsed.data;
  const files = new Map<string, HubFile>();
  for (const { rfilename, size: bytes, blobId, lfs } of siblings) {
    requireInside(rfilename, name);
    const sum = lfs?.sha256 ?? blobId;
    const length = lfs?.size ?? bytes;
    if (typeof sum === 'string' && typeof length === 'number') {
      files.set(rfilename, { name: rfilename, bytes: length, digest: sum });
    }
  }
  const licence = cardData?.license;
  return {
    name: repositoryName(id, access),
    revision,
    commit: sha,
    licence: (Array.isArray(licence) ? licence[0] : licence) ?? null,
    files,
  };
}

/** Files that are read with the weights where they are there. */
const companions = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'README.md',
];

/** Leftovers of a training, not weights. */
const notWeights = /^(?:optimizer|scheduler|training_args|rng_state)/u;

/**
 * The files that an import needs, small ones first, and which of them has the weights. Throws `LabError('bad-input')` where there are
 * no weights that the lab reads, or several that might be them.
 */
export async function chooseFiles(
  access: HubAccess,
  listing: HubListing,
  signal: AbortSignal,
): Promise<{ readonly files: readonly HubFile[]; readonly weights: string }> {
  const { name, files } = listing;
  const weights = weightsOf([...files.keys()], name);
  const names = [...companions, weights];
  if (weights.endsWith('.index.json')) names.push(...(await shardsOf(access, listing, weights, signal)));
  const chosen = [...new Set(names)].flatMap((one) => files.get(one) ?? []);
  return { files: chosen.sort((a, b) => a.bytes - b.bytes), weights };
}

function weightsOf(names: readonly string[], model: string): string {
  const usual = usualNames.find((name) => names.includes(name));
  if (usual !== undefined) return usual;
  const here = names.filter((name) => !name.includes('/') && !notWeights.test(name));
  const kinds = [/\.safetensors$/iu, /\.(?:bin|pth?|ckpt)$/iu, /\.onnx$/iu];
  for (const kind of kinds) {
    const [only, ...others] = here.filter((name) => kind.test(name));
    if (only !== undefined && others.length === 0) return plainName(only, model);
  }
  const found = here.filter((name) => isTensorFile(name) || name.endsWith('.onnx'));
  throw new LabError(
    'bad-input',
    found.length > 0
      ? `${model} has several files of weights (${found.slice(0, 5).join(', ')}), and none of them is called ${usualNames[0]}. Download the one that you mean with a browser, and import it with 'pretext model import'`
      : `${model} has no weights that the lab reads: neither safetensors nor PyTorch's nor ONNX. It has ${names.slice(0, 8).join(', ') || 'no files'}`,
    { model },
  );
}

async function shardsOf(access: HubAccess, listing: HubListing, index: string, signal: AbortSignal): Promise<string[]> {
  const { name, revision, files } = listing;
  const content = await jsonAt(access, filePath(listing, index), { name, revision, file: index }, signal);
  const parsed = z.object({ weight_map: z.record(z.string(), z.string()) }).safeParse(content);
  if (!parsed.success) throw new LabError('bad-input', `${index} of ${name} is not an index of weights`, { name });
  const shards = [...new Set(Object.values(parsed.data.weight_map))].map((shard) => plainName(shard, name));
  const missing = shards.find((shard) => !files.has(shard));
  if (missing === undefined) return shards;
  throw new LabError('bad-input', `${index} of ${name} names ${missing}, which the repository does not have`, { name });
}

/** Where a file of a listing is, on the endpoint. */
export function filePath({ name, commit }: HubListing, file: string): string {
  return `/${name}/resolve/${commit}/${encodeURIComponent(file)}`;
}

/** Throws `LabError('bad-input')` for a name that would lead out of the folder: of a repository with one nothing is trusted. */
function requireInside(file: string, model: string): void {
  const parts = file.split(/[\\/]/u);
  const isInside = parts.every((one) => one !== '' && one !== '.' && one !== '..') && !/[\p{Cc}:\\]/u.test(file);
  if (!isInside) throw hostile(file, model);
}

/** A file directly in the repository. */
function plainName(file: string, model: string): string {
  if (/^[\w][\w.+ -]*$/u.test(file) && file.length <= 200) return file;
  throw hostile(file, model);
}

function hostile(file: string, model: string): LabError {
  return new LabError(
    'bad-input',
    `${model} has a file called ${JSON.stringify(file.slice(0, 100))}, which is not a name of a file in one folder. Nothing of it was downloaded`,
    { model },
  );
}

async function jsonAt(
  access: HubAccess,
  path: string,
  asked: { readonly name: string; readonly revision: string; readonly file?: string },
  signal: AbortSignal,
): Promise<unknown> {
  return requestHub(access, path, asked, { signal }, async ({ chunks }) => {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (bytes > mostListingBytes) {
        throw new LabError(
          'too-large',
          `The answer of ${access.endpoint} to the request for ${asked.file ?? asked.name} is too long`,
        );
      }
      parts.push(chunk);
    }
    try {
      return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown; // parse is typed any
    } catch (error) {
      throw new LabError(
        'network',
        `${access.endpoint} answered the request for ${asked.file ?? asked.name} with something that is not JSON: ${messageOf(error).slice(0, 100)}. Is HF_ENDPOINT a hub?`,
        {},
        error,
      );
    }
  });
}
