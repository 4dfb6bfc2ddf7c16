/**
 * Imports labelled recordings: a table with the columns `path` and `label`, or a folder of WAV files for each class. They are
 * decoded once and kept as frames; files that cannot be used are listed and left out.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { LabError, cannotRead, isLabError } from '../../../shared/errors.ts';
import type { AudioDatasetManifest, FrameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { AUDIO_DATASET_VERSION, frameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { AppendingFile } from '../../files/appending-file.ts';
import { requireClassNames } from '../import/class-names.ts';
import { isTableName, tableSource } from '../images/table-source.ts';
import { classOfPath, isSystemName } from '../images/source.ts';
import { createFolder } from '../../files/durable-folder.ts';
import { writeManifest } from '../../files/manifest-file.ts';
import { SkipFile } from '../import/skip-file.ts';
import { compareCodePoints } from '../tokenizer/learn-merges.ts';
import { ReportCollector } from '../import/report-collector.ts';
import { FRAMES_FILE, LABELS_FILE, OFFSETS_FILE, RECORDINGS_FILE } from './audio-dataset.ts';
import { logMelFrames } from './log-mel.ts';
import { decodeRecording } from './recording.ts';

export interface AudioImport {
  /** A table, or a folder with a folder for each class. */
  readonly source: string;
  /** The folder to be made; it must not exist. */
  readonly destination: string;
  readonly name: string;
  readonly options?: Partial<FrameOptions> | undefined;
  /** Of a table; 'label' by default. */
  readonly labelColumn?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { phase: 'decoding'; done: number; total: number }) => void) | undefined;
}

interface Entry {
  readonly path: string;
  readonly label: string;
  readonly read: () => Promise<Uint8Array>;
}
type Unusable = { readonly path: string; readonly message: string; readonly reason: 'missing-label' | 'unreadable' };

const PROGRESS_FILES = 20;

/**
 * @returns the manifest of the new dataset
 * @throws LabError `conflict` if the destination exists, `not-found`, `bad-spec` for wrong options, `bad-input` if nothing can be
 *   used (with the reasons), `aborted`, `disk-full`
 */
export async function importAudioDataset(job: AudioImport): Promise<AudioDatasetManifest> {
  const parsed = frameOptions.safeParse(job.options ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new LabError('bad-spec', `The import's options are not valid: ${problems.join('; ')}.`, { problems });
  }
  const options = parsed.data;
  const signal = job.signal ?? new AbortController().signal;
  const source = resolve(job.source);
  await stat(source).catch((error: unknown) => {
    throw cannotRead('file or folder', source, error);
  });
  return createFolder(job.destination, signal, async (folder) => {
    const report = new ReportCollector();
    const list = isTableName(source)
      ? tableEntries(source, job.labelColumn ?? 'label', signal)
      : folderEntries(source, report);
    const entries: (Entry | Unusable)[] = [];
    for await (const entry of list) entries.push(entry);
    const writer = await RecordingWriter.create(folder);
    try {
      for (const [index, entry] of entries.entries()) {
        signal.throwIfAborted();
        if ('read' in entry) await addRecording(entry, options, writer, report);
        else report.skip(entry.path, { line: null, ...entry });
        const done = index + 1;
        if (done % PROGRESS_FILES === 0 || done === entries.length) {
          job.onProgress?.({ phase: 'decoding', done, total: entries.length });
        }
      }
      if (writer.size === 0) throw report.nothingUsable('labelled sound', [source]);
      const manifest: AudioDatasetManifest = {
        formatVersion: AUDIO_DATASET_VERSION,
        kind: 'audio-dataset',
        name: job.name,
        createdAt: new Date().toISOString(),
        source,
        ...(await writer.finish(options)),
        options,
        report: report.report(),
      };
      await writeManifest(folder, manifest);
      return manifest;
    } finally {
      await writer.close();
    }
  });
}

async function addRecording(
  entry: Entry,
  options: FrameOptions,
  writer: RecordingWriter,
  report: ReportCollector,
): Promise<void> {
  try {
    const bytes = await entry.read();
    report.files += 1;
    report.bytes += bytes.length;
    const { samples, rate } = decodeRecording(bytes);
    await writer.append(entry, logMelFrames(samples, rate, options), samples.length / rate, options.bands);
  } catch (error) {
    if (error instanceof SkipFile) {
      report.skip(entry.path, { line: null, reason: error.reason, message: error.message });
    } else if (isLabError(error)) report.skip(entry.path, { line: null, reason: 'unreadable', message: error.message });
    else throw error;
  }
}

