/**
 * Images turned by a quarter, a half or three quarters: which image, how it is turned, and what else is done to it. Everything
 * is a function of the seed and the number of the example.
 */
import { hash32, permutedIndex } from '../../../shared/random.ts';
import type { AugmentationOptions } from '../../../shared/spec/augmentation.ts';
import { augmentImage } from '../../data/images/augment.ts';
import type { ImageCorpus } from '../../data/images/image-store.ts';
import type { PixelShape } from '../../data/images/pixel-shape.ts';
import type { Feeds } from '../task.ts';
import { writePlanar } from './image-facts.ts';

export const turnNames: readonly string[] = ['upright', 'a quarter turn left', 'upside down', 'a quarter turn right'];
export const turnCount = 4;

/** Turns a square image counter-clockwise by quarters: pixels change places and are not computed anew. */
export function turnImage(
  source: Uint8Array,
  { height, channels }: PixelShape,
  quarters: number,
  output: Uint8Array,
): void {
  const side = height;
  const last = side - 1;
  let target = 0;
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      // Where the pixel at (y, x) of the turned image was.
      const [fromY, fromX] =
        quarters === 0
          ? [y, x]
          : quarters === 1
            ? [x, last - y]
            : quarters === 2
              ? [last - y, last - x]
              : [last - x, y];
      const from = (fromY * side + fromX) * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        output[target] = source[from + channel]!;
        target += 1;
      }
    }
  }
}

export interface TurnedImages {
  /** Image and turn of example number `counter`: an image comes in all four turns, one after the other. */
  example(images: Uint32Array, seed: number, counter: number): { readonly image: number; readonly turn: number };
  /** Feeds `image` [batch, C, H, W], `labels` and `weights`; examples from `end` on are padding. */
  batch(images: Uint32Array, seed: number, first: number, batchSize: number, end?: number): Feeds;
}

/** Counters of a seed: the order of the images, and their augmentation. */
const draws = { order: 1, augmentation: 2 } as const;

/**
 * @param augmentation done before an image is turned; undefined for none
 * @param fill colour of what lies outside, 0 … 255 a channel
 */
export function createTurnedImages(
  { shape, pixels }: Pick<ImageCorpus, 'shape' | 'pixels'>,
  augmentation: AugmentationOptions | undefined,
  fill: readonly number[],
): TurnedImages {
  const length = shape.height * shape.width * shape.channels;
  const changed = new Uint8Array(length);
  const turned = new Uint8Array(length);

  const example: TurnedImages['example'] = (images, seed, counter) => {
    const number = Math.floor(counter / turnCount);
    const epoch = Math.floor(number / images.length);
    const place = permutedIndex(number - epoch * images.length, images.length, hash32(seed, draws.order, epoch));
    return { image: images[place]!, turn: counter % turnCount };
  };

  return {
    example,
    batch(images, seed, first, batchSize, end = Infinity) {
      const image = new Float32Array(batchSize * length);
      const labels = new Int32Array(batchSize);
      const weights = new Float32Array(batchSize);
      const augmentationSeed = hash32(seed, draws.augmentation);
      for (let row = 0; row < batchSize && first + row < end; row += 1) {
        const drawn = example(images, seed, first + row);
        const original = pixels(drawn.image);
        if (augmentation) {
          augmentImage(original, shape, augmentation, fill, augmentationSeed, first + row, 0, changed);
        }
        turnImage(augmentation ? changed : original, shape, drawn.turn, turned);
        writePlanar(turned, shape.channels, image, row * length);
        labels[row] = drawn.turn;
        weights[row] = 1;
      }
      return { image, labels, weights };
    },
  };
}
