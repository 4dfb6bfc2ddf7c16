// A file system that fails on demand: every call of this process on files under a folder is announced before it is made, and the
// listener may throw instead (a disk that is full, a descriptor that is missing), let half of what is written through
// (`HalfWritten`), or end the process (a crash between two calls).
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';

export interface FileCall {
  /** Without `Sync`: open, read, write, fsync, rename, readdir, mkdir, rm … */
  readonly name: string;
  readonly path: string;
  /** Of a file that is open. */
  readonly descriptor?: number;
}

export type Listener = (call: FileCall) => void | (() => void);

/** What a listener throws so that the first half of what is written gets to the disk before the call fails. */
export class HalfWritten extends Error {
  readonly code = 'EIO';
}

type Callable = (...given: unknown[]) => unknown;
type Patched = Record<string, Callable>;

/** Functions whose first argument is a path. */
const byPath = [
  'open',
  'readdir',
  'mkdir',
  'rm',
  'writeFile',
  'appendFile',
  'readFile',
  'copyFile',
  'cp',
  'stat',
  'lstat',
  'rename',
  'link',
  'symlink',
  'unlink',
  'rmdir',
  'truncate',
  'utimes',
  'chmod',
];
/** Those that are told with where they lead to. */
const towards: ReadonlySet<string> = new Set(['rename', 'link', 'symlink', 'copyFile', 'cp']);
const byHandle: Readonly<Record<string, string>> = {
  sync: 'fsync',
  datasync: 'fsync',
  write: 'write',
  writev: 'write',
  writeFile: 'write',
  appendFile: 'write',
  truncate: 'truncate',
  read: 'read',
  readFile: 'read',
};
const byDescriptor: Readonly<Record<string, string>> = {
  writeSync: 'write',
  fsyncSync: 'fsync',
  ftruncateSync: 'truncate',
  readSync: 'read',
};
/** With callbacks, which streams call. */
const byCallback: Readonly<Record<string, string>> = {
  open: 'open',
  write: 'write',
  writev: 'write',
  fsync: 'fsync',
  read: 'read',
};

/** The arguments of a write, for the first half of its data; undefined where they are others. */
function halfOf(given: readonly unknown[], dataPlace: number): unknown[] | undefined {
  const data = given[dataPlace];
  const [before, after] = [given.slice(0, dataPlace), given.slice(dataPlace + 1)];
  if (typeof data === 'string') return [...before, data.slice(0, data.length >> 1), ...after];
  if (!(data instanceof Uint8Array)) return undefined;
  const [offset, length, ...rest] = after;
  if (typeof offset !== 'number') return [...before, data.subarray(0, data.length >> 1), ...after];
  const bytes = typeof length === 'number' ? length : data.length - offset;
  return [...before, data, offset, bytes >> 1, ...rest];
}

const nothing = (): void => undefined;

/** Calls `before` ahead of every call under `folder`, until the returned function is called. */
export async function interceptFiles(folder: string, before: Listener): Promise<() => void> {
  const root = resolve(folder);
  const undo: (() => void)[] = [];
  const isBelow = (path: string): boolean => path === root || path.startsWith(root + sep);
  /** `writeHalf` is called with the arguments for half of what is to be written. */
  const tell = (
    name: string,
    path: unknown,
    given: readonly unknown[],
    dataPlace: number,
    writeHalf: (half: unknown[]) => void,
    descriptor?: number,
  ): (() => void) => {
    const full = typeof path === 'string' ? resolve(path) : '';
    if (!isBelow(full)) return nothing;
    try {
      return before({ name, path: full, ...(descriptor !== undefined && { descriptor }) }) ?? nothing;
    } catch (error) {
      const half = error instanceof HalfWritten && /write|append/i.test(name) ? halfOf(given, dataPlace) : undefined;
      if (half) writeHalf(half);
      throw error;
    }
  };
  const patch = (object: Patched, name: string, wrap: (original: Callable) => Callable): void => {
    const original = object[name];
    if (!original) return;
    object[name] = wrap(original);
    undo.push(() => {
      object[name] = original;
    });
  };

  const descriptors = new Map<number, string>();
  const promises = fsPromises as unknown as Patched; // patched by name
  const sync = fs as unknown as Patched; // as above
  const synchronously = { writeFile: fs.writeFileSync, appendFile: fs.appendFileSync, write: fs.writeSync };
  const originals = synchronously as unknown as Patched; // called with what was given
  const half = (name: string) => (given: unknown[]) => void originals[name]?.(...given);
  const pathOf = (name: string, given: readonly unknown[]): unknown => (towards.has(name) ? given[1] : given[0]);
  for (const name of byPath) {
    patch(promises, name, (original) => async (...given) => {
      const after = tell(name, pathOf(name, given), given, 1, half(name));
      const result = await original.apply(fsPromises, given);
      after();
      if (name === 'open' && typeof given[0] === 'string') {
        const { fd } = result as { readonly fd: number }; // of a FileHandle
        descriptors.set(fd, given[0]);
      }
      return result;
    });
    patch(sync, `${name}Sync`, (original) => (...given) => {
      const path = pathOf(name, given);
      const after = tell(name, typeof path === 'number' ? descriptors.get(path) : path, given, 1, half(name));
      const result = original.apply(fs, given);
      after();
      if (name === 'open' && typeof result === 'number' && typeof given[0] === 'string') {
        descriptors.set(result, given[0]);
      }
      return result;
    });
  }
  for (const [name, told] of Object.entries(byDescriptor)) {
    patch(sync, name, (original) => (...given) => {
      const descriptor = Number(given[0]);
      const after = tell(told, descriptors.get(descriptor), given, 1, half('write'), descriptor);
      const result = original.apply(fs, given);
      after();
      return result;
    });
  }
  for (const [name, told] of Object.entries(byCallback)) {
    patch(sync, name, (original) => (...given) => {
      const callback = given.at(-1) as Callable; // by the API
      const [path] = given;
      const [file, descriptor] = typeof path === 'number' ? [descriptors.get(path), path] : [path];
      let after = nothing;
      try {
        after = tell(told, file, given.slice(0, -1), 1, half('write'), descriptor);
      } catch (error) {
        process.nextTick(callback, error);
        return undefined;
      }
      const noted: Callable = (error, result, ...rest) => {
        if (!error) after();
        if (name === 'open' && typeof path === 'string' && typeof result === 'number') descriptors.set(result, path);
        return callback(error, result, ...rest);
      };
      return original.apply(fs, [...given.slice(0, -1), noted]);
    });
  }
  const probe = await fs.promises.open(process.execPath, 'r');
  const handles = Object.getPrototypeOf(probe) as Patched; // that of every FileHandle
  await probe.close();
  for (const [name, told] of Object.entries(byHandle)) {
    patch(
      handles,
      name,
      (original) =>
        async function (this: { readonly fd: number }, ...given: unknown[]) {
          const { fd } = this; // which is -1 when it is closed
          const after = tell(told, descriptors.get(fd), given, 0, (some) => half('write')([fd, ...some]), fd);
          const result = await original.apply(this, given);
          after();
          return result;
        },
    );
  }
  syncBuiltinESMExports();
  return () => {
    for (const one of undo.reverse()) one();
    syncBuiltinESMExports();
  };
}

/** An error as the system's. */
export function systemError(code: string, { name, path }: FileCall): Error {
  return Object.assign(new Error(`${code}: injected, ${name} '${path}'`), { code, syscall: name, path });
}
