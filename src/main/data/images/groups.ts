/**
 * Which images belong together: groups that the source named, the same bytes kept twice, and near duplicates. A split keeps
 * a group on one side; otherwise a network is tested on pictures that it has seen.
 */
import { hash } from 'node:crypto';
import { ContentIndex } from '../import/content-index.ts';
import { GrowingUint32Array } from '../import/growing-array.ts';
import { DisjointSets } from '../import/disjoint-sets.ts';
import { joinNearDuplicates } from './near-duplicates.ts';
import { relativeDifference, thumbnail } from './perceptual-hash.ts';
import type { PixelShape } from './pixel-shape.ts';

/** Two thumbnails that differ by less are the same picture; see `relativeDifference`. */
export const SAME_PICTURE = 0.03;

const CACHED_THUMBNAILS = 4096;

/** Collects pairs while images are imported, and forms the groups at the end. Eight bytes an image, and the hashes. */
export class GroupCollector {
  private readonly firstOfGroup = new ContentIndex();
  private readonly pairs = new GrowingUint32Array();
  private readonly hashes = new GrowingUint32Array();

  /** The next image: its perceptual hash and the group the source named. */
  add(perceptualHash: Uint32Array, group: string | undefined): void {
    const image = this.hashes.length / 2;
    this.hashes.push(perceptualHash[0]!);
    this.hashes.push(perceptualHash[1]!);
    if (group === undefined) return;
    const first = this.firstOfGroup.findOrAdd(hash('sha256', group, 'buffer'), image);
    if (first !== undefined) this.join(first, image);
  }

  join(first: number, second: number): void {
    this.pairs.push(first);
    this.pairs.push(second);
  }

  /** Two 32-bit words an image. */
  perceptualHashes(): Uint32Array {
    return this.hashes.view();
  }

  /**
   * The group of each image, named by its smallest index.
   * @param pixels reads an image that was added
   */
  form(
    shape: PixelShape,
    nearDistance: number,
    pixels: (image: number) => Uint8Array,
    signal: AbortSignal,
  ): { groups: Uint32Array; near: Uint32Array; incomplete: boolean } {
    const hashes = this.hashes.view();
    const nearSets = new DisjointSets(hashes.length / 2);
    const thumbnails = new Map<number, Float32Array>();
    const thumbnailOf = (image: number): Float32Array => {
      let found = thumbnails.get(image);
      if (found === undefined) {
        if (thumbnails.size >= CACHED_THUMBNAILS) thumbnails.clear();
        found = thumbnail(pixels(image), shape);
        thumbnails.set(image, found);
      }
      return found;
    };
    const confirm = (first: number, second: number): boolean =>
      relativeDifference(thumbnailOf(first), thumbnailOf(second), shape.channels) < SAME_PICTURE;
    const incomplete = joinNearDuplicates(hashes, nearSets, nearDistance, confirm, signal);
    const near = nearSets.names();
    const pairs = this.pairs.view();
    for (let index = 0; index < pairs.length; index += 2) nearSets.join(pairs[index]!, pairs[index + 1]!);
    return { groups: nearSets.names(), near, incomplete };
  }
}

export interface GroupSummary {
  /** Groups of at least two images. */
  readonly groups: number;
  /** Images in such groups. */
  readonly images: number;
  readonly acrossClasses: number;
  /** The first groups, each with its first members. */
  readonly examples: readonly (readonly number[])[];
}

const LISTED_GROUPS = 50;
const LISTED_MEMBERS = 8;

/** Counts groups, and those whose images have different labels (where there are labels). */
export function summariseGroups(groups: Uint32Array, labels?: Uint32Array): GroupSummary {
  const sizes = new Uint32Array(groups.length);
  const mixed = new Uint8Array(groups.length);
  groups.forEach((group, image) => {
    sizes[group]! += 1;
    if (labels !== undefined && labels[image] !== labels[group]) mixed[group] = 1;
  });
  const listed = new Map<number, number[]>();
  groups.forEach((group, image) => {
    if (sizes[group]! < 2) return;
    if (group === image && listed.size < LISTED_GROUPS) listed.set(group, []);
    const members = listed.get(group);
    if (members !== undefined && members.length < LISTED_MEMBERS) members.push(image);
  });
  return {
    groups: sizes.reduce((count, size) => count + (size >= 2 ? 1 : 0), 0),
    images: sizes.reduce((count, size) => count + (size >= 2 ? size : 0), 0),
    acrossClasses: mixed.reduce((count, flag) => count + flag, 0),
    examples: [...listed.values()],
  };
}
