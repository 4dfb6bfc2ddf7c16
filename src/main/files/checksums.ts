/**
 * Whether files are still what was written. A folder that appears whole has `SHA256SUMS` in it, one line for each of its files, which
 * `sha256sum -c` reads as well. Disks and memory flip bits without an error; files are compared before anything is built on them
 * (training, resuming, prediction, export), and by `pretext check`, but not whenever they are looked at.
 */
import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { LabError, cannotRead } from '../../shared/errors.ts';
import { replaceFile, syncFolders, writeFileDurably } from './durable-file.ts';
import { textOf, unlessAbsent } from './file-exists.ts';

export const checksumsName = 'SHA256SUMS';

/** By path within the folder, with `/`. A file that is just being replaced has two sums, with a `|` between them. */
export type Checksums = ReadonlyMap<string, string>;

const chunkBytes = 1 << 20;

/** SHA-256 of a file, in hexadecimal, read piece by piece. Throws what the system does. */
export async function sha256Of(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

export function sha256OfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Forces every file under a folder to the disk, with its name, and writes its checksums, but for files that grow or have a seal of
 * their own: those are forced to the disk only. The name of the folder itself is for the caller to force there.
 */
export async function sealFolder(folder: string, unlisted: ReadonlySet<string> = new Set()): Promise<void> {
  const sums = new Map<string, string>();
  for (const path of await filesUnder(folder)) {
    await syncFile(join(folder, path));
    if (!unlisted.has(path)) sums.set(path, await sha256Of(join(folder, path)));
  }
  await writeFileDurably(join(folder, checksumsName), formatChecksums(sums));
  await syncFolders(folder);
}

export function formatChecksums(sums: Checksums): string {
  const sorted = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.flatMap(([path, either]) => either.split('|').map((sum) => `${sum}  ${path}\n`)).join('');
}

/** Undefined for a folder from before there were any. Throws `LabError('corrupt')`. */
export async function readChecksums(folder: string): Promise<Checksums | undefined> {
  const file = join(folder, checksumsName);
  const text = await textOf(file);
  if (text === undefined) return undefined;
  const sums = new Map<string, string>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, sum, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sum === undefined || path === undefined) {
      throw damaged(file, `the line '${line.slice(0, 100)}' is not a checksum`);
    }
    const other = sums.get(path);
    sums.set(path, other === undefined ? sum : `${other}|${sum}`);
  }
  return sums;
}

export type Verdict = 'whole' | 'not verified';

/**
 * Compares files of a folder with its checksums, by default all that are listed. Throws `LabError('corrupt')` naming the first file
 * that is not what was written, or not there.
 */
export async function verifyFiles(folder: string, paths?: readonly string[]): Promise<Verdict> {
  const sums = await readChecksums(folder);
  if (!sums) return 'not verified';
  for (const path of paths ?? sums.keys()) {
    const expected = sums.get(path);
    if (expected !== undefined) await verifyAgainst(join(folder, path), expected);
  }
  return 'whole';
}

/** Compares one file with the checksums of its folder, or of the one above. Throws `LabError('corrupt')`. */
export async function verifyFile(file: string): Promise<Verdict> {
  const expected = await checksumOf(file);
  if (expected === undefined) return 'not verified';
  await verifyAgainst(file, expected);
  return 'whole';
}

/** What the folder of a file, or the one above, says of it. */
export async function checksumOf(file: string): Promise<string | undefined> {
  return (await findListing(file))?.sum;
}

/** What is known of a file's content. */
export type ListedSums = (file: string) => string | undefined;

/** The checksums of a folder, read once for several of its files. Throws `LabError('corrupt')`. */
export async function listedSums(folder: string): Promise<ListedSums> {
  const sums = await readChecksums(folder);
  return (file) => sums?.get(relative(folder, file).split(sep).join('/'));
}

interface Listing {
  readonly folder: string;
  readonly path: string;
  readonly sums: Checksums;
  readonly sum: string;
}

async function findListing(file: string): Promise<Listing | undefined> {
  const folder = dirname(file);
  const places: readonly (readonly [folder: string, path: string])[] = [
    [folder, basename(file)],
    [dirname(folder), `${basename(folder)}/${basename(file)}`],
  ];
  for (const [place, path] of places) {
    const sums = await readChecksums(place);
    const sum = sums?.get(path);
    if (sums && sum !== undefined) return { folder: place, path, sums, sum };
  }
  return undefined;
}

/** As `replaceFile`, and its checksum with it, where it has one: at every moment, what is there is listed. */
export async function replaceListed(file: string, text: string): Promise<void> {
  const listing = await findListing(file);
  if (!listing) {
    await replaceFile(file, text);
    return;
  }
  const { folder, path, sums, sum } = listing;
  const next = sha256OfText(text);
  const list = (either: string): Promise<void> =>
    replaceFile(join(folder, checksumsName), formatChecksums(new Map([...sums, [path, either]])));
  await list(`${sum}|${next}`);
  await replaceFile(file, text);
  await list(next);
}

/** Throws `LabError('corrupt')`. */
export async function verifyAgainst(file: string, expected: string): Promise<void> {
  const found = await unlessAbsent(sha256Of(file)).catch((error: unknown) => {
    throw cannotRead('file', file, error);
  });
  if (found === undefined) throw damaged(file, 'it is not there');
  if (!expected.split('|').includes(found)) throw damaged(file, mismatch);
}

/** As `verifyAgainst`, for a text that has been read already. */
export function verifyText(file: string, text: string, expected: string): void {
  if (!expected.split('|').includes(sha256OfText(text))) throw damaged(file, mismatch);
}

const mismatch = 'it is not what was written (its SHA-256 differs)';

/** Paths within the folder, with `/`, sorted; without the checksums themselves. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== checksumsName)
    .sort();
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+'); // Windows syncs only what may be written
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function damaged(file: string, why: string): LabError {
  return new LabError('corrupt', `${file} is damaged: ${why}`, { file });
}
