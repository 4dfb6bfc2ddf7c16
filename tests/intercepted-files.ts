// A file system that fails on demand: every call of this process on files under a folder is announced before it is made, and the
// listener may throw instead (a disk that is full, a descriptor that is missing) or end the process (a crash between two calls).
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';

export interface FileCall {
  /** Without `Sync`: open, read, write, fsync, rename, readdir, mkdir, rm … */
  readonly name: string;
  readonly path: string;
}

type Callable = (...given: unknown[]) => unknown;
type Patched = Record<string, Callable>;

/** Functions whose first argument is a path. `rename` and `link` are told with where they lead to. */
const byPath = [
  'open',
  'readdir',
  'mkdir',
  'rm',
  'writeFile',
  'appendFile',
  'readFile',
  'copyFile',
  'stat',
  'rename',
  'link',
];
const byHandle: Readonly<Record<string, string>> = {
  sync: 'fsync',
  datasync: 'fsync',
  write: 'write',
  writeFile: 'write',
  read: 'read',
};
const byDescriptor: Readonly<Record<string, string>> = { writeSync: 'write', fsyncSync: 'fsync', readSync: 'read' };

/** Calls `before` ahead of every call under `folder`, until the returned function is called. */
export async function interceptFiles(folder: string, before: (call: FileCall) => void): Promise<() => void> {
  const root = resolve(folder);
  const undo: (() => void)[] = [];
  const tell = (name: string, path: unknown): void => {
    const full = typeof path === 'string' ? resolve(path) : '';
    if (full === root || full.startsWith(root + sep)) before({ name, path: full });
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
  const pathOf = (name: string, given: readonly unknown[]): unknown =>
    name === 'rename' || name === 'link' || name === 'copyFile' ? given[1] : given[0];
  for (const name of byPath) {
    patch(promises, name, (original) => async (...given) => {
      tell(name, pathOf(name, given));
      const result = await original.apply(fsPromises, given);
      if (name === 'open' && typeof given[0] === 'string') {
        const { fd } = result as { readonly fd: number }; // of a FileHandle
        descriptors.set(fd, given[0]);
      }
      return result;
    });
    patch(sync, `${name}Sync`, (original) => (...given) => {
      const path = pathOf(name, given);
      tell(name, typeof path === 'number' ? descriptors.get(path) : path);
      const result = original.apply(fs, given);
      if (name === 'open' && typeof result === 'number' && typeof given[0] === 'string') {
        descriptors.set(result, given[0]);
      }
      return result;
    });
  }
  for (const [name, told] of Object.entries(byDescriptor)) {
    patch(sync, name, (original) => (...given) => {
      tell(told, descriptors.get(Number(given[0])));
      return original.apply(fs, given);
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
          tell(told, descriptors.get(this.fd));
          return original.apply(this, given);
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
