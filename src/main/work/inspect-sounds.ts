/** Recordings of a folder, or those that a table lists: how many, their classes, and how long the first ones are. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Inspection } from '../../shared/contract/materials.ts';
import { decodeRecording, isSoundName, type Recording } from '../data/audio/recording.ts';
import { OuterFolders, placeOf } from '../data/import/sides.ts';

const decoded = 8;

/**
 * @param others files of the sources that are no text
 * @param listed paths in the rows of a table, and the folder where they begin if it is not the table's
 * @returns null if there is no recording
 */
export async function inspectSounds(
  sources: readonly string[],
  others: readonly string[],
  listed: { readonly names: readonly string[]; readonly root: string | undefined },
  signal: AbortSignal,
): Promise<Inspection['sounds']> {
  const [source] = sources;
  if (source === undefined || sources.length > 1) return null;
  const inTable = listed.names.filter(isSoundName);
  const root = listed.root ?? ((await stat(source)).isDirectory() ? source : dirname(source));
  const paths =
    inTable.length > 0 ? inTable : others.filter(isSoundName).map((path) => relative(root, path).split(sep).join('/'));
  if (paths.length === 0) return null;
  const outer = new OuterFolders();
  for (const path of paths) outer.add(path);
  const hasSides = outer.areSides;
  const classes = new Map<string, number>();
  for (const path of inTable.length > 0 ? [] : paths) {
    const { label } = placeOf(path, hasSides);
    if (label !== undefined) classes.set(label, (classes.get(label) ?? 0) + 1);
  }
  const recordings: NonNullable<Inspection['sounds']>['recordings'] = [];
  const step = Math.max(1, Math.floor(paths.length / decoded));
  for (let index = 0; index < paths.length && recordings.length < decoded; index += step) {
    signal.throwIfAborted();
    const path = paths[index]!;
    const recording = await lookAt(join(root, path));
    if (recording === undefined) continue;
    const { samples, rate } = recording;
    recordings.push({ path, label: placeOf(path, hasSides).label ?? null, seconds: samples.length / rate, rate });
  }
  return { total: paths.length, classes: [...classes].map(([name, count]) => ({ name, count })), recordings };
}

/** Undefined for what cannot be read or decoded, which the report of the import will list. */
async function lookAt(file: string): Promise<Recording | undefined> {
  try {
    return await decodeRecording(await readFile(file));
  } catch {
    return undefined;
  }
}
