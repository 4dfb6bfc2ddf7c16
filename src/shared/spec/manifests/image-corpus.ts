/**
 * The manifest of an imported image corpus: `manifest.json` in the corpus' folder. It says what the pixel shards beside it
 * hold and how they were made; everything that is stored once per image lies in files of its own (`images.jsonl`,
 * `groups.bin`, `perceptual-hashes.bin`), so the manifest stays small however many images there are.
 */
import { z } from 'zod';
import { officialSplit } from './text-dataset.ts';

export const IMAGE_MANIFEST_VERSION = 1;

/**
 * How an image of any shape becomes one of the corpus' shape.
 * - `cover`: scaled to cover the whole area, what overhangs is cut off evenly at both ends;
 * - `contain`: scaled to lie inside, the rest filled with the background;
 * - `stretch`: both sides scaled on their own, proportions are lost;
 * - `center-crop`: the shorter side scaled to `resizeShorter`, then the centre cut out (the usual evaluation crop).
 */
export const imageFit = z.enum(['cover', 'contain', 'stretch', 'center-crop']);
export type ImageFit = z.infer<typeof imageFit>;

export const imageChannels = z.union([z.literal(1), z.literal(3)]);
export type ImageChannels = z.infer<typeof imageChannels>;

const pixelCount = z.int().min(1).max(16384);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What becomes black and what white, of values that are no bytes. */
const valueScale = z.strictObject({ low: z.number(), high: z.number() });
export type ValueScale = z.infer<typeof valueScale>;

/** For all images of one set, so that equal values stay equal. */
export const valueScales = z.strictObject({
  float: valueScale.optional(),
  integer: valueScale.optional(),
  /** Of DICOM images that say no window. */
  dicom: valueScale.optional(),
});
export type ValueScales = z.infer<typeof valueScales>;

/** Per channel, on the scale 0 … 1, over all pixels of all images. */
export const channelStatistics = z.strictObject({
  mean: z.array(z.number().min(0).max(1)).min(1).max(3),
  standardDeviation: z.array(z.number().min(0).max(1)).min(1).max(3),
});
export type ChannelStatistics = z.infer<typeof channelStatistics>;

const imageShard = z.strictObject({
  /** File name inside the folder; the images follow each other without gaps, each height × width × channels bytes. */
  file: z.string().regex(/^pixels-\d{5}\.bin$/),
  images: z.int().min(1),
  sha256,
});

/** What corpora and datasets have in common. */
export const imageStoreFields = {
  formatVersion: z.literal(IMAGE_MANIFEST_VERSION),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  source: z.strictObject({
    kind: z.enum(['folder', 'class-folders', 'table', 'zip', 'tar', 'sample']),
    path: z.string(),
  }),
  images: z.int().min(1),
  height: pixelCount,
  width: pixelCount,
  channels: imageChannels,
  preparation: z.strictObject({
    fit: imageFit,
    /** The shorter side before the crop, in pixels; only for `center-crop`. */
    resizeShorter: pixelCount.nullable(),
    /** Red, green, blue: what lies behind transparent pixels and beside contained images. */
    background: z.tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)]),
    /** Where the images have other values than bytes. */
    valueScales: valueScales.optional(),
  }),
  imagesPerShard: z.int().min(1),
  shards: z.array(imageShard).min(1),
  statistics: channelStatistics,
  /** SHA-256 of the shape and of all pixels in order (for a dataset also of labels and classes): the material's identity. */
  contentHash: sha256,
  duplicates: z.strictObject({
    exact: z.enum(['drop', 'keep']),
    /** Largest Hamming distance of two 64-bit perceptual hashes that still makes a candidate pair. */
    nearDistance: z.int().min(0).max(11),
    /** Groups of two or more images that a split must keep on one side, and how many images are in such groups. */
    groups: z.int().min(0),
    groupedImages: z.int().min(0),
  }),
  /** Images on each side of the split that came with the material, which every task keeps. */
  officialSplit: officialSplit.optional(),
};

export const imageCorpusManifest = z.strictObject({ kind: z.literal('image-corpus'), ...imageStoreFields });
export type ImageCorpusManifest = z.infer<typeof imageCorpusManifest>;
