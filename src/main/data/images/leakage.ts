/**
 * Finds pictures that would be on both sides of a comparison: near duplicates across the parts of a split, and across two
 * imports (a pretraining corpus and the test part of a dataset, or published train and test folders).
 */
import { LabError } from '../../../shared/errors.ts';
import { splitDataset, type Split, type SplitMaterial, type SplitOptions } from '../split.ts';
import { SAME_PICTURE } from './groups.ts';
import type { ImageCorpus, ImageDataset } from './image-store.ts';
import { DisjointSets } from '../import/disjoint-sets.ts';
import { joinNearDuplicates } from './near-duplicates.ts';
import { relativeDifference, thumbnail } from './perceptual-hash.ts';

type Store = ImageCorpus | ImageDataset;

const NAMED_PAIRS = 5;

/** A group of pictures that two parts of a split share, by one image of each. */
export interface SharedGroup {
  readonly parts: readonly [string, string];
  readonly images: readonly [number, number];
}

/** Groups that lie on more than one side, in the order of the parts' images. */
export function groupsAcrossParts(
  groups: Uint32Array,
  parts: Readonly<Record<string, ArrayLike<number>>>,
): SharedGroup[] {
  const firstSeen = new Map<number, { part: string; image: number }>();
  const shared: SharedGroup[] = [];
  for (const [part, images] of Object.entries(parts)) {
    for (let index = 0; index < images.length; index += 1) {
      const image = images[index]!;
      const group = groups[image]!;
      const seen = firstSeen.get(group);
      if (seen === undefined) firstSeen.set(group, { part, image });
      else if (seen.part !== part) shared.push({ parts: [seen.part, part], images: [seen.image, image] });
    }
  }
  return shared;
}

/** Images with their groups. */
export interface GroupedImages {
  readonly groups: Uint32Array;
  /** Where an image came from. */
  path(image: number): string;
}

/**
 * Refuses a split that has the same picture, or nearly the same, on two sides.
 * @throws LabError `bad-input` that names pictures and says how to allow it.
 */
export function requireSeparateGroups(images: GroupedImages, parts: Readonly<Record<string, ArrayLike<number>>>): void {
  const shared = groupsAcrossParts(images.groups, parts);
  if (shared.length === 0) return;
  const named = shared.slice(0, NAMED_PAIRS).map(({ parts: [a, b], images: [first, second] }) => {
    return `${images.path(first)} (${a}) and ${images.path(second)} (${b})`;
  });
  const message = `${shared.length} pictures of one part of the split have a near duplicate in another: ${named.join('; ')}. Take them out of one, or allow it with task.nearDuplicates: anywhere.`;
  throw new LabError('bad-input', message, { shared: shared.length, named });
}

export interface ImageSplitOptions extends SplitOptions {
  /** Lets near duplicates and images of one group fall on different sides: the test then flatters. */
  readonly allowSharedGroups?: boolean;
}

/**
 * A stratified split that keeps every group on one side, fixed by the dataset's content and the seed.
 * @throws LabError `bad-spec` as `splitDataset`
 */
export function splitImages(
  dataset: ImageDataset & Pick<SplitMaterial, 'labelSets'>,
  options: ImageSplitOptions,
): Split {
  const { labels, classes, groups, sides, labelSets, manifest } = dataset;
  const material = { labels, classes, sides, labelSets, contentHash: manifest.contentHash };
  if (options.allowSharedGroups === true) return splitDataset(material, options);
  const split = splitDataset({ ...material, groups }, options);
  // What an official split shares is in the report of the import; its sides stay as they are.
  if (sides === undefined) requireSeparateGroups({ groups, path: (image) => dataset.source(image).path }, { ...split });
  return split;
}

/** An image of `first` and one of `second` that show the same picture. */
export interface SharedPicture {
  readonly first: number;
  readonly second: number;
}

/**
 * Pictures that two imports share: for each image of the second at most one of the first. Both must have the same number of
 * channels; their sizes may differ.
 * @throws LabError `shape` if the channels differ.
 */
export function findSharedPictures(
  first: Store,
  second: Store,
  { nearDistance = 7, signal }: { readonly nearDistance?: number; readonly signal?: AbortSignal } = {},
): SharedPicture[] {
  const { channels } = first.shape;
  if (channels !== second.shape.channels) {
    const message = `Images with ${channels} and ${second.shape.channels} channels cannot be compared. Import one of them again.`;
    throw new LabError('shape', message);
  }
  const hashes = new Uint32Array((first.length + second.length) * 2);
  hashes.set(first.perceptualHashes());
  hashes.set(second.perceptualHashes(), first.length * 2);
  const small = (image: number): Float32Array => {
    const store = image < first.length ? first : second;
    return thumbnail(store.pixels(image < first.length ? image : image - first.length), store.shape);
  };
  const found = new Map<number, number>();
  // Pairs are recorded and never joined, so that chains within one side say nothing about the other.
  const record = (one: number, other: number): boolean => {
    if (one < first.length && other >= first.length && !found.has(other)) {
      if (relativeDifference(small(one), small(other), channels) < SAME_PICTURE) found.set(other, one);
    }
    return false;
  };
  joinNearDuplicates(hashes, new DisjointSets(first.length + second.length), nearDistance, record, signal);
  return [...found]
    .map(([other, one]) => ({ first: one, second: other - first.length }))
    .sort((a, b) => a.second - b.second);
}
