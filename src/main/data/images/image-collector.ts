/**
 * Takes prepared images in order and keeps everything an import knows of them: pixels and records on disk; duplicates, labels,
 * groups and statistics in a few bytes an image; counts for the report.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import { quoted, quotedList } from '../../../shared/excerpt.ts';
import type { ImageImportOptions } from '../../../shared/spec/image-import.ts';
import type { ImageCorpusManifest } from '../../../shared/spec/manifests/image-corpus.ts';
import type { ImageDatasetManifest } from '../../../shared/spec/manifests/image-dataset.ts';
import type { ImageImportReport } from '../../../shared/spec/manifests/image-import-report.ts';
import type { SimilarLabels } from '../../../shared/spec/manifests/import-facts.ts';
import { mergedNames, similarLabels } from '../import/labels.ts';
import type { TargetCollector } from '../import/targets.ts';
import { countSides, requireClassNames, sideNumber, SIDES_FILE } from '../import/sides.ts';
import { classNotes } from '../import/class-notes.ts';
import { ContentIndex } from '../import/content-index.ts';
import type { Preparation } from './decode.ts';
import { GroupCollector, summariseGroups, type GroupSummary } from './groups.ts';
import { GrowingUint32Array } from '../import/growing-array.ts';
import { ImageRecordReader, ImageRecordWriter } from './image-records.ts';
import { PixelShardReader, PixelShardWriter } from './pixel-shards.ts';
import type { PreparedImage, SkippedImage } from './prepare-image.ts';
import { SkippedFiles } from './skipped-files.ts';
import { ChannelHistograms } from './statistics.ts';
import { orderClasses } from '../import/class-order.ts';

export const LABELS_FILE = 'labels.bin';
export const GROUPS_FILE = 'groups.bin';
export const PERCEPTUAL_HASHES_FILE = 'perceptual-hashes.bin';

const MAXIMUM_CLASSES = 10_000;
const LISTED_DUPLICATES = 100;
const LISTED_CONSTANT = 20;
/** Pixels in memory while near duplicates are compared; their thumbnails are kept besides. */
const COMPARING_BYTES = 16 * 1024 * 1024;

type StoreFields = Omit<ImageCorpusManifest, 'kind' | 'formatVersion' | 'name' | 'createdAt' | 'source'>;

export interface CollectedImages {
  readonly store: StoreFields;
  readonly classes: ImageDatasetManifest['classes'] | null;
  readonly targets?: ImageDatasetManifest['targets'];
  /** Of a split that came with the images. */
  readonly officialSplit: ImageDatasetManifest['officialSplit'] | null;
  /** Images that share a group with an image on another side of it. */
  readonly acrossSides: number;
  /** About the classes. */
  readonly notes: readonly string[];
  /** Images without any contrast. */
  readonly nearlyConstant: { readonly total: number; readonly listed: readonly string[] };
  readonly report: Pick<
    ImageImportReport,
    | 'skipped'
    | 'formats'
    | 'enlarged'
    | 'firstFrameOnly'
    | 'exactDuplicates'
    | 'nearDuplicates'
    | 'classes'
    | 'similarLabels'
    | 'labelsMerged'
  >;
}

function littleEndian(values: Uint32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
  return bytes;
}

function writeUint32(path: string, values: Uint32Array): Promise<void> {
  return writeBytes(path, littleEndian(values));
}

