// What is on a disk when the power goes. Of a file it is what was forced there last (fsync), whatever was written since; of names, those
// of folders that were forced there last, or, as other file systems have it, all of them.
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { Listener } from '../intercepted-files.ts';

// Those of before any interception.
const { copyFileSync, fstatSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } = fs;

export const losses = ['all that was not forced to the disk', 'the content of files that was not'] as const;
export type Loss = (typeof losses)[number];

export interface Disk {
  /** Whether it looks at the files itself. */
  readonly isLooking: boolean;
  readonly listener: Listener;
  /** Makes `target`, which is not there, what is left of the folder when the power goes now. */
  leave(target: string, loss: Loss): void;
}

interface Named {
  readonly file: symbol;
  readonly isFolder: boolean;
  /** A file may have several names: another one does not take the place of this. */
  readonly isOnlyName: boolean;
}

/** SQLite forces its files to the disk itself, through calls that nobody sees here. */
const isOfSqlite = (name: string): boolean => name.startsWith('lab.sqlite');

/** Follows what is forced to the disk under a folder, from now on; what is there is there. */
export function followDisk(folder: string): Disk {
  /** The system gives the number of a file that is gone to another one. */
  const files = new Map<number, symbol>();
  const contents = new Map<symbol, Buffer>();
  const names = new Map<symbol, ReadonlyMap<string, Named>>();
  let isBusy = false;

  const fileOf = (number: number): symbol => {
    const known = files.get(number) ?? Symbol(String(number));
    files.set(number, known);
    return known;
  };
  const namesNow = (path: string): ReadonlyMap<string, Named> =>
    new Map(
      readdirSync(path).flatMap((name) => {
        const found = lstatSync(join(path, name), { throwIfNoEntry: false });
        if (!found) return [];
        const isFolder = found.isDirectory();
        return [[name, { file: fileOf(found.ino), isFolder, isOnlyName: isFolder || found.nlink === 1 }] as const];
      }),
    );
  const forceNames = (file: symbol, found: ReadonlyMap<string, Named>): void => {
    // A renaming between two folders is one change of the disk.
    const here = new Set([...found.values()].filter((one) => one.isOnlyName).map((one) => one.file));
    for (const [other, listed] of names) {
      if ([...listed.values()].some((one) => here.has(one.file))) {
        names.set(other, new Map([...listed].filter(([, one]) => !here.has(one.file))));
      }
    }
    names.set(file, found);
  };
  const take = (path: string): void => {
    const found = lstatSync(path);
    const file = fileOf(found.ino);
    if (!found.isDirectory()) {
      contents.set(file, readFileSync(path));
      return;
    }
    names.set(file, namesNow(path));
    for (const name of readdirSync(path)) take(join(path, name));
  };
  const numbersUnder = (path: string): readonly number[] => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found || (!found.isDirectory() && found.nlink > 1)) return [];
    if (!found.isDirectory()) return [found.ino];
    return [found.ino, ...readdirSync(path).flatMap((name) => numbersUnder(join(path, name)))];
  };
  const look: Listener = ({ name, path, descriptor }) => {
    if (name === 'fsync' && descriptor !== undefined) {
      const found = fstatSync(descriptor);
      const file = fileOf(found.ino);
      if (found.isDirectory()) {
        const listed = namesNow(path);
        return () => {
          forceNames(file, listed);
        };
      }
      const content = readFileSync(`/proc/self/fd/${descriptor}`); // by whatever name: it may have been renamed since
      return () => {
        contents.set(file, content);
      };
    }
    if (!/^(rm|rmdir|unlink|rename)$/.test(name)) return undefined;
    const gone = numbersUnder(path);
    return () => {
      for (const number of gone) if (!numbersUnder(path).includes(number)) files.delete(number);
    };
  };
  const quietly = <Result>(work: () => Result): Result => {
    isBusy = true;
    try {
      return work();
    } finally {
      isBusy = false;
    }
  };
  quietly(() => {
    take(folder);
  });

  const write = (from: string, target: string, { file, isFolder }: Named, loss: Loss): void => {
    if (!isFolder) {
      writeFileSync(target, contents.get(file) ?? '');
      return;
    }
    mkdirSync(target);
    const left =
      loss === 'all that was not forced to the disk' ? (names.get(file) ?? new Map<string, Named>()) : namesNow(from);
    for (const [name, named] of left) {
      if (!isOfSqlite(name)) write(join(from, name), join(target, name), named, loss);
    }
    if (!statSync(from, { throwIfNoEntry: false })?.isDirectory()) return;
    for (const name of readdirSync(from)) {
      if (isOfSqlite(name)) copyFileSync(join(from, name), join(target, name));
    }
  };
  return {
    get isLooking() {
      return isBusy;
    },
    listener(call) {
      const after = quietly(() => look(call));
      return (
        after &&
        (() => {
          quietly(after);
        })
      );
    },
    leave(target, loss) {
      quietly(() => {
        mkdirSync(dirname(target), { recursive: true });
        write(folder, target, { file: fileOf(lstatSync(folder).ino), isFolder: true, isOnlyName: true }, loss);
      });
    },
  };
}
