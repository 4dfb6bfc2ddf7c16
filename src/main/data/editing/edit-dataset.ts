/**
 * Edits of a dataset's classes: what was imported is never changed. `original/` keeps the labels as they came, `edits.jsonl` is
 * the log, and the dataset is what the log makes of them, so any edit can be undone and the same state has the same content
 * hash. Texts, pixels and frames stay where they are: the edited folder has the same files under other links.
 */
import { createHash } from 'node:crypto';
import { copyFile, cp, link, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import { datasetEditEntry, type DatasetEdit, type DatasetEditEntry } from '../../../shared/spec/dataset-edit.ts';
import { checksumsName } from '../../files/checksums.ts';
import { prepareFolder, replaceFolder } from '../../files/durable-folder.ts';
import { fileExists, textOf } from '../../files/file-exists.ts';
import { writeManifest } from '../../files/manifest-file.ts';
import { applyEdits, type LabelState } from './apply-edits.ts';
import {
  editedManifest,
  readDatasetManifest,
  readImported,
  REWRITTEN,
  sizeOf,
  type DatasetManifest,
  type ImportedDataset,
  type RewrittenFile,
} from './dataset-files.ts';
import { importedNumbers } from './imported-numbers.ts';
import { KEPT_FILE, placesOf } from './kept-examples.ts';
import { withKeptTotals } from './kept-totals.ts';

const LOG_FILE = 'edits.jsonl';
const ORIGINAL = 'original';
const MANIFEST = 'manifest.json';

/** The edits that made a dataset what it is, the oldest first. @throws LabError `corrupt` */
export async function readEdits(folder: string): Promise<readonly DatasetEditEntry[]> {
  const file = join(folder, LOG_FILE);
  const lines = ((await textOf(file)) ?? '').split('\n').filter((line) => line !== '');
  try {
    return lines.map((line) => datasetEditEntry.parse(JSON.parse(line)));
  } catch (error) {
    throw new LabError('corrupt', `${file} is damaged. Import the dataset again.`, { file }, error);
  }
}

/**
 * Makes edits, one after the other, or none of them.
 * @param folder of a dataset of any kind
 * @returns the new manifest
 * @throws LabError `bad-input` for classes and examples that are not there, and where no two classes would be left
 */
export async function editDataset(
  folder: string,
  kind: string,
  edits: readonly DatasetEdit[],
): Promise<DatasetManifest> {
  const log = await readEdits(folder);
  const manifest = readDatasetManifest(folder, kind);
  requireClasses(manifest);
  const imported = await readImported(await originalOf(folder), kind);
  let placeOf = placesOf(folder, manifest, sizeOf(manifest));
  let size = sizeOf(manifest);
  const entries = [...log];
  for (const edit of edits) {
    const done = [...entries.map((entry) => entry.edit), inImportedNumbers(edit, placeOf, size)];
    const state = applyEdits(imported.state, done);
    entries.push({ at: new Date().toISOString(), edit: done.at(-1)!, contentHash: contentHashOf(imported, state) });
    const kept = keptExamples(state);
    size = kept.length;
    placeOf = (index) => kept[index] ?? index;
  }
  return rebuild(folder, imported, entries);
}

function requireClasses(manifest: DatasetManifest): void {
  if (!manifest.targets) return;
  const what = {
    ...{ numbers: 'numbers', several: 'several labels for each example' },
    ...{ tags: 'a tag for each word', alignments: 'pairs of sequences' },
  }[manifest.targets.kind];
  throw new LabError(
    'bad-input',
    `${manifest.name} has ${what}, not classes: change them where they come from, and import again`,
  );
}

/**
 * Examples that were put into a class one by one, or kept in theirs after a look, by their numbers as the dataset is now; in the order
 * of the log, each once.
 *
 * @throws LabError `bad-input` for what has no classes, `corrupt`
 */
export async function handLabelled(folder: string, kind: string): Promise<number[]> {
  const { manifest, indexOf } = importedNumbers(folder, kind);
  requireClasses(manifest);
  const log = await readEdits(folder);
  const places = log.flatMap(({ edit }) => (edit.type === 'relabel' ? edit.examples : []));
  return [...new Set(places)].flatMap((place) => indexOf(place) ?? []);
}

/** Takes the last edits back. @throws LabError `bad-input` where there are fewer */
export async function undoEdits(folder: string, kind: string, count: number): Promise<DatasetManifest> {
  const log = await readEdits(folder);
  if (log.length < count) {
    const what = log.length === 0 ? 'no edits' : log.length === 1 ? 'one edit' : `${log.length} edits`;
    throw new LabError('bad-input', `There are ${what} to undo`, { edits: log.length });
  }
  return rebuild(folder, await readImported(await originalOf(folder), kind), log.slice(0, log.length - count));
}

async function originalOf(folder: string): Promise<string> {
  const original = join(folder, ORIGINAL);
  return (await fileExists(original)) ? original : folder;
}

function inImportedNumbers(edit: DatasetEdit, placeOf: (index: number) => number, size: number): DatasetEdit {
  if (edit.type !== 'relabel') return edit;
  const beyond = edit.examples.find((example) => example >= size);
  if (beyond !== undefined) {
    throw new LabError('bad-input', `There is no example ${beyond}: the dataset has ${size}, counted from 0`, { size });
  }
  return { ...edit, examples: edit.examples.map(placeOf) };
}

function keptExamples({ labels }: LabelState): Uint32Array {
  return Uint32Array.from([...labels.keys()].filter((example) => labels[example]! >= 0));
}

/** That of the import where nothing is different from it. */
function contentHashOf({ manifest, state: before }: ImportedDataset, { classes, labels }: LabelState): string {
  const isSame =
    classes.join('\0') === before.classes.join('\0') && labels.every((label, at) => label === before.labels[at]);
  if (isSame) return manifest.contentHash;
  const bytes = Buffer.alloc(labels.length * 4);
  labels.forEach((label, at) => bytes.writeInt32LE(label, at * 4));
  return createHash('sha256').update(manifest.contentHash).update(JSON.stringify(classes)).update(bytes).digest('hex');
}

async function rebuild(
  folder: string,
  imported: ImportedDataset,
  log: readonly DatasetEditEntry[],
): Promise<DatasetManifest> {
  const state = applyEditsOrNone(imported, log);
  const kept = keptExamples(state);
  const files = new Map([...imported.files].map(([name, bytes]) => [name, rewrite(name, bytes, state, kept)] as const));
  const contentHash = contentHashOf(imported, state);
  const sides = files.get('sides.bin');
  const hasDropped = kept.length < state.labels.length;
  const groups = wordsOf(files.get('groups.bin'));
  const total = hasDropped ? await withKeptTotals(folder, imported.manifest, kept, groups) : imported.manifest;
  const manifest =
    log.length === 0 ? imported.manifest : editedManifest(total, state, { contentHash, edits: log.length, sides });
  const original = await originalOf(folder);
  const prepared = await prepareFolder(folder, async (temporary) => {
    await carryOver(folder, temporary);
    if (log.length > 0) {
      await mkdir(join(temporary, ORIGINAL));
      for (const name of [MANIFEST, ...files.keys()]) {
        await share(join(original, name), join(temporary, ORIGINAL, name));
      }
      await writeFile(join(temporary, LOG_FILE), log.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    }
    for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes);
    if (hasDropped) await writeFile(join(temporary, KEPT_FILE), littleEndian(kept));
    // The file itself, to the byte, where nothing is different any more.
    if (log.length === 0) await share(join(original, MANIFEST), join(temporary, MANIFEST));
    else await writeManifest(temporary, manifest);
  });
  await replaceFolder(prepared, folder);
  return manifest;
}

function applyEditsOrNone(imported: ImportedDataset, log: readonly DatasetEditEntry[]): LabelState {
  // A set of transcripts may have a single label; it is not refused for what nobody did.
  return log.length === 0
    ? imported.state
    : applyEdits(
        imported.state,
        log.map(({ edit }) => edit),
      );
}

/** Everything that edits do not write. */
async function carryOver(from: string, to: string): Promise<void> {
  const written = new Set<string>([...Object.keys(REWRITTEN), KEPT_FILE, LOG_FILE, ORIGINAL, MANIFEST, checksumsName]);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (written.has(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await cp(source, target, { recursive: true });
    else await share(source, target);
  }
}

/** The same file under another name, without copying where the file system can. */
async function share(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

function wordsOf(bytes: Buffer | undefined): Uint32Array | undefined {
  if (bytes === undefined) return undefined;
  return Uint32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32LE(at * 4));
}

function littleEndian(values: Uint32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
  return bytes;
}

/** A file of so many bytes an example, with those that are kept. */
function rewrite(name: RewrittenFile, bytes: Buffer, { labels }: LabelState, kept: Uint32Array): Buffer {
  if (name === 'labels.bin') return littleEndian(kept.map((example) => labels[example]!));
  if (name === 'groups.bin') return littleEndian(keptGroups(bytes, kept));
  const width = REWRITTEN[name];
  const result = Buffer.alloc(kept.length * width);
  kept.forEach((example, at) => bytes.copy(result, at * width, example * width, (example + 1) * width));
  return result;
}

/** Each group by the first of its members that is left. */
function keptGroups(bytes: Buffer, kept: Uint32Array): Uint32Array {
  const firsts = new Map<number, number>();
  return kept.map((example, at) => {
    const group = bytes.readUInt32LE(example * 4);
    const first = firsts.get(group) ?? at;
    firsts.set(group, first);
    return first;
  });
}
