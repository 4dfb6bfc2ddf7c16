/**
 * The sides of a split that comes with the material: a column, files of their own, or folders called after them. An example
 * without a side is for training, or for a side that the material does not have.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { quotedList } from '../../../shared/excerpt.ts';

export type Side = 'training' | 'validation' | 'test';

/** Files and folders of each side of a split that comes with the material. */
export type SideSources = Readonly<Partial<Record<Side, readonly string[] | undefined>>>;

/** The side of each example as a byte, beside the labels; there only where the material has sides. */
export const SIDES_FILE = 'sides.bin';

const NAMES: Readonly<Record<string, Side>> = {
  train: 'training',
  training: 'training',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
  eval: 'test',
};
const NUMBERS: Readonly<Record<Side, number>> = { training: 1, validation: 2, test: 3 };

/** The side that a word stands for. */
export function sideOf(name: string): Side | undefined {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
}

export function sideNumber(side: Side | undefined): number {
  return side === undefined ? 0 : NUMBERS[side];
}

/** Every named source by its full path, with its side. */
export function sourcesWithSides(sides: SideSources = {}): ReadonlyMap<string, Side> {
  const named = new Map<string, Side>();
  for (const side of ['training', 'validation', 'test'] as const) {
    for (const path of sides[side] ?? []) named.set(resolve(path), side);
  }
  return named;
}

/** Whether all labels are sides of a split. */
export function areSides(names: Iterable<string>): boolean {
  const list = [...names];
  return list.length > 1 && list.every((name) => sideOf(name) !== undefined);
}

/** Throws `LabError('bad-input')` where all labels are sides of a split: a classifier would learn which folder is which. */
export function requireClassNames(names: readonly string[]): void {
  if (!areSides(names)) return;
  throw new LabError(
    'bad-input',
    `The labels would be ${quotedList(names)}: these are sides of a split, not classes. Put a folder for each class into them, or name a table and its column of labels.`,
    { classes: [...names] },
  );
}

/** Side and class of a path relative to its source: `train/cat/1.jpg` where the outer folders are sides, else `cat/1.jpg`. */
export function placeOf(
  path: string,
  hasSides: boolean,
): { readonly label: string | undefined; readonly side: Side | undefined } {
  const folders = path.split('/').slice(0, -1);
  const [first, second] = folders;
  if (!hasSides || first === undefined) return { label: first, side: undefined };
  return { label: second, side: sideOf(first) };
}

/** Gathers the outermost folders of paths; tells whether they are the sides of a split, with folders for the classes in them. */
export class OuterFolders {
  private readonly names = new Set<string>();
  private isDeep = true;

  add(path: string): void {
    const parts = path.split('/');
    if (parts.length < 3) this.isDeep = false;
    this.names.add(parts[0] ?? '');
  }

  get areSides(): boolean {
    return this.isDeep && areSides(this.names);
  }
}

/** The sides of so many examples, of material that has them. @throws LabError `corrupt` */
export function readSides(folder: string, length: number): Uint8Array {
  const path = join(folder, SIDES_FILE);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new LabError('corrupt', `${path} cannot be read: ${messageOf(error)}. Import again.`, { path }, error);
  }
  if (bytes.length === length) return Uint8Array.from(bytes);
  throw new LabError('corrupt', `${path} has ${bytes.length} bytes and not ${length}. Import again.`, { path });
}

/** How many examples lie on each side. */
export function countSides(sides: Uint8Array): Record<Side, number> {
  const counts = { training: 0, validation: 0, test: 0 };
  for (const side of sides) {
    if (side === NUMBERS.validation) counts.validation += 1;
    else if (side === NUMBERS.test) counts.test += 1;
    else counts.training += 1;
  }
  return counts;
}
