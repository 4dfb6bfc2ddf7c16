/**
 * Files that a browser brings: each upload is a folder under the workspace, in which the files keep the paths that the browser
 * gave them, as far as those stay inside it.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatBytes } from '../../shared/display.ts';
import { errorCode, LabError } from '../../shared/errors.ts';
import { shortOfSpace } from '../files/disk-space.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface UploadLimits {
  readonly maximumFileBytes: number;
  readonly maximumFiles: number;
}

export const defaultLimits: UploadLimits = { maximumFileBytes: 8 * 1024 ** 3, maximumFiles: 200_000 };

export interface Uploads {
  begin(): Promise<{ readonly upload: string; readonly folder: string } & UploadLimits>;
  /**
   * Takes one file. Throws `LabError('not-found')` for an upload that was not begun, `bad-input` for a path that leads out of
   * it, `too-large`, `disk-full`; nothing of a refused file stays.
   */
  receive(
    upload: string,
    path: string,
    body: Readable,
    announcedBytes: number | undefined,
  ): Promise<{ readonly path: string; readonly bytes: number }>;
  finish(upload: string): Promise<void>;
  close(): Promise<void>;
}

/** Methods throw `LabError('bad-input')` beyond the limits and for paths that lead outside. */
export function createUploads(workspace: Workspace, limits: UploadLimits = defaultLimits): Uploads {
  const root = join(workspace.folder, '.uploads');
  const open = new Map<string, { files: number }>();
  return {
    async begin() {
      const upload = randomUUID();
      const folder = join(root, upload);
      await mkdir(folder, { recursive: true });
      open.set(upload, { files: 0 });
      return { upload, folder, ...limits };
    },
    async receive(upload, path, body, announcedBytes) {
      const state = open.get(upload);
      if (!state) throw new LabError('not-found', 'There is no such upload. Begin a new one', { upload });
      const file = fileInside(join(root, upload), path);
      if (announcedBytes !== undefined && announcedBytes > limits.maximumFileBytes) throw tooLarge(path, limits);
      if (++state.files > limits.maximumFiles) {
        throw new LabError('too-large', `An upload has at most ${limits.maximumFiles} files`, { upload });
      }
      const short = await shortOfSpace(workspace.folder, announcedBytes ?? 0);
      if (short !== null) throw new LabError('disk-full', short, { path });
      await mkdir(dirname(file), { recursive: true });
      let bytes = 0;
      const counter = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          bytes += chunk.length;
          if (bytes > limits.maximumFileBytes) done(tooLarge(path, limits));
          else done(null, chunk);
        },
      });
      try {
        await pipeline(body, counter, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') await rm(file, { force: true });
        throw error instanceof LabError
          ? error
          : new LabError(
              'bad-input',
              `${path} could not be received: ${error instanceof Error ? error.message : String(error)}`,
              { path },
              error,
            );
      }
      return { path: file, bytes };
    },
    async finish(upload) {
      if (!open.delete(upload)) throw new LabError('not-found', 'There is no such upload', { upload });
      await rm(join(root, upload), { recursive: true, force: true });
    },
    async close() {
      open.clear();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Throws `LabError('bad-input')` for whatever is not a plain relative path. */
export function fileInside(folder: string, path: string): string {
  const parts = path.split('/');
  const isPlain = parts.every(
    (part) => part !== '' && part !== '.' && part !== '..' && !/[\\:\0]/.test(part) && part.length <= 255,
  );
  const file = resolve(folder, ...parts);
  if (!isPlain || path.length > 2000 || !file.startsWith(resolve(folder) + sep)) {
    throw new LabError('bad-input', `'${path.slice(0, 200)}' is not a path of a file in a folder`, { path });
  }
  return file;
}

function tooLarge(path: string, { maximumFileBytes }: UploadLimits): LabError {
  return new LabError(
    'too-large',
    `${path} is larger than ${formatBytes(maximumFileBytes)}. Copy it to the machine of the lab and import it by its path`,
    { path },
  );
}
