/**
 * Imports labelled recordings: a table with the columns `path` and `label`, or a folder of sound files for each class. They are
 * decoded once and kept as frames; files that cannot be used are listed and left out.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LabError, cannotRead, isLabError } from '../../../shared/errors.ts';
import type { AudioDatasetManifest, FrameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { AUDIO_DATASET_VERSION, frameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { createFolder } from '../../files/durable-folder.ts';
import { writeManifest } from '../../files/manifest-file.ts';
import { folderSource } from '../images/folder-source.ts';
import type { ImageEntry, ImageSource, UnusableEntry } from '../images/source.ts';
import { joinSources } from '../images/joined-source.ts';
import { isTarName, tarSource } from '../images/tar-source.ts';
import { zipSource } from '../images/zip-source.ts';
import { isTableName, tableSource, type FileTableOptions } from '../images/table-source.ts';
import { ReportCollector } from '../import/report-collector.ts';
import { checkedSource } from '../images/checked-source.ts';
import { collectTargets } from '../import/targets.ts';
import type { LabelFormat } from '../../../shared/spec/label-format.ts';
import { sourcesWithSides, type SideSources } from '../import/sides.ts';
import { SkipFile } from '../import/skip-file.ts';
import { logMelFrames } from './log-mel.ts';
import { decodeRecording, looksLikeSound } from './recording.ts';
import { RecordingWriter } from './recording-writer.ts';

export interface AudioImport {
  /** Tables, or folders with a folder for each class. */
  readonly sources: readonly string[];
  /** Sources of the sides of an official split, beside `sources`. */
  readonly sides?: SideSources | undefined;
  /** The folder to be made; it must not exist. */
  readonly destination: string;
  readonly name: string;
  readonly options?: Partial<FrameOptions> | undefined;
  /** Of a table; its column of labels is 'label' by default. */
  readonly table?: FileTableOptions | undefined;
  /** What labels say; one class each without it. */
  readonly labels?: LabelFormat | undefined;
  /** Merges classes whose names look alike into the most frequent one. */
  readonly mergeLabels?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { phase: 'decoding'; done: number; total: number }) => void) | undefined;
}

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
  const parts = [...job.sources.map((path) => [resolve(path), undefined] as const), ...sourcesWithSides(job.sides)];
  for (const [path] of parts) {
    await stat(path).catch((error: unknown) => {
      throw cannotRead('file or folder', path, error);
    });
  }
  return createFolder(job.destination, signal, async (folder) => {
    const report = new ReportCollector();
    const labels = job.labels ?? { kind: 'classes' };
    const labelColumn = job.table?.labelColumn ?? 'label';
    const joined = joinSources(parts.map(([path, side]) => ({ source: soundSource(path, job), side })));
    const sound = checkedSource(joined, labels, labelColumn);
    const total = await sound.count(signal);
    const writer = await RecordingWriter.create(folder, collectTargets(labels, labelColumn));
    try {
      let done = 0;
      // An entry of an archive can be read only while the archive is gone through.
      for await (const entry of sound.entries(signal)) {
        signal.throwIfAborted();
        await addRecording(entry, options, writer, report);
        done += 1;
        if (done % PROGRESS_FILES === 0 || done === total) job.onProgress?.({ phase: 'decoding', done, total });
      }
      for (const [kind, count] of sound.ignored()) for (let file = 0; file < count; file += 1) report.ignore(kind);
      report.take(sound.facts?.());
      if (writer.size === 0) throw report.nothingUsable('labelled sound', [sound.path]);
      const manifest: AudioDatasetManifest = {
        formatVersion: AUDIO_DATASET_VERSION,
        kind: 'audio-dataset',
        name: job.name,
        createdAt: new Date().toISOString(),
        source: sound.path,
        ...(await writer.finish(options, report, job.mergeLabels ?? false)),
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

/** Recordings that a table lists, or that lie in a folder for each class, which may be packed. */
function soundSource(source: string, job: AudioImport): ImageSource {
  if (/\.zip$/i.test(source)) return zipSource(source, { classFolders: true, isWanted: looksLikeSound });
  if (isTarName(source)) return tarSource(source, { labelled: true, isWanted: looksLikeSound });
  if (!isTableName(source)) return folderSource(source, { classFolders: true, isWanted: looksLikeSound });
  return tableSource(source, { ...job.table, labels: job.labels, labelColumn: job.table?.labelColumn ?? 'label' });
}

async function addRecording(
  entry: ImageEntry | UnusableEntry,
  options: FrameOptions,
  writer: RecordingWriter,
  report: ReportCollector,
): Promise<void> {
  const { path } = entry;
  if (!('read' in entry)) {
    const { reason, message } = entry.unusable;
    report.skip(path, { line: null, reason: reason === 'no-label' ? 'missing-label' : 'unreadable', message });
    return;
  }
  try {
    const bytes = await entry.read();
    if ('data' in bytes) throw new LabError('internal', 'a table lists files');
    report.files += 1;
    report.bytes += bytes.length;
    const { samples, rate } = await decodeRecording(bytes);
    const { label = '', group, side } = entry;
    const frames = logMelFrames(samples, rate, options);
    await writer.append({ path, label, group, side }, frames, samples.length / rate, options.bands);
  } catch (error) {
    if (error instanceof SkipFile) report.skip(path, { line: null, reason: error.reason, message: error.message });
    else if (isLabError(error)) report.skip(path, { line: null, reason: 'unreadable', message: error.message });
    else throw error;
  }
}
