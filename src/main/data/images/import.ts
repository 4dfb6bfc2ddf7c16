/**
 * Imports a source of images into a folder of the workspace: decoded once to uint8 shards of one shape, with a record of each
 * image, channel statistics, groups of near duplicates, and a report. Bad files are listed and skipped.
 *
 * Memory is that of the images under way, and about 50 bytes for each image imported (hashes, labels, groups).
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import { imageImportOptions, type ImageImportOptionsInput } from '../../../shared/spec/image-import.ts';
import { IMAGE_MANIFEST_VERSION, type ImageCorpusManifest } from '../../../shared/spec/manifests/image-corpus.ts';
import type { ImageDatasetManifest } from '../../../shared/spec/manifests/image-dataset.ts';
import type { ImageImportReport } from '../../../shared/spec/manifests/image-import-report.ts';
import { writeFileDurably } from '../../files/durable-file.ts';
import { writeManifest } from '../../files/manifest-file.ts';
import type { Preparation } from './decode.ts';
import { surveyValues, type ValueSurvey } from './deep-values.ts';
import { ImageCollector, type CollectedImages } from './image-collector.ts';
import { requireSpace } from '../../files/disk-space.ts';
import { createFolder } from '../../files/durable-folder.ts';
import { orderedMap } from './ordered-map.ts';
import { prepareImage } from './prepare-image.ts';
import type { LabelFormat } from '../../../shared/spec/label-format.ts';
import { collectTargets } from '../import/targets.ts';
import type { ImageSource } from './source.ts';

export interface ImageImportProgress {
  /** Counting the files, decoding them, looking for near duplicates. */
  readonly phase: 'counting' | 'decoding' | 'comparing';
  /** Files dealt with so far, used or skipped; never falls within a phase. */
  readonly done: number;
  /** Constant within a phase; 0 while counting. */
  readonly total: number;
  readonly skipped: number;
  readonly bytesRead: number;
}

export interface ImageImport {
  readonly source: ImageSource;
  /** The folder to be made; it must not exist. */
  readonly destination: string;
  readonly name: string;
  readonly options?: ImageImportOptionsInput;
  /** What labels say, and what they are called; one class each without it. */
  readonly labels?: { readonly format: LabelFormat; readonly column: string } | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImageImportProgress) => void;
}

export interface ImageImportResult<Manifest> {
  readonly manifest: Manifest;
  readonly report: ImageImportReport;
}

const PROGRESS_MILLISECONDS = 100;
const NO_VALUES: ValueSurvey = { scales: {}, found: [] };
/** Records, offsets, labels and hashes, roughly. */
const RECORD_BYTES = 300;

function parseOptions(input: ImageImportOptionsInput): ReturnType<typeof imageImportOptions.parse> {
  const parsed = imageImportOptions.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`);
  throw new LabError('bad-spec', `The import's options are not valid: ${problems.join('; ')}.`, { problems });
}

function preparationOf(options: ReturnType<typeof imageImportOptions.parse>): Preparation {
  const { size, fit, background } = options;
  const { height, width } = typeof size === 'number' ? { height: size, width: size } : size;
  const colour = (offset: number): number => Number.parseInt(background.slice(offset, offset + 2), 16);
  const defaultShorter = Math.round(Math.max(height, width) / 0.875);
  return {
    height,
    width,
    channels: options.channels,
    fit,
    resizeShorter: fit === 'center-crop' ? (options.resizeShorter ?? defaultShorter) : null,
    background: [colour(1), colour(3), colour(5)],
    minimumSide: options.minimumSide,
    maximumPixels: options.maximumPixels,
    failOn: options.failOn,
  };
}

/** Calls through at most every 100 ms, and always for the last of a phase. */
function throttled(
  onProgress: ((progress: ImageImportProgress) => void) | undefined,
): (progress: ImageImportProgress) => void {
  let last = -Infinity;
  return (progress) => {
    const now = performance.now();
    if (progress.done < progress.total && now - last < PROGRESS_MILLISECONDS) return;
    last = now;
    onProgress?.(progress);
  };
}

