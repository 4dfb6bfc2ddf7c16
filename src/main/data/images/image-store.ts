/**
 * Reading imported images back, synchronously, from any thread: pixels through a cache of limited size, labels and groups from
 * memory (four bytes an image), where an image came from on demand.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LabError, reasonOf } from '../../../shared/errors.ts';
import {
  IMAGE_MANIFEST_VERSION,
  imageCorpusManifest,
  type ChannelStatistics,
  type ImageCorpusManifest,
} from '../../../shared/spec/manifests/image-corpus.ts';
import { imageDatasetManifest, type ImageDatasetManifest } from '../../../shared/spec/manifests/image-dataset.ts';
import type { NetworkImages } from '../../../shared/spec/network-images.ts';
import { placesOf } from '../editing/kept-examples.ts';
import { readSides } from '../import/sides.ts';
import { readTargets, type Targets } from '../import/targets.ts';
import { readManifest } from '../../files/manifest-file.ts';
import { GROUPS_FILE, LABELS_FILE, PERCEPTUAL_HASHES_FILE } from './image-collector.ts';
import { ImageRecordReader, type ImageRecord } from './image-records.ts';
import { createPixelFitter, isStoredSo, networkShape } from './network-pixels.ts';
import type { PixelShape } from './pixel-shape.ts';
import { PixelShardReader } from './pixel-shards.ts';
import { ChannelHistograms } from './statistics.ts';

export interface ImageStore<Manifest extends ImageCorpusManifest | ImageDatasetManifest> {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Of what `pixels` gives. */
  readonly shape: PixelShape;
  /** What the stored pixels are brought to, where a network reads another shape. */
  readonly network?: NetworkImages | undefined;
  /** Number of images. */
  readonly length: number;
  /** Over all images; see `channelStatistics` for those of a split. */
  readonly statistics: ChannelStatistics;
  /** For each image the smallest index of its group. Images that resemble no other one are their own group. */
  readonly groups: Uint32Array;
  /** The sides of the split that came with the images, if one did; see import/sides.ts. */
  readonly sides: Uint8Array | undefined;
  /**
   * height × width × channels bytes, row-major, channels interleaved. The array is shared: read it, never write to it.
   * @throws RangeError if there is no such image
   */
  readonly pixels: (index: number) => Uint8Array;
  /** Where the image came from. */
  readonly source: (index: number) => ImageRecord;
  /** Two 32-bit words an image. */
  readonly perceptualHashes: () => Uint32Array;
  readonly close: () => void;
}

export type ImageCorpus = ImageStore<ImageCorpusManifest>;

export interface ImageDataset extends ImageStore<ImageDatasetManifest> {
  readonly classes: readonly string[];
  /** The class of each image, an index into `classes`. */
  readonly labels: Int32Array;
  /** What images have instead of classes, of which there is one then. */
  readonly targets: Targets | undefined;
}

export interface OpenOptions {
  /** Most memory that pixels may take, in bytes (128 MB by default). */
  readonly cacheBytes?: number;
  /** What a network reads, where that may be another shape than the stored one. */
  readonly network?: NetworkImages | undefined;
}

/** @throws LabError `corrupt` if the file has not `length` numbers, or one of them is `limit` or more. */
function readUint32(path: string, length: number, limit: number): Uint32Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const message = `${path} cannot be read (${reasonOf(error)}). Import the images again.`;
    throw new LabError('corrupt', message, { path }, error);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Uint32Array(bytes.byteLength >>> 2);
  let valid = bytes.byteLength === length * 4;
  for (let index = 0; valid && index < length; index += 1) {
    values[index] = view.getUint32(index * 4, true);
    valid = values[index]! < limit;
  }
  if (!valid) throw new LabError('corrupt', `${path} does not fit the manifest. Import the images again.`, { path });
  return values;
}

function openStore<Manifest extends ImageCorpusManifest | ImageDatasetManifest>(
  folder: string,
  manifest: Manifest,
  options: OpenOptions,
): ImageStore<Manifest> {
  const { height, width, channels, images } = manifest;
  const held = manifest.shards.reduce((sum, shard) => sum + shard.images, 0);
  const full = manifest.shards.slice(0, -1).every((shard) => shard.images === manifest.imagesPerShard);
  const expected = 'edited' in manifest && manifest.edited !== undefined ? manifest.edited.stored : images;
  if (held !== expected || !full) {
    const path = join(folder, 'manifest.json');
    const message = `${path} is damaged: its shards hold ${held} images instead of ${expected}. Import the images again.`;
    throw new LabError('corrupt', message, { path });
  }
  const imageBytes = height * width * channels;
  const reader = new PixelShardReader(folder, manifest.shards, imageBytes, manifest.imagesPerShard, options.cacheBytes);
  const records = new ImageRecordReader(folder);
  const placeOf = placesOf(folder, 'edited' in manifest ? manifest : {}, images);
  const requireIndex = (index: number): void => {
    if (!Number.isInteger(index) || index < 0 || index >= images) {
      throw new RangeError(`There is no image ${index} among ${images}.`);
    }
  };
  const stored = { height, width, channels };
  const network = options.network && !isStoredSo(stored, options.network) ? options.network : undefined;
  const fit = network && createPixelFitter(stored, network, manifest.preparation.background);
  return {
    folder,
    manifest,
    shape: network ? networkShape(stored, network) : stored,
    network,
    length: images,
    statistics: manifest.statistics,
    groups: readUint32(join(folder, GROUPS_FILE), images, images),
    sides: manifest.officialSplit === undefined ? undefined : readSides(folder, images),
    pixels: (index) => {
      requireIndex(index);
      const pixels = reader.pixels(placeOf(index));
      return fit ? fit(pixels) : pixels;
    },
    source: (index) => {
      requireIndex(index);
      return records.read(placeOf(index));
    },
    perceptualHashes: () => readUint32(join(folder, PERCEPTUAL_HASHES_FILE), images * 2, 2 ** 32),
    close: () => {
      reader.close();
      records.close();
    },
  };
}

/** @throws LabError `not-found`, `bad-input` (something else lies there), `format-version`, `corrupt`. */
export function openImageCorpus(folder: string, options: OpenOptions = {}): ImageCorpus {
  const path = resolve(folder);
  return openStore(path, readManifest(path, 'image-corpus', IMAGE_MANIFEST_VERSION, imageCorpusManifest), options);
}

/** @throws LabError as `openImageCorpus`. */
export function openImageDataset(folder: string, options: OpenOptions = {}): ImageDataset {
  const path = resolve(folder);
  const manifest = readManifest(path, 'image-dataset', IMAGE_MANIFEST_VERSION, imageDatasetManifest);
  const labels = Int32Array.from(readUint32(join(path, LABELS_FILE), manifest.images, manifest.classes.length));
  const store = openStore(path, manifest, options);
  const targets = manifest.targets && readTargets(path, manifest.targets, manifest.images);
  return { ...store, classes: manifest.classes.map(({ name }) => name), labels, targets };
}

/** Mean and standard deviation of the channels over some of the images, say the training part: 0 … 1. */
export function channelStatistics(
  store: Pick<ImageCorpus, 'shape' | 'pixels'>,
  indices: Iterable<number>,
): ChannelStatistics {
  const histograms = new ChannelHistograms(store.shape.channels);
  for (const index of indices) histograms.add(store.pixels(index));
  return histograms.statistics();
}
