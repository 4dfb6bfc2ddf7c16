/** Images and recordings to be asked about: one file, a folder, a zip archive of images, or a table that lists them. */
import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { LabError, cannotRead } from '../../../shared/errors.ts';
import { looksLikeSound } from '../../data/audio/recording.ts';
import { folderSource, readImageFile } from '../../data/images/folder-source.ts';
import type { ImageEntry, ImageSource, UnusableEntry } from '../../data/images/source.ts';
import { hasImageExtension } from '../../data/images/source.ts';
import { fileColumns, isTableName, tableSource } from '../../data/images/table-source.ts';
import { zipSource } from '../../data/images/zip-source.ts';
import { SkipFile } from '../../data/import/skip-file.ts';
import { formatOfName } from '../../data/reading/source-files.ts';
import { isTableFormat } from '../../data/tables/read-table.ts';
import { columnsOfTable } from '../../data/tables/table-columns.ts';
import { missingColumnMessage } from '../../data/tables/table-row.ts';
import type { TaskFacts } from '../../tasks/index.ts';
import { decodeQueryImage } from '../query-image.ts';
import { decodeQueryRecording } from '../query-recording.ts';
import type { Asked, Question, QuestionOptions, QuestionSource, UnreadableQuestion } from './question.ts';

/** Files in one portion: their bytes are read when they are asked for. */
const portion = 64;

type Decode = (bytes: Buffer, name: string) => Promise<Asked>;

/** Throws `LabError('not-found' | 'bad-input')` for what cannot be read or holds no such files. */
export async function openFiles(
  input: string,
  { images, audio }: Pick<TaskFacts, 'images' | 'audio'>,
  options: QuestionOptions,
  signal: AbortSignal,
): Promise<QuestionSource> {
  const isSound = audio !== undefined;
  const decode: Decode = async (bytes, name) => {
    if (images) return { image: await decodeQueryImage(bytes, name, images) };
    if (audio) return { recording: await decodeQueryRecording(bytes, name, audio) };
    throw new LabError('internal', 'a model of neither images nor recordings');
  };
  const path = resolve(input);
  const columns = isTableName(path) ? await columnsOf(path, options, signal) : [];
  const source = await sourceOf(path, isSound, { ...options, keep: columns });
  const total = await source.count(signal);
  if (total === 0) throw new LabError('bad-input', `There are no ${isSound ? 'recordings' : 'images'} in ${input}`);
  const isTable = source.kind === 'table';
  return {
    columns,
    hasFiles: !isTable,
    hasLines: isTable,
    total,
    unit: isTable ? 'rows' : 'files',
    async *questions(stop, onProgress) {
      let done = 0;
      let items: (Question | UnreadableQuestion)[] = [];
      for await (const entry of source.entries(stop)) {
        items.push(asQuestion(entry, columns, decode));
        if (items.length < portion) continue;
        yield items;
        onProgress((done += items.length));
        items = [];
      }
      yield items;
      onProgress(done + items.length);
    },
  };
}

async function sourceOf(path: string, isSound: boolean, options: QuestionOptions): Promise<ImageSource> {
  const found = await stat(path).catch((error: unknown) => {
    throw cannotRead('file or folder', path, error);
  });
  if (isTableName(path)) return tableSource(path, options);
  if (found.isDirectory()) return folderSource(path, isSound ? { isWanted: looksLikeSound } : {});
  if (!isSound && extname(path).toLowerCase() === '.zip') return zipSource(path);
  const isWanted = isSound ? looksLikeSound(path) : hasImageExtension(path);
  if (!isWanted) {
    const wanted = isSound ? 'a sound file' : 'an image or a .zip archive of images';
    throw new LabError('bad-input', `${path} is neither ${wanted}, nor a folder of them, nor a table that lists them`);
  }
  return {
    kind: 'folder',
    path,
    count: () => Promise.resolve(1),
    async *entries() {
      yield await Promise.resolve({ path, read: () => readImageFile(path) });
    },
    ignored: () => new Map(),
  };
}

/** The columns that are kept: of a table with files in it, those that are not the files. */
async function columnsOf(
  path: string,
  { keep, encoding, header, quote }: QuestionOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { format, compression } = formatOfName(path);
  if (format === undefined || !isTableFormat(format)) return [];
  await stat(path).catch((error: unknown) => {
    throw cannotRead('file', path, error);
  });
  try {
    const present = await columnsOfTable({ path, compression, encoding, signal }, format, { header, quote });
    const missing = keep?.find((name) => !present.includes(name));
    if (missing !== undefined) throw new SkipFile('missing-column', missingColumnMessage(missing, present));
    if (keep) return keep;
    if (format !== 'parquet' && format !== 'arrow') return present;
    const files = await fileColumns(path, format);
    return present.filter((name) => !files.includes(name));
  } catch (error) {
    if (!(error instanceof SkipFile)) throw error;
    throw new LabError('bad-input', `${path} ${error.message}`, { path, reason: error.reason }, error);
  }
}

function asQuestion(
  entry: ImageEntry | UnusableEntry,
  columns: readonly string[],
  decode: Decode,
): Question | UnreadableQuestion {
  const { path, row } = entry;
  const place = { file: path, line: row?.line ?? null, kept: row?.values ?? columns.map(() => null) };
  if ('unusable' in entry) return { ...place, problem: entry.unusable.message };
  return {
    ...place,
    async read() {
      const bytes = await entry.read();
      if (!(bytes instanceof Buffer)) throw new LabError('internal', 'pixels instead of a file');
      return decode(bytes, path);
    },
  };
}
