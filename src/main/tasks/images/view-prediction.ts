/**
 * Asks a model of views about one image: which of four pictures is another view of it? The three others have its very colours
 * but not its shapes, so whoever looks at colours alone cannot tell.
 */
import { LabError } from '../../../shared/errors.ts';
import { randomStream } from '../../../shared/random.ts';
import type { AugmentationOptions } from '../../../shared/spec/augmentation.ts';
import { augmentImage } from '../../data/images/augment.ts';
import type { PredictionAnswer, PredictionModel, PredictionQuery } from '../task.ts';
import { classAnswer } from '../classification/answers.ts';
import { writePlanar } from './image-facts.ts';
import { candidateCount } from './image-views.ts';

/** What the candidates of a quiz are called. */
export const candidateNames: readonly string[] = ['the first', 'the second', 'the third', 'the fourth'];

/** Into how many tiles a side is cut; undefined for the picture itself. */
const manipulations: readonly { readonly label: string; readonly tiles?: number }[] = [
  { label: 'another view of it' },
  { label: 'its quarters, shuffled', tiles: 2 },
  { label: 'its sixteen tiles, shuffled', tiles: 4 },
  { label: 'its pixels, shuffled', tiles: Infinity },
];

export async function askWhichView(
  model: PredictionModel,
  { image, top }: PredictionQuery,
  augmentation: AugmentationOptions,
): Promise<PredictionAnswer[]> {
  if (!image) throw new LabError('bad-input', 'this model needs an image');
  const { pixels, channels } = image;
  const fill = channelMeans(pixels, channels);
  const feed = new Float32Array((1 + candidateCount) * pixels.length);
  const view = new Uint8Array(pixels.length);
  const write = (source: Uint8Array, row: number): void => {
    augmentImage(source, image, augmentation, fill, 0, 0, row, view);
    writePlanar(view, channels, feed, row * pixels.length);
  };
  write(pixels, 0);
  for (const [index, { tiles }] of manipulations.entries()) {
    write(tiles === undefined ? pixels : shuffledTiles(pixels, image, tiles, index), 1 + index);
  }
  const { logits } = await model.run({ image: feed });
  const labels = manipulations.map(({ label }) => label);
  return [classAnswer('Which of these looks like another view of the image?', logits?.data, labels, top)];
}

function channelMeans(pixels: Uint8Array, channels: number): number[] {
  return Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    for (let offset = channel; offset < pixels.length; offset += channels) sum += pixels[offset]!;
    return sum / (pixels.length / channels);
  });
}

/** The picture cut into tiles that are laid out in another order; what does not fill a tile stays where it is. */
function shuffledTiles(
  pixels: Uint8Array,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
  tiles: number,
  seed: number,
): Uint8Array {
  const [rows, columns] = [Math.min(tiles, height), Math.min(tiles, width)];
  const [tileHeight, tileWidth] = [Math.floor(height / rows), Math.floor(width / columns)];
  const order = Array.from({ length: rows * columns }, (_, index) => index);
  const stream = randomStream(seed, order.length);
  for (let last = order.length - 1; last > 0; last -= 1) {
    const chosen = stream.integer(last + 1);
    [order[last], order[chosen]] = [order[chosen]!, order[last]!];
  }
  const result = pixels.slice();
  order.forEach((from, to) => {
    for (let y = 0; y < tileHeight; y += 1) {
      const start = (tile: number): number =>
        ((Math.floor(tile / columns) * tileHeight + y) * width + (tile % columns) * tileWidth) * channels;
      result.set(pixels.subarray(start(from), start(from) + tileWidth * channels), start(to));
    }
  });
  return result;
}