async function writeBytes(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Values that differ by no more are one colour to the eye. */
const LEAST_CONTRAST = 8;

/** Whether no channel differs by much anywhere. */
function isNearlyConstant(pixels: Uint8Array, channels: number): boolean {
  for (let channel = 0; channel < channels; channel += 1) {
    let low = 255;
    let high = 0;
    for (let index = channel; index < pixels.length; index += channels) {
      const value = pixels[index]!;
      if (value < low) low = value;
      if (value > high) high = value;
      if (high - low > LEAST_CONTRAST) return false;
    }
  }
  return true;
}

export class ImageCollector {
  private readonly folder: string;
  private readonly preparation: Preparation;
  private readonly options: ImageImportOptions;
  private readonly labelled: boolean;
  /** Where labels are no classes. */
  private readonly targets: TargetCollector | undefined;
  private readonly records: ImageRecordWriter;
  private readonly pixels: PixelShardWriter;
  private readonly skippedFiles: SkippedFiles;
  private readonly contents = new ContentIndex();
  private readonly histograms: ChannelHistograms;
  private readonly groups = new GroupCollector();
  /** In the order in which they are first met; sorted at the end. */
  private readonly classNumbers = new Map<string, number>();
  private readonly classOf = new GrowingUint32Array();
  private readonly formats = new Map<string, number>();
  private readonly duplicates: { path: string; sameAs: number }[] = [];
  private readonly sides = new GrowingUint32Array();
  private hasSides = false;
  private similar: SimilarLabels = [];
  private classNotes: readonly string[] = [];
  private exactDuplicates = 0;
  private dropped = 0;
  private labelConflicts = 0;
  private constantImages = 0;
  private readonly constantPaths: string[] = [];
  private enlarged = 0;
  private firstFrameOnly = 0;
  private imported = 0;

  private constructor(
    folder: string,
    preparation: Preparation,
    options: ImageImportOptions,
    labelled: false | { readonly targets: TargetCollector | undefined },
    records: ImageRecordWriter,
  ) {
    this.folder = folder;
    this.preparation = preparation;
    this.options = options;
    this.labelled = labelled !== false;
    this.targets = labelled === false ? undefined : labelled.targets;
    this.records = records;
    this.pixels = new PixelShardWriter(folder, preparation.height * preparation.width * preparation.channels);
    this.skippedFiles = new SkippedFiles(folder);
    this.histograms = new ChannelHistograms(preparation.channels);
  }

  static async create(
    folder: string,
    preparation: Preparation,
    options: ImageImportOptions,
    labelled: false | { readonly targets: TargetCollector | undefined },
  ): Promise<ImageCollector> {
    return new ImageCollector(folder, preparation, options, labelled, await ImageRecordWriter.create(folder));
  }

  /** How many images were taken so far. */
  get images(): number {
    return this.imported;
  }

  skipped(): ImageImportReport['skipped'] {
    return this.skippedFiles.summary();
  }

  async add(result: PreparedImage | SkippedImage): Promise<void> {
    if ('reason' in result) return this.skippedFiles.add(result.path, result.reason, result.message);
    const { path } = result.entry;
    const label = result.entry.label?.trim() ?? '';
    if (this.labelled && !this.targets && label === '') return this.skippedFiles.add(path, 'no-label', 'has no label');
    const classNumber = this.labelled ? this.numberOfClass(this.targets?.title ?? label) : 0;

    const sameAs = this.contents.findOrAdd(result.contentHash, this.imported);
    if (sameAs !== undefined) {
      const isOther = this.targets
        ? !this.targets.isLabelOf(sameAs, label)
        : this.classOf.view()[sameAs] !== classNumber;
      const conflict = this.labelled && isOther;
      this.exactDuplicates += 1;
      if (conflict) this.labelConflicts += 1;
      if (this.duplicates.length < LISTED_DUPLICATES) this.duplicates.push({ path, sameAs });
      if (this.options.exactDuplicates === 'drop' && !conflict) {
        this.dropped += 1;
        return this.skippedFiles.add(path, 'duplicate', 'has the same bytes as an image before it');
      }
      this.groups.join(sameAs, this.imported);
    }
    await this.take(result, label, classNumber);
  }

  /** Forms the groups, writes what is kept per image, and sums everything up. */
  async finish(signal: AbortSignal): Promise<CollectedImages> {
    const { preparation, options } = this;
    const { shards, content } = await this.pixels.finish();
    await this.records.finish();
    await this.skippedFiles.close();
    const imageBytes = preparation.height * preparation.width * preparation.channels;
    const reader = new PixelShardReader(this.folder, shards, imageBytes, this.pixels.imagesPerShard, COMPARING_BYTES);
    try {
      const formed = this.groups.form(preparation, options.nearDistance, (image) => reader.pixels(image), signal);
      const labels = this.labelled ? this.finalLabels() : null;
      await writeUint32(join(this.folder, GROUPS_FILE), formed.groups);
      const split = await this.writeSides(formed.groups);
      if (split.officialSplit !== null) content.update(Buffer.from(Uint8Array.from(this.sides.view())));
      await writeUint32(join(this.folder, PERCEPTUAL_HASHES_FILE), this.groups.perceptualHashes());
      content.update(JSON.stringify([preparation.height, preparation.width, preparation.channels]));
      if (labels !== null) {
        await writeUint32(join(this.folder, LABELS_FILE), labels.values);
        content.update(littleEndian(labels.values)).update(JSON.stringify(labels.classes.map(({ name }) => name)));
      }
      const near = summariseGroups(formed.near, labels?.values);
      const all = summariseGroups(formed.groups);
      const targets = await this.targets?.finish(this.folder);
      if (this.targets) content.update(this.targets.contentKey());
      return {
        store: {
          images: this.imported,
          height: preparation.height,
          width: preparation.width,
          channels: preparation.channels,
          preparation: {
            fit: preparation.fit,
            resizeShorter: preparation.resizeShorter,
            background: [...preparation.background],
            ...(preparation.valueScales && { valueScales: preparation.valueScales }),
          },
          imagesPerShard: this.pixels.imagesPerShard,
          shards,
          statistics: this.histograms.statistics(),
          contentHash: content.digest('hex'),
          duplicates: {
            exact: options.exactDuplicates,
            nearDistance: options.nearDistance,
            groups: all.groups,
            groupedImages: all.images,
          },
        },
        classes: labels?.classes ?? null,
        ...(targets && { targets }),
        ...split,
        notes: this.classNotes,
        nearlyConstant: { total: this.constantImages, listed: this.constantPaths },
        report: this.report(near, formed.incomplete, labels?.classes ?? null),
      };
    } finally {
      reader.close();
    }
  }

  /** Closes what is open; for an import that failed, and harmless after `finish`. */
  async close(): Promise<void> {
    await this.pixels.abandon();
    await this.records.close();
    await this.skippedFiles.close();
  }

  private numberOfClass(label: string): number {
    const known = this.classNumbers.get(label);
    if (known !== undefined) return known;
    if (this.classNumbers.size === MAXIMUM_CLASSES) {
      const message = `There are more than ${MAXIMUM_CLASSES} different labels; the last one is ${quoted(label)}. Is this the column of the classes?`;
      throw new LabError('bad-input', message, { label });
    }
    this.classNumbers.set(label, this.classNumbers.size);
    return this.classNumbers.size - 1;
  }

  private async take(result: PreparedImage, label: string, classNumber: number): Promise<void> {
    const { entry, image } = result;
    await this.pixels.append(image.pixels);
    await this.records.append({
      path: entry.path,
      sha256: result.contentHash.toString('hex'),
      height: image.originalHeight,
      width: image.originalWidth,
      format: image.format,
      ...(label === '' ? {} : { label }),
      ...(entry.group === undefined ? {} : { group: entry.group }),
      ...(entry.side === undefined ? {} : { side: entry.side }),
    });
    this.histograms.add(image.pixels);
    this.groups.add(result.perceptualHash, entry.group);
    this.targets?.add(label);
    if (this.labelled) this.classOf.push(classNumber);
    this.sides.push(sideNumber(entry.side));
    if (entry.side !== undefined) this.hasSides = true;
    this.formats.set(image.format, (this.formats.get(image.format) ?? 0) + 1);
    if (image.originalHeight < this.preparation.height || image.originalWidth < this.preparation.width) {
      this.enlarged += 1;
    }
    if (image.frames > 1) this.firstFrameOnly += 1;
    if (isNearlyConstant(image.pixels, this.preparation.channels)) {
      this.constantImages += 1;
      if (this.constantPaths.length < LISTED_CONSTANT) this.constantPaths.push(entry.path);
    }
    this.imported += 1;
  }

  /** Labels by the sorted order of class names, and each class' images. */
  private finalLabels(): { values: Uint32Array; classes: ImageDatasetManifest['classes'] } {
    const numbers = this.classOf.view();
    const counts = new Uint32Array(this.classNumbers.size);
    for (const number of numbers) counts[number]! += 1;
    const merged = this.mergedClasses(counts);
    const classOfName = (name: string): string => merged.get(name) ?? name;
    const names = orderClasses(new Set([...this.classNumbers.keys()].map(classOfName)));
    if (names.length < 2 && !this.targets) {
      const found = quotedList(names);
      const message = `A labelled dataset needs at least two classes, but every image has the label ${found}. Check the folders or the label column, or import the images as a corpus.`;
      throw new LabError('bad-input', message, { classes: names });
    }
    if (!this.targets) requireClassNames(names);
    const labelOf = new Uint32Array(this.classNumbers.size);
    const place = new Map(names.map((name, label) => [name, label]));
    const images = new Uint32Array(names.length);
    for (const [name, number] of this.classNumbers) {
      const label = place.get(classOfName(name))!;
      labelOf[number] = label;
      images[label]! += counts[number]!;
    }
    const classes = names.map((name, label) => ({ name, images: images[label]! }));
    return { values: numbers.map((number) => labelOf[number]!), classes };
  }

  /** For each class that gives way to one that looks like it, the name of that one. */
  private mergedClasses(counts: Uint32Array): ReadonlyMap<string, string> {
    const perName = new Map([...this.classNumbers].map(([name, number]) => [name, counts[number]!]));
    this.similar = similarLabels(perName);
    this.classNotes = this.targets ? [] : classNotes(perName);
    return this.options.mergeLabels ? mergedNames(this.similar) : new Map<string, string>();
  }

  /** The sides of the split that came with the images, and how many share a group with one on another side. */
  private async writeSides(groups: Uint32Array): Promise<Pick<CollectedImages, 'officialSplit' | 'acrossSides'>> {
    if (!this.hasSides) return { officialSplit: null, acrossSides: 0 };
    const sides = Uint8Array.from(this.sides.view());
    await writeBytes(join(this.folder, SIDES_FILE), Buffer.from(sides));
    let acrossSides = 0;
    groups.forEach((group, image) => {
      if (sides[group] !== sides[image]) acrossSides += 1;
    });
    return { officialSplit: countSides(sides), acrossSides };
  }

  private report(
    near: GroupSummary,
    incomplete: boolean,
    classes: ImageDatasetManifest['classes'] | null,
  ): CollectedImages['report'] {
    const records = new ImageRecordReader(this.folder);
    const pathOf = (image: number): string => records.read(image).path;
    try {
      return {
        skipped: this.skippedFiles.summary(),
        formats: Object.fromEntries(this.formats),
        enlarged: this.enlarged,
        firstFrameOnly: this.firstFrameOnly,
        exactDuplicates: {
          total: this.exactDuplicates,
          dropped: this.dropped,
          labelConflicts: this.labelConflicts,
          listed: this.duplicates.map(({ path, sameAs }) => ({ path, sameAs: pathOf(sameAs) })),
        },
        nearDuplicates: {
          groups: near.groups,
          images: near.images,
          groupsAcrossClasses: near.acrossClasses,
          incomplete,
          listed: near.examples.map((members) => members.map(pathOf)),
        },
        classes,
        similarLabels: this.similar.map((group) => group.map((one) => ({ ...one }))),
        labelsMerged: this.options.mergeLabels && this.similar.length > 0,
      };
    } finally {
      records.close();
    }
  }
}
