/**
 * Two views of an image: the same picture, cropped, mirrored and coloured in two ways. Everything is a function of the seed
 * and the step, so any batch can be made at any time, in any thread.
 */
import { hash32, permutedIndex, randomStream } from '../../../shared/random.ts';
import type { AugmentationOptions } from '../../../shared/spec/augmentation.ts';
import { augmentImage } from '../../data/images/augment.ts';
import type { ImageCorpus } from '../../data/images/image-store.ts';
import type { Feeds } from '../task.ts';
import { writePlanar } from './image-facts.ts';

/** Counters of a seed: the order of the images, the views of training and of evaluation, the questions of a quiz. */
const draws = { order: 1, training: 2, evaluation: 3, question: 4 } as const;

/** Views to choose from in a question. */
export const candidateCount = 4;

export interface ImageViews {
  /** The images of a step; none comes twice in it, because it would be its own negative. */
  images(images: Uint32Array, seed: number, step: number, batchSize: number): number[];
  /** Feeds `image` [2 · batch, C, H, W], the two views of an image one after the other, and `weights` [2 · batch]. */
  training(images: Uint32Array, seed: number, step: number, batchSize: number): Feeds;
  /** The same for the images from `first` on, up to `end`, in fixed views; further rows are padding. */
  evaluation(images: Uint32Array, seed: number, first: number, batchSize: number, end: number): Feeds;
  /**
   * Feeds `image` [1 + candidates, C, H, W]: a view of an image, and candidates of which one is another view of it, the others
   * of other images; `labels` and `weights` [1] say which.
   */
  question(images: Uint32Array, seed: number, index: number): Feeds;
}

/** @param fill colour of what lies outside, 0 … 255 a channel */
export function createImageViews(
  { shape, pixels }: Pick<ImageCorpus, 'shape' | 'pixels'>,
  augmentation: AugmentationOptions,
  fill: readonly number[],
): ImageViews {
  const length = shape.height * shape.width * shape.channels;
  const changed = new Uint8Array(length);

  /** Writes view `view` of an image; equal seeds and numbers make equal views. */
  function write(image: number, seed: number, number: number, view: number, target: Float32Array, row: number): void {
    augmentImage(pixels(image), shape, augmentation, fill, seed, number, view, changed);
    writePlanar(changed, shape.channels, target, row * length);
  }

  const chosen: ImageViews['images'] = (images, seed, step, batchSize) => {
    const steps = Math.max(1, Math.floor(images.length / batchSize));
    const order = hash32(seed, draws.order, Math.floor(step / steps));
    const first = (step % steps) * batchSize;
    const count = Math.min(batchSize, images.length);
    return Array.from({ length: count }, (_, row) => images[permutedIndex(first + row, images.length, order)]!);
  };

  return {
    images: chosen,
    training(images, seed, step, batchSize) {
      const image = new Float32Array(2 * batchSize * length);
      const weights = new Float32Array(2 * batchSize);
      const own = hash32(seed, draws.training);
      chosen(images, seed, step, batchSize).forEach((index, row) => {
        for (const view of [0, 1]) write(index, own, step, 2 * row + view, image, 2 * row + view);
        weights.fill(1, 2 * row, 2 * row + 2);
      });
      return { image, weights };
    },
    evaluation(images, seed, first, batchSize, end) {
      const image = new Float32Array(2 * batchSize * length);
      const weights = new Float32Array(2 * batchSize);
      const own = hash32(seed, draws.evaluation);
      for (let row = 0; row < batchSize && first + row < end; row += 1) {
        for (const view of [0, 1]) write(images[first + row]!, own, first + row, view, image, 2 * row + view);
        weights.fill(1, 2 * row, 2 * row + 2);
      }
      return { image, weights };
    },
    question(images, seed, index) {
      const stream = randomStream(seed, draws.question, index);
      const others = new Set<number>();
      while (others.size < Math.min(candidateCount, images.length) - 1) {
        const other = stream.integer(images.length);
        if (other !== index) others.add(other);
      }
      const truth = stream.integer(others.size + 1);
      const candidates = [...others];
      candidates.splice(truth, 0, index);
      const own = hash32(seed, draws.question);
      const image = new Float32Array((1 + candidateCount) * length);
      write(images[index]!, own, index, 0, image, 0);
      candidates.forEach((candidate, place) => {
        write(images[candidate]!, own, index, 1 + place, image, 1 + place);
      });
      return { image, labels: Int32Array.of(truth), weights: Float32Array.of(1) };
    },
  };
}
