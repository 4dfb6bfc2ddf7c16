/**
 * A file of the hub, brought into a folder and compared with its digest. What has come stays under a name of its own when the
 * connection breaks, and the next attempt asks for the rest.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { formatBytes } from '../../../shared/display.ts';
import { LabError, isLabError } from '../../../shared/errors.ts';
import { asDiskFull } from '../../files/durable-file.ts';
import { unlessAbsent } from '../../files/file-exists.ts';
import type { HubAccess } from './access.ts';
import type { HubFile, HubListing } from './listing.ts';
import { filePath } from './listing.ts';
import type { HubReply } from './request.ts';
import { requestHub, stopped } from './request.ts';

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Bytes of this file that are here. */
  readonly onBytes: (bytes: number) => void;
  readonly patienceMilliseconds?: number;
  /** Before another attempt, each longer than the one before. */
  readonly pauseMilliseconds?: number;
}

/** Attempts in a row that bring nothing. */
const mostAttempts = 4;

/**
 * The file is whole and as the listing says when this returns. Throws `LabError('network')` after several attempts, with what has come
 * kept; `LabError('corrupt')` where the bytes are others than those listed, with nothing kept; and what `requestHub` throws.
 */
export async function downloadFile(
  access: HubAccess,
  listing: HubListing,
  file: HubFile,
  folder: string,
  options: DownloadOptions,
): Promise<void> {
  const { signal, onBytes, pauseMilliseconds = 1000 } = options;
  const target = join(folder, file.name);
  const partial = `${target}.part`;
  if ((await bytesOf(target)) === file.bytes && (await digestOf(target, file, signal)) === file.digest) {
    onBytes(file.bytes);
    return;
  }
  for (let attempt = 1; ;) {
    const before = await bytesOf(partial);
    if (before > file.bytes) await rm(partial);
    else if (before === file.bytes && before > 0) break;
    try {
      await fetchRest(access, listing, file, partial, options);
      break;
    } catch (error) {
      if (!isLabError(error, 'network')) throw asDiskFull(error, partial) ?? error;
      attempt = (await bytesOf(partial)) > before ? 1 : attempt + 1;
      if (attempt > mostAttempts) throw error;
      await pause(attempt * pauseMilliseconds, undefined, { signal }).catch(() => undefined); // told by the next request
    }
  }
  const found = await digestOf(partial, file, signal);
  if (found !== file.digest) {
    await rm(partial);
    throw new LabError(
      'corrupt',
      `${file.name} of ${listing.name} came with the digest ${found.slice(0, 16)}…, and the hub lists ${file.digest.slice(0, 16)}…. It was removed: try again, and if that does not help, what lies between here and the hub changes files`,
      { file: file.name, found, expected: file.digest },
    );
  }
  await rename(partial, target);
}

/** Appends what is missing. Throws `LabError('network')` for a reply that ends too early, with what came kept. */
async function fetchRest(
  access: HubAccess,
  listing: HubListing,
  file: HubFile,
  partial: string,
  { signal, onBytes, patienceMilliseconds }: DownloadOptions,
): Promise<void> {
  const have = await bytesOf(partial);
  const { name, revision } = listing;
  const request = {
    signal,
    ...(have > 0 && { headers: { range: `bytes=${String(have)}-` } }),
    ...(patienceMilliseconds !== undefined && { patienceMilliseconds }),
  };
  await requestHub(
    access,
    filePath(listing, file.name),
    { name, revision, file: file.name },
    request,
    async (reply) => {
      requireSame(reply, listing, file);
      let bytes = beginning(reply, have, file);
      await using handle = await open(partial, bytes === 0 ? 'w' : 'a');
      onBytes(bytes);
      for await (const chunk of reply.chunks) {
        bytes += chunk.byteLength;
        if (bytes > file.bytes) throw changed(listing, file, 'is longer than');
        await handle.writeFile(chunk);
        onBytes(bytes);
      }
      if (bytes === file.bytes) return;
      throw new LabError(
        'network',
        `${file.name} of ${name} ended after ${formatBytes(bytes)} of ${formatBytes(file.bytes)}. The same command goes on from there`,
        { file: file.name, bytes },
      );
    },
  );
}

/** Where the bytes of a reply begin: a server may answer the request for the rest with all of it. */
function beginning({ status, headers }: HubReply, have: number, file: HubFile): number {
  if (status !== 206) return 0;
  const range = /^bytes (\d+)-\d+\/(?:(\d+)|\*)$/u.exec(headers.get('content-range') ?? '');
  const [begin, total] = [Number(range?.[1]), Number(range?.[2] ?? file.bytes)];
  if (begin === have && total === file.bytes) return have;
  throw new LabError('network', `The server sent another part of ${file.name} than was asked for`, { file: file.name });
}

/** Before gigabytes are loaded: the hub says with the file, too, which digest it has. */
function requireSame({ linkedDigest }: HubReply, listing: HubListing, file: HubFile): void {
  if (linkedDigest?.length !== file.digest.length || linkedDigest === file.digest) return;
  throw changed(listing, file, 'is not');
}

function changed({ name }: HubListing, file: HubFile, what: string): LabError {
  return new LabError(
    'corrupt',
    `${file.name} of ${name} ${what} what the hub lists. Nothing of it was kept; try again`,
    {
      file: file.name,
    },
  );
}

async function bytesOf(file: string): Promise<number> {
  return (await unlessAbsent(stat(file)))?.size ?? 0;
}

/** SHA-256, or git's SHA-1 of a blob, whichever the listing has. */
async function digestOf(path: string, { digest, bytes }: HubFile, signal: AbortSignal): Promise<string> {
  const hash = digest.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${String(bytes)}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    if (signal.aborted) throw stopped();
    hash.update(chunk as Buffer); // without an encoding the chunks of a stream are buffers
  }
  return hash.digest('hex');
}