async function* tableEntries(
  table: string,
  labelColumn: string,
  signal: AbortSignal,
): AsyncGenerator<Entry | Unusable> {
  for await (const entry of tableSource(table, { labelColumn }).entries(signal)) {
    if (!('read' in entry)) {
      const { reason, message } = entry.unusable;
      yield { path: entry.path, message, reason: reason === 'no-label' ? 'missing-label' : 'unreadable' };
      continue;
    }
    const { path, label = '', read } = entry;
    yield {
      path,
      label,
      async read() {
        const content = await read();
        if ('data' in content) throw new LabError('internal', 'a table lists files');
        return content;
      },
    };
  }
}

async function* folderEntries(folder: string, report: ReportCollector): AsyncGenerator<Entry | Unusable> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found
    .filter((one) => one.isFile())
    .map((one) =>
      join(one.parentPath, one.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .filter((path) => !path.split('/').some(isSystemName))
    .sort(compareCodePoints);
  for (const path of paths) {
    if (!/\.wave?$/i.test(path)) {
      report.ignore(/[^./]+$/.exec(path)?.[0] ?? '');
      continue;
    }
    const label = classOfPath(path);
    if (label !== undefined) yield { path, label, read: () => readFile(join(folder, path)) };
    else {
      const message = 'lies beside the class folders; move it into the folder of its class, or list it in a table';
      yield { path, message, reason: 'missing-label' };
    }
  }
}

/** Writes recordings as they come; the classes are sorted at the end. */
class RecordingWriter {
  private readonly folder: string;
  private readonly files: Readonly<Record<'frames' | 'offsets' | 'recordings', AppendingFile>>;
  private readonly labels: string[] = [];
  private readonly content = createHash('sha256');
  private frames = 0;
  private longest = 0;
  private seconds = 0;

  private constructor(folder: string, files: RecordingWriter['files']) {
    this.folder = folder;
    this.files = files;
  }

  static async create(folder: string): Promise<RecordingWriter> {
    const file = (name: string): Promise<AppendingFile> => AppendingFile.create(join(folder, name));
    return new RecordingWriter(folder, {
      frames: await file(FRAMES_FILE),
      offsets: await file(OFFSETS_FILE),
      recordings: await file(RECORDINGS_FILE),
    });
  }

  get size(): number {
    return this.labels.length;
  }

  async append(
    { path, label }: Entry,
    values: Float32Array<ArrayBuffer>,
    seconds: number,
    bands: number,
  ): Promise<void> {
    const { frames, offsets, recordings } = this.files;
    const count = values.length / bands;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    frames.append(bytes);
    offsets.appendUint32(this.frames);
    recordings.appendText(`${JSON.stringify({ path, label, seconds, frames: count })}\n`);
    this.content.update(bytes).update(label).update('\0');
    this.labels.push(label);
    this.frames += count;
    this.seconds += seconds;
    this.longest = Math.max(this.longest, count);
    for (const file of Object.values(this.files)) if (file.isFull) await file.flush();
  }

  async finish(options: FrameOptions) {
    const { frames, offsets, recordings } = this.files;
    offsets.appendUint32(this.frames);
    const names = [...new Set(this.labels)].sort(compareCodePoints);
    requireClassNames(names);
    const place = new Map(names.map((name, index) => [name, index]));
    const counts = new Uint32Array(names.length);
    const labels = await AppendingFile.create(join(this.folder, LABELS_FILE));
    for (const label of this.labels) {
      const index = place.get(label) ?? 0; // every label has its place
      labels.appendUint32(index);
      counts[index]! += 1;
    }
    for (const file of [frames, offsets, recordings, labels]) await file.finish();
    return {
      contentHash: this.content.update(JSON.stringify(options)).digest('hex'),
      recordings: this.labels.length,
      seconds: this.seconds,
      frames: this.frames,
      longest: this.longest,
      classes: names.map((name, index) => ({ name, recordings: counts[index]! })),
    };
  }

  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.files).map((file) => file.close()));
  }
}
