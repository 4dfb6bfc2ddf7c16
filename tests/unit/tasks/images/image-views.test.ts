/** Contrastive views: no image twice in a batch, two different views of each, questions with one right answer. */
import { describe, expect, it } from 'vitest';
import { candidateCount, createImageViews } from '../../../../src/main/tasks/images/image-views.ts';
import { augmentationOptions, viewAugmentationOptions } from '../../../../src/shared/spec/augmentation.ts';
import { picturePixels } from '../../data-images-fixtures.ts';

const shape = { height: 8, width: 8, channels: 3 };
const length = 8 * 8 * 3;
const store = { shape, pixels: (index: number) => picturePixels(index, 8, 8) };
const images = Uint32Array.from({ length: 23 }, (_, index) => index + 2);
const views = createImageViews(store, viewAugmentationOptions.parse({}), [90, 90, 90]);
const unchanged = createImageViews(store, augmentationOptions.parse({}), [90, 90, 90]);

/** The image whose pixels a row of unchanged views has. */
function imageOf(data: ArrayLike<number>, row: number): number | undefined {
  return [...images].find((image) =>
    store.pixels(image).every((value, position) => {
      const [place, channel] = [Math.floor(position / 3), position % 3];
      return Math.abs(data[row * length + channel * 64 + place]! - value / 255) < 1e-6;
    }),
  );
}

describe('views of training images', () => {
  it('never show an image twice in a batch, and all but a remainder in an epoch', () => {
    for (let step = 0; step < 9; step += 1) {
      const own = views.images(images, 3, step, 7);
      expect(new Set(own).size).toBe(7);
    }
    const epoch = [0, 1, 2].flatMap((step) => views.images(images, 3, step, 7));
    expect(new Set(epoch).size).toBe(21);
    const next = [3, 4, 5].flatMap((step) => views.images(images, 3, step, 7));
    expect(next).not.toEqual(epoch);
  });

  it('lie one after the other, and differ', () => {
    const plain = unchanged.training(images, 3, 1, 5);
    const rows = Array.from({ length: 10 }, (_, row) => imageOf(plain.image!, row));
    expect(rows).toEqual(unchanged.images(images, 3, 1, 5).flatMap((image) => [image, image]));
    const { image } = views.training(images, 3, 1, 5);
    for (let row = 0; row < 10; row += 2) {
      const [first, second] = [row, row + 1].map((one) => image!.slice(one * length, (one + 1) * length));
      expect(first).not.toEqual(second);
    }
  });

  it('are functions of the seed and the step', () => {
    const first = views.training(images, 8, 4, 6).image;
    views.training(images, 8, 5, 6);
    expect(views.training(images, 8, 4, 6).image).toEqual(first);
    expect(views.training(images, 9, 4, 6).image).not.toEqual(first);
  });
});

describe('views of held-out images', () => {
  it('are the same in batches of any size, with padding behind the end', () => {
    const whole = views.evaluation(images, 1, 0, 23, 23).image!;
    const part = views.evaluation(images, 1, 20, 5, 23);
    expect(part.image!.slice(0, 6 * length)).toEqual(whole.slice(40 * length));
    expect([...part.weights!]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  });

  it('ask for the other view among those of other images', () => {
    const truths = new Set<number>();
    for (let index = 0; index < images.length; index += 1) {
      const { image, labels } = unchanged.question(images, 6, index);
      const rows = Array.from({ length: 1 + candidateCount }, (_, row) => imageOf(image!, row));
      expect(rows[0]).toBe(images[index]);
      expect(rows.slice(1).filter((one) => one === images[index])).toHaveLength(1);
      expect(rows[1 + labels![0]!]).toBe(images[index]);
      expect(new Set(rows.slice(1)).size).toBe(candidateCount);
      truths.add(labels![0]!);
    }
    expect(truths.size).toBe(candidateCount);
  });
});
