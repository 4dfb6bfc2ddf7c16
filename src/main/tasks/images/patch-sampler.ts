/**
 * Pairs of patches: which image, which of the eight places, and what is done to the patches. Everything is a function of
 * the seed and the number of the pair, so any batch can be made at any time, in any thread.
 */
import { hash32, permutation, randomStream } from '../../../shared/random.ts';
import type { ImageCorpus } from '../../data/images/image-store.ts';
import { cutPatch, dropColours, losePatchDetail, projectChroma } from '../../data/images/patches.ts';
import type { Feeds } from '../task.ts';
import { writePlanar } from './image-facts.ts';
import type { PatchCorner, PatchGeometry } from './patch-geometry.ts';
import { cellCorner, drawGrid, gridCell, jittered, placeCount } from './patch-geometry.ts';

export type ChromaHandling = 'projection' | 'dropping' | 'none';

export interface PatchTreatment {
  readonly geometry: PatchGeometry;
  readonly chroma: ChromaHandling;
  /** Share of patches that lose their detail. */
  readonly detailLoss: number;
}

/** The reference leaves as little as 100 of 96 × 96 pixels: a tenth of the side. */
const leastDetail = 10 / 96;

/** Streams of a pair, so that switching one treatment off leaves the others as they were. */
const draws = { order: 1, place: 2, grid: 3, jitter: 4, detail: 5, chroma: 6, single: 7 } as const;

/** What pair number `counter` is about. */
export interface PatchPair {
  readonly image: number;
  readonly place: number;
  readonly corners: readonly [PatchCorner, PatchCorner];
}

export interface PatchPairs {
  /** Each run of eight pairs has each place once; each run of as many pairs as there are images has each image once. */
  pair(images: Uint32Array, seed: number, counter: number): PatchPair;
  /** Feeds `image` [2 · batch, C, size, size], the two patches of a pair one after the other, `labels` and `weights`. */
  batch(images: Uint32Array, seed: number, first: number, batchSize: number, end?: number): Feeds;
  /** Single patches from anywhere in the images, in the same layout; `corners` says where each was cut. */
  singles(
    images: Uint32Array,
    seed: number,
    first: number,
    count: number,
  ): { readonly image: Float32Array; readonly corners: readonly PatchCorner[] };
  /** Patches of one image at given corners, in the same layout. */
  cut(image: number, corners: readonly PatchCorner[], seed: number): Float32Array;
}

export function createPatchPairs(
  store: Pick<ImageCorpus, 'shape' | 'statistics' | 'pixels'>,
  { geometry, chroma, detailLoss }: PatchTreatment,
): PatchPairs {
  const { shape } = store;
  const { channels } = shape;
  const { size } = geometry;
  const patchLength = size * size * channels;
  const mean = store.statistics.mean.map((value) => value * 255);
  const scratch = new Float32Array(patchLength);
  const smallest = Math.max(2, Math.round(size * leastDetail));

  function pair(images: Uint32Array, seed: number, counter: number): PatchPair {
    const epoch = Math.floor(counter / images.length);
    const order = permutation(images.length, hash32(seed, draws.order, epoch));
    const places = permutation(placeCount, hash32(seed, draws.place, Math.floor(counter / placeCount)));
    const image = images[order(counter - epoch * images.length)]!;
    const place = places(counter % placeCount);
    const grid = drawGrid(randomStream(seed, draws.grid, counter), geometry, shape);
    const moves = randomStream(seed, draws.jitter, counter);
    const corner = (cell: readonly [number, number]): PatchCorner =>
      jittered(cellCorner(grid, cell, geometry), geometry.jitter, moves);
    return { image, place, corners: [corner([1, 1]), corner(gridCell(place))] };
  }

  /** Cuts, treats and writes one patch; `number` tells the patches of a seed apart. */
  function write(
    image: number,
    { top, left }: PatchCorner,
    seed: number,
    number: number,
    target: Float32Array,
    row: number,
  ): void {
    cutPatch(store.pixels(image), shape, top, left, size, scratch);
    if (channels === 3 && chroma === 'projection') projectChroma(scratch);
    if (channels === 3 && chroma === 'dropping') dropColours(scratch, mean, randomStream(seed, draws.chroma, number));
    if (detailLoss > 0) {
      const stream = randomStream(seed, draws.detail, number);
      if (stream.uniform() < detailLoss) {
        losePatchDetail(scratch, size, channels, smallest + stream.integer(Math.max(1, size - smallest)));
      }
    }
    writePlanar(scratch, channels, target, row * patchLength);
  }

  return {
    pair,
    batch(images, seed, first, batchSize, end = Infinity) {
      const image = new Float32Array(2 * batchSize * patchLength);
      const labels = new Int32Array(batchSize);
      const weights = new Float32Array(batchSize);
      for (let row = 0; row < batchSize && first + row < end; row += 1) {
        const counter = first + row;
        const drawn = pair(images, seed, counter);
        for (const [index, corner] of drawn.corners.entries()) {
          write(drawn.image, corner, seed, 2 * counter + index, image, 2 * row + index);
        }
        labels[row] = drawn.place;
        weights[row] = 1;
      }
      return { image, labels, weights };
    },
    singles(images, seed, first, count) {
      const image = new Float32Array(count * patchLength);
      const corners: PatchCorner[] = [];
      for (let row = 0; row < count; row += 1) {
        const stream = randomStream(seed, draws.single, first + row);
        const corner = {
          top: stream.integer(shape.height - size + 1),
          left: stream.integer(shape.width - size + 1),
        };
        write(images[stream.integer(images.length)]!, corner, seed, first + row, image, row);
        corners.push(corner);
      }
      return { image, corners };
    },
    cut(image, corners, seed) {
      const target = new Float32Array(corners.length * patchLength);
      for (const [row, corner] of corners.entries()) write(image, corner, seed, row, target, row);
      return target;
    },
  };
}