async function importImages(kind: ImageCorpusManifest['kind'] | ImageDatasetManifest['kind'], job: ImageImport) {
  const started = performance.now();
  const options = parseOptions(job.options ?? {});
  const wanted = preparationOf(options);
  const signal = job.signal ?? new AbortController().signal;
  const report = throttled(job.onProgress);
  const imageBytes = wanted.height * wanted.width * wanted.channels;

  return createFolder(job.destination, signal, async (folder) => {
    report({ phase: 'counting', done: 0, total: 0, skipped: 0, bytesRead: 0 });
    const total = await job.source.count(signal);
    const values = job.source.kind === 'sample' ? NO_VALUES : await surveyValues(job.source.entries(signal));
    const preparation = { ...wanted, ...(values.found.length > 0 && { valueScales: values.scales }) };
    await requireSpace(folder, total * (imageBytes + RECORD_BYTES), 'Free some space, or choose a smaller image size');
    const targets = job.labels && collectTargets(job.labels.format, job.labels.column);
    const labelled = kind === 'image-dataset' && { targets };
    const collector = await ImageCollector.create(folder, preparation, options, labelled);
    try {
      let bytesRead = 0;
      let done = 0;
      // Twice the processors: while some decode, others read.
      const width = availableParallelism() * 2;
      for await (const result of orderedMap(job.source.entries(signal), width, (entry) =>
        prepareImage(entry, preparation),
      )) {
        signal.throwIfAborted();
        await collector.add(result);
        if ('bytesRead' in result) bytesRead += result.bytesRead;
        done += 1;
        report({ phase: 'decoding', done, total: Math.max(total, done), skipped: done - collector.images, bytesRead });
      }
      if (collector.images === 0) throw nothingImported(job.source, collector);
      const { images } = collector;
      report({ phase: 'comparing', done: 0, total: images, skipped: done - images, bytesRead });
      const finished = await collector.finish(signal);
      report({ phase: 'comparing', done: images, total: images, skipped: done - images, bytesRead });

      const store = {
        formatVersion: IMAGE_MANIFEST_VERSION,
        name: job.name,
        createdAt: new Date().toISOString(),
        source: { kind: job.source.kind, path: job.source.path },
        ...finished.store,
        ...(finished.officialSplit && { officialSplit: finished.officialSplit }),
      } as const;
      const manifest: ImageCorpusManifest | ImageDatasetManifest =
        finished.classes === null
          ? { kind: 'image-corpus', ...store }
          : {
              kind: 'image-dataset',
              ...store,
              classes: finished.classes,
              ...(finished.targets && { targets: finished.targets }),
            };
      const ignored = job.source.ignored();
      const fullReport: ImageImportReport = {
        formatVersion: 1,
        kind: 'image-import-report',
        name: job.name,
        source: job.source.path,
        images,
        seconds: (performance.now() - started) / 1000,
        ignored: {
          total: [...ignored.values()].reduce((sum, files) => sum + files, 0),
          byExtension: Object.fromEntries(ignored),
        },
        ...finished.report,
        ...factsOf(job.source, [...describeValues(values), ...finished.notes], finished),
      };
      await writeFileDurably(join(folder, 'import-report.json'), `${JSON.stringify(fullReport, null, 2)}\n`);
      await writeManifest(folder, manifest);
      return { manifest, report: fullReport };
    } finally {
      await collector.close();
    }
  });
}

const valueWords = {
  float: 'floating-point values',
  integer: 'values of more than 8 bits',
  dicom: 'measured values without a window',
};

function describeValues({ found }: ValueSurvey): string[] {
  const shown = (value: number): string => String(Number(value.toPrecision(6)));
  return found.map(({ kind, images, low, high, scale }) => {
    const what = `${images} ${images === 1 ? 'image has' : 'images have'} ${valueWords[kind]}`;
    return `${what} from ${shown(low)} to ${shown(high)}: ${shown(scale.low)} becomes black and ${shown(scale.high)} white, in all of them`;
  });
}

function factsOf(
  source: ImageSource,
  ofImages: readonly string[],
  { acrossSides, nearlyConstant }: CollectedImages,
): Pick<ImageImportReport, 'readAs' | 'notes'> {
  const { readAs = [], notes = { total: 0, listed: [] } } = source.facts?.() ?? {};
  const images = acrossSides === 1 ? 'one image shares' : `${acrossSides} images share`;
  const shared = `${images} a group with an image on another side of the split that came with the material`;
  const messages = acrossSides === 0 ? ofImages : [shared, ...ofImages];
  const own = [
    ...messages.map((message) => ({ path: source.path, line: null, message })),
    ...nearlyConstant.listed.map((path) => ({ path, line: null, message: 'is nearly of one colour' })),
  ];
  const total = notes.total + messages.length + nearlyConstant.total;
  return { readAs, notes: { total, listed: [...own, ...notes.listed] } };
}

function nothingImported(source: ImageSource, collector: ImageCollector): LabError {
  const { total, listed } = collector.skipped();
  const first = listed[0];
  const why =
    first === undefined
      ? 'it holds no files with an image extension (.jpg, .png, .webp, .tif, .gif, .avif)'
      : `all ${total} were skipped, the first one, ${first.path}: ${first.message}`;
  return new LabError('bad-input', `No image could be imported from ${source.path}: ${why}.`, {
    source: source.path,
    listed,
  });
}

/**
 * Imports unlabelled images; labels that the source has are kept in the records but not used.
 * @throws LabError `conflict`, `not-found`, `bad-input`, `bad-spec`, `aborted`, `disk-full`; the destination is then untouched.
 */
export async function importImageCorpus(job: ImageImport): Promise<ImageImportResult<ImageCorpusManifest>> {
  const { manifest, report } = await importImages('image-corpus', job);
  if (manifest.kind !== 'image-corpus') throw new LabError('internal', 'A corpus import made a dataset.');
  return { manifest, report };
}

/**
 * Imports labelled images of at least two classes.
 * @throws LabError as `importImageCorpus`, and `bad-input` where there are fewer than two classes or far too many.
 */
export async function importImageDataset(job: ImageImport): Promise<ImageImportResult<ImageDatasetManifest>> {
  const { manifest, report } = await importImages('image-dataset', job);
  if (manifest.kind !== 'image-dataset') throw new LabError('internal', 'A dataset import made a corpus.');
  return { manifest, report };
}
