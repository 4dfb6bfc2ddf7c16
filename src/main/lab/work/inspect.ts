/**
 * Looks at files and folders before an import: what they are, the first table's columns and rows, the beginning of a text,
 * some of the images, and the import that suits them.
 */
import { open, stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import type { z } from 'zod';
import type { ImportRequest, Inspection, materialsContract } from '../../../shared/contract/materials.ts';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { decodeImage, sniffFormat } from '../../data/images/decode.ts';
import { folderSource } from '../../data/images/folder-source.ts';
import type { ImageEntry } from '../../data/images/source.ts';
import { extensionOf } from '../../data/images/source.ts';
import { zipSource } from '../../data/images/zip-source.ts';
import type { SourceFile } from '../../data/text/source-files.ts';
import { findSourceFiles } from '../../data/text/source-files.ts';
import { inspectTable } from './inspect-table.ts';
import { pictureOf } from './pictures.ts';
import type { WorkContext } from './work-context.ts';

type Input = z.output<(typeof materialsContract)['inspect']['input']>;
type Answer = z.input<(typeof materialsContract)['inspect']['output']>;
type Table = NonNullable<Inspection['table']>;

/** A folder of millions of files is looked at this far; the import itself has no limit. */
const mostFiles = 20_000;
const listedFiles = 100;
const textBytes = 4000;

export async function inspectSources({ signal }: WorkContext, { paths, rows, pictures }: Input): Promise<Answer> {
  const sources = paths.map((path) => resolve(path));
  for (const source of sources) {
    await stat(source).catch((error: unknown) => {
      throw new LabError('not-found', `There is no file or folder ${source} (${messageOf(error)})`, { source }, error);
    });
  }
  const problems: string[] = [];
  const { texts, others, total, complete } = await listFiles(sources, signal);
  if (!complete) problems.push(`There are more than ${mostFiles} files; the counts are those of the first ones`);
  const images = await inspectImages(sources, others, pictures, signal);
  const tableFile = texts.find(({ format }) => !['text', 'wikipedia', 'fasta'].includes(format));
  const textFile = texts.find(({ format }) => format === 'text' || format === 'fasta');
  const table = tableFile ? await inspectTable(tableFile, rows, signal).catch(tell(problems, tableFile.path)) : null;
  const text =
    textFile?.compression === 'none' ? await readBeginning(textFile.path).catch(tell(problems, textFile.path)) : null;
  const suggestion = suggest(sources, texts, table, images);
  if (!suggestion) problems.push('Nothing here looks like text, a table or images that the lab can read');
  const byExtension: Record<string, number> = {};
  for (const path of [...texts.map((file) => file.path), ...others]) {
    const extension = extensionOf(path.replaceAll('\\', '/')) || '(none)';
    byExtension[extension] = (byExtension[extension] ?? 0) + 1;
  }
  const listed = [...texts.map((file) => file.path), ...others].slice(0, listedFiles);
  return {
    files: { total: total.files, bytes: total.bytes, byExtension, listed },
    suggestion,
    table,
    text,
    images,
    problems,
  };
}

function tell(problems: string[], path: string): (error: unknown) => null {
  return (error) => {
    problems.push(`${path}: ${messageOf(error)}`);
    return null;
  };
}

async function listFiles(sources: readonly string[], signal: AbortSignal) {
  const texts: SourceFile[] = [];
  const others: string[] = [];
  let bytes = 0;
  let complete = true;
  for await (const file of findSourceFiles({ sources, signal })) {
    if (texts.length + others.length >= mostFiles) {
      complete = false;
      break;
    }
    if ('format' in file && !isBinaryName(file.path)) {
      texts.push(file);
      bytes += file.size;
    } else {
      others.push(file.path);
      bytes += (await stat(file.path).catch(() => ({ size: 0 }))).size;
    }
  }
  return { texts, others, total: { files: texts.length + others.length, bytes }, complete };
}

/** A file that the user named counts as text if its name says nothing; these names do say something. */
function isBinaryName(path: string): boolean {
  return /\.(zip|png|jpe?g|jpe|jfif|webp|tiff?|gif|avif|bmp|heic|pdf|docx?|xlsx?|exe|mp[34]|wav|flac|safetensors|onnx)$/i.test(
    path,
  );
}

async function inspectImages(
  sources: readonly string[],
  others: readonly string[],
  wanted: number,
  signal: AbortSignal,
): Promise<Inspection['images']> {
  const [source] = sources;
  if (source === undefined || sources.length > 1) return null;
  const isZip = extname(source).toLowerCase() === '.zip';
  const isFolder = (await stat(source)).isDirectory();
  if (!isZip && !(isFolder && others.some((path) => /\.(png|jpe?g|webp|tiff?|gif|avif|bmp)$/i.test(path)))) return null;
  const entries: ImageEntry[] = [];
  const classes = new Map<string, number>();
  for await (const entry of (isZip ? zipSource(source) : folderSource(source)).entries(signal)) {
    if (!('read' in entry)) continue;
    const slash = entry.path.indexOf('/');
    if (slash > 0) classes.set(entry.path.slice(0, slash), (classes.get(entry.path.slice(0, slash)) ?? 0) + 1);
    entries.push(entry);
    if (entries.length >= mostFiles) break;
  }
  if (entries.length === 0) return null;
  const pictures: NonNullable<Inspection['images']>['pictures'] = [];
  const step = Math.max(1, Math.floor(entries.length / Math.max(1, wanted)));
  for (let index = 0; index < entries.length && pictures.length < wanted; index += step) {
    signal.throwIfAborted();
    const picture = await lookAt(entries[index]!).catch(() => undefined); // the report of the import will list it
    if (picture) pictures.push(picture);
  }
  return { classes: [...classes].map(([name, count]) => ({ name, count })), pictures };
}

const thumbnail = 96;

async function lookAt(entry: ImageEntry) {
  const bytes = await entry.read();
  if (!Buffer.isBuffer(bytes)) return undefined;
  const preparation = {
    height: thumbnail,
    width: thumbnail,
    channels: 3,
    fit: 'contain',
    resizeShorter: null,
    background: [255, 255, 255],
    minimumSide: 1,
    maximumPixels: 100_000_000,
    failOn: 'truncated',
  } as const;
  const { pixels, originalWidth, originalHeight } = await decodeImage(bytes, preparation);
  const picture = await pictureOf(pixels, { height: thumbnail, width: thumbnail, channels: 3 }, thumbnail);
  const slash = entry.path.indexOf('/');
  const label = slash > 0 ? entry.path.slice(0, slash) : null;
  return {
    path: entry.path,
    label,
    width: originalWidth,
    height: originalHeight,
    format: sniffFormat(bytes) ?? 'unknown',
    picture,
  };
}

async function readBeginning(path: string): Promise<NonNullable<Inspection['text']>> {
  const handle = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(textBytes), 0, textBytes, 0);
    const bytes = buffer.subarray(0, bytesRead);
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    if (isUtf16) {
      return {
        file: path,
        encoding: 'utf-16',
        beginning: new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes),
      };
    }
    const beginning = new TextDecoder('utf-8').decode(bytes, { stream: true });
    return { file: path, encoding: beginning.includes('\ufffd') ? 'other' : 'utf-8', beginning };
  } finally {
    await handle.close();
  }
}

/** The import that fits: images where there are any, else a dataset where a column looks like labels, else a corpus. */
function suggest(
  sources: readonly string[],
  texts: readonly SourceFile[],
  table: Table | null,
  images: Inspection['images'],
): ImportRequest | null {
  const name = nameFrom(sources[0] ?? '');
  if (images && images.pictures.length > 0 && texts.length === 0) {
    return { kind: images.classes.length > 1 ? 'image-dataset' : 'image-corpus', name, sources: [...sources] };
  }
  if (texts.length === 0) return null;
  const text = table?.columns.find(({ role }) => role === 'text');
  const label = table?.columns.find(({ role }) => role === 'label');
  if (text && label) {
    return { kind: 'text-dataset', name, sources: [...sources], textColumn: text.name, labelColumn: label.name };
  }
  return { kind: 'text-corpus', name, sources: [...sources], ...(text && { textColumn: text.name }) };
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
