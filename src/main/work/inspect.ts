/**
 * Looks at files and folders before an import: what they are, the first table's columns and rows, the beginning of a text,
 * some of the images, the recordings, and the import that suits them. What cannot be imported gets no suggestion.
 */
import { stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import type { z } from 'zod';
import { mediumOf } from '../../shared/spec/data-kind.ts';
import type { ImportRequest, Inspection, materialsContract } from '../../shared/contract/materials.ts';
import { LabError, messageOf } from '../../shared/errors.ts';
import { areSides } from '../data/import/sides.ts';
import { folderSource } from '../data/images/folder-source.ts';
import { extensionOf, hasImageExtension } from '../data/images/source.ts';
import { tableSource } from '../data/images/table-source.ts';
import { isTarName, tarSource } from '../data/images/tar-source.ts';
import { zipSource } from '../data/images/zip-source.ts';
import type { SourceFile } from '../data/reading/source-files.ts';
import { findSourceFiles } from '../data/reading/source-files.ts';
import { TAGGED_FILES } from '../data/text/read-tagged.ts';
import { inspectImages } from './inspect-images.ts';
import { isSoundName } from '../data/audio/recording.ts';
import { isSequences } from '../data/reading/read-sequences.ts';
import { inspectSounds } from './inspect-sounds.ts';
import { isTableFormat } from '../data/tables/read-table.ts';
import { inspectTable } from './inspect-table.ts';
import { inspectTagged } from './inspect-tagged.ts';
import { findUnnamedTexts, inspectText } from './inspect-text.ts';
import { modelAt } from '../models/model-at.ts';
import type { WorkContext } from './work-context.ts';

type Input = z.output<(typeof materialsContract)['inspect']['input']>;
type Answer = z.input<(typeof materialsContract)['inspect']['output']>;

/** A folder of millions of files is looked at this far; the import itself has no limit. */
const mostFiles = 20_000;
const listedFiles = 100;
/** The column of a table that lists files. */
const pathColumn = 'path';

interface Listing {
  /** What the import of text reads by their names. */
  readonly texts: readonly SourceFile[];
  readonly others: readonly string[];
  /** Those that were named and that no import reads, with the reason. */
  readonly refused: readonly string[];
  readonly bytes: number;
  readonly complete: boolean;
}

interface Found extends Pick<Inspection, 'table' | 'text' | 'images' | 'sounds' | 'tagged'> {
  readonly sources: readonly string[];
  /** As it was asked for. */
  readonly quote: Input['quote'];
  readonly listed: ListedFiles;
  readonly listing: Listing;
  /** Globs of files that are text, although their names do not say so. */
  readonly unnamed: readonly string[];
}

export async function inspectSources(
  { signal }: Pick<WorkContext, 'signal'>,
  { paths, rows, pictures, encoding, header, quote, headerPattern, root, labels, ...columns }: Input,
): Promise<Answer> {
  const sources = paths.map((path) => resolve(path));
  for (const source of sources) {
    await stat(source).catch((error: unknown) => {
      throw new LabError('not-found', `There is no file or folder ${source}. Check the path`, { source }, error);
    });
  }
  const problems: string[] = [];
  const tell = (path: string) => (error: unknown) => {
    problems.push(`${path}: ${messageOf(error)}`);
    return null;
  };
  const listing = await listFiles(sources, signal);
  if (!listing.complete) {
    problems.push(`There are more than ${mostFiles} files; the counts are those of the first ones`);
  }
  const { texts, others, bytes } = listing;
  const tagged = await inspectTagged(texts, {
    ...{ textColumn: columns.textColumn, labelColumn: columns.labelColumn, isAsked: labels === 'tags', signal },
  });
  const tableFile = tagged ? undefined : texts.find(({ format }) => isTableFormat(format));
  const table = tableFile
    ? await inspectTable(tableFile, {
        ...{ shown: rows, encoding, header, quote, labels, signal },
        ...columns,
      }).catch(tell(tableFile.path))
    : null;
  const unnamed = await findUnnamedTexts(sources, texts, others);
  const text = await inspectText(texts, {
    ...{ unnamed: unnamed?.files[0], encoding, pattern: headerPattern, signal },
  }).catch(tell(texts[0]?.path ?? sources[0] ?? ''));
  const listed = { ...filesOfTable(table, columns.pathColumn), root };
  const listsImages = listed.names.some(hasImageExtension);
  const seen = await lookAtImages(sources, others, listsImages ? listed : undefined, pictures, signal);
  const images = seen ?? (listsImages ? { classes: [], pictures: [] } : null);
  if (seen === null && listsImages) {
    problems.push(
      root === undefined
        ? 'The pictures that the table lists are not beside it: name the folder that holds them'
        : `The pictures that the table lists are not in ${root}`,
    );
  }
  const sounds = await inspectSounds(sources, others, { names: listed.names, root }, signal);
  const found = { sources, quote, listed, listing, table, text, tagged, images, sounds, unnamed: unnamed?.globs ?? [] };
  const model = await modelAt(sources);
  const suggestion = model ? null : suggest(found);
  if (!model && !suggestion && problems.length === 0) problems.push(whyNothing(found));
  const all = [...texts.map((file) => file.path), ...others];
  const byExtension: Record<string, number> = {};
  for (const path of all) {
    const extension = extensionOf(path.replaceAll('\\', '/')) || '(none)';
    byExtension[extension] = (byExtension[extension] ?? 0) + 1;
  }
  const read = readBy(suggestion, found, unnamed?.files.length ?? 0);
  return {
    files: { total: all.length, bytes, byExtension, listed: all.slice(0, listedFiles), ignored: all.length - read },
    suggestion,
    model: model ? { path: model.path, title: model.title ?? null } : null,
    table,
    // Tagged words are told as such, and not as the text that a CoNLL file is for others.
    text: tagged ? null : text,
    tagged,
    images,
    sounds,
    problems,
  };
}

async function listFiles(sources: readonly string[], signal: AbortSignal): Promise<Listing> {
  const texts: SourceFile[] = [];
  const others: string[] = [];
  const refused: string[] = [];
  let bytes = 0;
  for await (const file of findSourceFiles({ sources, alsoText: TAGGED_FILES, signal })) {
    if (texts.length + others.length >= mostFiles) return { texts, others, refused, bytes, complete: false };
    if ('format' in file && !isBinaryName(file.path)) {
      texts.push(file);
      bytes += file.size;
    } else {
      if ('unusable' in file && file.reason === 'unsupported') refused.push(`${file.path}: ${file.unusable}`);
      others.push(file.path);
      bytes += (await stat(file.path).catch(() => ({ size: 0 }))).size;
    }
  }
  return { texts, others, refused, bytes, complete: true };
}

/** A file that the user named counts as text if its name says nothing; these names do say something. */
function isBinaryName(path: string): boolean {
  return (
    hasImageExtension(path) ||
    isSoundName(path) ||
    isTarName(path) ||
    /\.(zip|pdf|docx?|xls|exe|mp[34]|flac|safetensors|onnx|sqlite|pickle|npy|npz)$/i.test(path)
  );
}

async function lookAtImages(
  sources: readonly string[],
  others: readonly string[],
  listed: ListedFiles | undefined,
  wanted: number,
  signal: AbortSignal,
): Promise<Inspection['images']> {
  const [source] = sources;
  if (source === undefined || sources.length > 1) return null;
  if (isZip(source)) return inspectImages(zipSource(source), wanted, signal);
  if (isTarName(source)) return inspectImages(tarSource(source, { labelled: true }), wanted, signal);
  if (listed) {
    return inspectImages(tableSource(source, { pathColumn: listed.pathColumn, root: listed.root }), wanted, signal);
  }
  const isFolder = (await stat(source)).isDirectory();
  return isFolder && others.some(hasImageExtension) ? inspectImages(folderSource(source), wanted, signal) : null;
}

/** Folders called train and test are no classes; the import would refuse them. */
function isLabelled(classes: readonly { readonly name: string }[]): boolean {
  return classes.length > 1 && !areSides(classes.map(({ name }) => name));
}

function isZip(path: string): boolean {
  return extname(path).toLowerCase() === '.zip';
}

interface ListedFiles {
  readonly names: readonly string[];
  /** Where the import has to be told. */
  readonly pathColumn: string | undefined;
  /** Where their paths begin; at the table without it. */
  readonly root?: string | undefined;
}

/** The files that a table lists, as far as its first rows are known: in the column called so, or one with names of files. */
function filesOfTable(table: Inspection['table'], wanted: string | undefined): ListedFiles {
  const valuesOf = (place: number): string[] => (table?.rows ?? []).flatMap((row) => row[place] ?? []);
  const isFile = (name: string): boolean => hasImageExtension(name) || isSoundName(name);
  const columns = table?.columns ?? [];
  const called = columns.findIndex(({ name }) => name === (wanted ?? pathColumn));
  const place =
    called >= 0 ? called : columns.findIndex((_, at) => valuesOf(at).length > 0 && valuesOf(at).every(isFile));
  const name = columns[place]?.name;
  if (name === undefined) return { names: [], pathColumn: undefined };
  // Parquet and Arrow have the files themselves beside their names, and the import finds them.
  const isFound = name === pathColumn || name.endsWith('.path');
  return { names: valuesOf(place), pathColumn: isFound ? undefined : name };
}

/** The import that fits: images or recordings where there is nothing else, a dataset where something looks like labels. */
function suggest(found: Found): ImportRequest | null {
  const { sources, listing, table, text, tagged, images, sounds, unnamed, quote, listed } = found;
  const request = { name: nameFrom(sources[0] ?? ''), sources: [...sources] };
  const label = table?.columns.find(({ role }) => role === 'label')?.name;
  const labels = labelsOf(table?.columns.find(({ role }) => role === 'label'));
  const labelled = {
    ...(label !== undefined && { labelColumn: label, ...labels }),
    ...(listed.pathColumn !== undefined && { pathColumn: listed.pathColumn }),
    ...(listed.root !== undefined && { root: listed.root }),
  };
  // A few notes among images do not make them text.
  const areMost = (isKind: (path: string) => boolean): boolean =>
    listing.others.filter(isKind).length >= listing.texts.length;
  const isListed = table !== null && listing.texts.length === 1;
  if (images && (images.pictures.length > 0 || listed.names.some(hasImageExtension))) {
    if (isListed) return { ...request, kind: label === undefined ? 'image-corpus' : 'image-dataset', ...labelled };
    const isArchive = sources.some((source) => isZip(source) || isTarName(source));
    if (isArchive || areMost(hasImageExtension)) {
      return { ...request, kind: isLabelled(images.classes) ? 'image-dataset' : 'image-corpus' };
    }
  }
  if (sounds && (isListed || (isLabelled(sounds.classes) && areMost(isSoundName)))) {
    return { ...request, kind: 'audio-dataset', ...labelled };
  }
  if (tagged) return { ...request, kind: 'text-dataset', labels: { kind: 'tags' } };
  const encoding = table?.encoding ?? text?.encoding ?? 'utf-8';
  const named = {
    ...(encoding !== 'utf-8' && { encoding }),
    ...(table?.header === false && { header: false }),
    ...(quote !== undefined && table !== null && { quote }),
  };
  if (table && table.read > 0) {
    const textColumn = table.columns.find(({ role }) => role === 'text')?.name;
    if (textColumn !== undefined && label !== undefined) {
      // A column that says train and test is somebody's split, which should be kept.
      const split = table.sides === null ? {} : { splitColumn: table.sides.splitColumn };
      return { ...request, ...named, kind: 'text-dataset', textColumn, labelColumn: label, ...labels, ...split };
    }
    return { ...request, ...named, kind: 'text-corpus', ...(textColumn !== undefined && { textColumn }) };
  }
  if (!text || text.beginning.trim() === '') return null;
  if (isLabelled(text.classes)) return { ...request, ...named, kind: 'text-dataset' };
  const isFasta = listing.texts.length > 0 && listing.texts.every(({ format }) => isSequences(format));
  return {
    ...request,
    ...named,
    kind: 'text-corpus',
    ...(unnamed.length > 0 && { include: [...unnamed] }),
    ...(isFasta && { tokenizer: { kind: 'characters' as const } }),
  };
}

/** Numbers that hardly ever repeat are quantities; others may be either, and the form asks. */
function labelsOf(column: NonNullable<Inspection['table']>['columns'][number] | undefined) {
  const isQuantity = column?.isNumeric === true && column.distinct > column.filled / 3 && column.distinct > 10;
  return isQuantity ? { labels: { kind: 'numbers' as const } } : {};
}

/** How many of the files the suggested import would open. */
function readBy(suggestion: ImportRequest | null, { listing, sounds }: Found, unnamed: number): number {
  const { texts, others } = listing;
  if (suggestion === null) return 0;
  if (suggestion.kind === 'audio-dataset') return Math.max(1, sounds?.total ?? 0);
  if (mediumOf(suggestion.kind) === 'images') {
    return Math.max(1, others.filter((path) => hasImageExtension(path) || isZip(path) || isTarName(path)).length);
  }
  return unnamed > 0 ? unnamed : texts.length;
}

function whyNothing({ sources, listing, table, sounds, images }: Found): string {
  const { texts, others } = listing;
  const [refused] = listing.refused;
  if (refused !== undefined) return refused;
  if (table) return `${basename(table.file)} has no row that can be read`;
  if (sounds) return 'Recordings need labels: a folder for each class, or a table with the columns path and label';
  if (texts.length + others.length === 0) return 'There are no files here';
  if (texts.some(({ size }) => size > 0)) return 'These files are binary, not text';
  if (texts.length > 0) return texts.length === 1 ? 'The file is empty' : 'The files are empty';
  const archive = sources.find(isZip);
  if (archive !== undefined) {
    const what = images ? 'no image that can be read' : 'no images';
    return `${basename(archive)} holds ${what}. Text, tables and recordings have to be unpacked first: then import the folder`;
  }
  return 'Nothing here looks like text, a table, images or recordings that the lab can read';
}

/** A name that commands take, made from that of a file or folder. */
export function nameFrom(path: string): string {
  const bare = basename(path).replace(/(\.[a-z0-9]{1,8}){1,2}$/i, '');
  const name = bare
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '');
  return name.slice(0, 80) || 'material';
}
