/** A part of an open file. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { errorCode, LabError, reasonOf } from '../../shared/errors.ts';

/** Throws `LabError('not-found')` for a file that is not there, `bad-input` for one that cannot be opened. */
export async function openToRead(path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    const code = errorCode(error) === 'ENOENT' ? 'not-found' : 'bad-input';
    throw new LabError(code, `${path} cannot be opened: ${reasonOf(error)}`, { path }, error);
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new LabError('bad-input', `${path} is not a file`, { path });
}

/** Exactly `length` bytes, or undefined where the file ends before. */
export async function readExactly(
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) return undefined;
    read += bytesRead;
  }
  return bytes;
}
