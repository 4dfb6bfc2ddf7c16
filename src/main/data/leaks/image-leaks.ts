/** Which images of a dataset also occur, nearly as they are, among other images: by the perceptual hashes of `data/images`. */
import type { LeakPlace } from '../../../shared/spec/leaks.ts';
import { SAME_PICTURE } from '../images/groups.ts';
import type { ImageCorpus, ImageDataset } from '../images/image-store.ts';
import { DisjointSets } from '../import/disjoint-sets.ts';
import { joinNearDuplicates } from '../images/near-duplicates.ts';
import { perceptualHash, relativeDifference, thumbnail } from '../images/perceptual-hash.ts';

type Images = ImageCorpus | ImageDataset;

/** Bits of 64 that the hashes of two copies may differ in, as in an import. */
const NEAR_DISTANCE = 7;
/** Grey before or after it was made smaller: saturated colours come out otherwise. Unrelated pictures differ by about 2. */
const NEAR_DISTANCE_IN_GREY = 11;
const SAME_PICTURE_IN_GREY = 0.1;
const CACHED_THUMBNAILS = 4096;

export interface ImageSearch {
  /** Places noted of one image. */
  readonly mostPlaces: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Near duplicates by the number of the dataset's image. Sizes may differ; where one side is grey, the other is compared in grey.
 * @param others the dataset itself, where each image is compared with the others
 */
export function findImageLeaks(
  images: ImageDataset,
  others: Images,
  { mostPlaces, signal }: ImageSearch,
): ReadonlyMap<number, readonly LeakPlace[]> {
  const isSame = images === others;
  const inGrey = images.shape.channels !== others.shape.channels;
  const ours = readPictures(images, inGrey);
  const theirs = isSame ? ours : readPictures(others, inGrey);
  const hashes = isSame ? ours.hashes : concatenate(theirs.hashes, ours.hashes);
  const first = isSame ? 0 : others.length;
  const found = new Map<number, LeakPlace[]>();
  const note = (image: number, item: number, difference: number): void => {
    const places = found.get(image) ?? [];
    if (places.length >= mostPlaces || places.some((place) => place.item === item)) return;
    places.push({
      item,
      similarity: Math.max(0, 1 - difference),
      containment: null,
      jaccard: null,
      difference: difference === 0 ? 'none' : 'encoding',
      excerpt: others.source(item).path,
    });
    found.set(image, places);
  };
  // Pairs are noted and never joined, so that chains within one side say nothing about the other.
  const compare = (one: number, other: number): boolean => {
    if (!isSame && (one >= first || other < first)) return false;
    const difference = relativeDifference(
      theirs.small(one),
      ours.small(other - first),
      inGrey ? 1 : images.shape.channels,
    );
    if (difference >= (inGrey ? SAME_PICTURE_IN_GREY : SAME_PICTURE)) return false;
    note(other - first, one, difference);
    if (isSame) note(one, other, difference);
    return false;
  };
  const distance = inGrey ? NEAR_DISTANCE_IN_GREY : NEAR_DISTANCE;
  joinNearDuplicates(hashes, new DisjointSets(hashes.length / 2), distance, compare, signal);
  for (const places of found.values()) places.sort((a, b) => b.similarity - a.similarity || a.item - b.item);
  return found;
}

interface Pictures {
  readonly hashes: Uint32Array;
  readonly small: (image: number) => Float32Array;
}

function readPictures(images: Images, inGrey: boolean): Pictures {
  const cache = new Map<number, Float32Array>();
  const small = (image: number): Float32Array => {
    let found = cache.get(image);
    if (found === undefined) {
      if (cache.size >= CACHED_THUMBNAILS) cache.clear();
      const { shape } = images;
      const pixels = images.pixels(image);
      found = inGrey ? thumbnail(greyOf(pixels, shape.channels), { ...shape, channels: 1 }) : thumbnail(pixels, shape);
      cache.set(image, found);
    }
    return found;
  };
  if (!inGrey) return { hashes: images.perceptualHashes(), small };
  const hashes = new Uint32Array(images.length * 2);
  for (let image = 0; image < images.length; image += 1) perceptualHash(small(image), 1, hashes, image * 2);
  return { hashes, small };
}

/** Of red, green and blue light in its luminance (ITU-R BT.709), as an import makes colours grey. */
const LUMINANCE = [0.2126, 0.7152, 0.0722] as const;

/** From stored values (sRGB, 0 to 255) to light, 0 to 1, and back (IEC 61966-2-1). */
const lights = Float64Array.from({ length: 256 }, (_, value) =>
  value <= 0.04045 * 255 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
);
const valueOf = (light: number): number =>
  255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);

function greyOf(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return pixels;
  const [red, green, blue] = LUMINANCE;
  return Uint8Array.from({ length: pixels.length / channels }, (_, pixel) => {
    const [r, g, b] = pixels.subarray(pixel * channels, pixel * channels + 3);
    return Math.round(valueOf(red * lights[r!]! + green * lights[g!]! + blue * lights[b!]!)); // three channels
  });
}

function concatenate(first: Uint32Array, second: Uint32Array): Uint32Array {
  const both = new Uint32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
