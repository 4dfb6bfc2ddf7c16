/** Rotation: quarter turns by their definition, every image in all four, and batches that are functions of seed and step. */
import { describe, expect, it } from 'vitest';
import { createTurnedImages, turnImage, turnNames } from '../../../../src/main/tasks/images/turned-images.ts';
import { augmentationOptions } from '../../../../src/shared/spec/augmentation.ts';
import { picturePixels } from '../../data-images-fixtures.ts';

const shape = { height: 6, width: 6, channels: 3 };
const store = { shape, pixels: (index: number) => picturePixels(index, 6, 6) };
const images = Uint32Array.of(3, 5, 8, 13, 21);
const length = 6 * 6 * 3;

describe('a turned image', () => {
  it('is turned counter-clockwise, pixel by pixel', () => {
    const source = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const turn = (quarters: number): number[] => {
      const output = new Uint8Array(9);
      turnImage(source, { height: 3, width: 3, channels: 1 }, quarters, output);
      return [...output];
    };
    expect(turn(0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(turn(1)).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
    expect(turn(2)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(turn(3)).toEqual([7, 4, 1, 8, 5, 2, 9, 6, 3]);
    expect(turnNames).toHaveLength(4);
  });

  it('keeps channels together, and four quarters are the image again', () => {
    const source = picturePixels(2, 6, 6);
    let turned = source;
    for (let step = 0; step < 4; step += 1) {
      const output = new Uint8Array(length);
      turnImage(turned, shape, 1, output);
      turned = output;
      const halves = new Uint8Array(length);
      turnImage(source, shape, step + 1, halves);
      if (step < 3) expect(output).toEqual(halves);
    }
    expect(turned).toEqual(source);
  });
});

describe('batches of turned images', () => {
  const turned = createTurnedImages(store, undefined, [0, 0, 0]);

  it('have every image of an epoch once in each turn', () => {
    for (const epoch of [0, 1, 7]) {
      const seen = Array.from({ length: 20 }, (_, index) => turned.example(images, 4, epoch * 20 + index));
      expect(new Set(seen.map(({ image, turn }) => `${image} ${turn}`)).size).toBe(20);
      expect(seen.map(({ turn }) => turn)).toEqual(Array.from({ length: 20 }, (_, index) => index % 4));
    }
  });

  it('hold what their labels say, and padding behind the end', () => {
    const { image, labels, weights } = turned.batch(images, 9, 2, 6, 6);
    const expected = new Uint8Array(length);
    for (let row = 0; row < 4; row += 1) {
      const example = turned.example(images, 9, 2 + row);
      expect(labels![row]).toBe(example.turn);
      turnImage(store.pixels(example.image), shape, example.turn, expected);
      const [place, channel] = [17, 2];
      expect(image![row * length + channel * 36 + place]).toBeCloseTo(expected[place * 3 + channel]! / 255, 6);
    }
    expect([...weights!]).toEqual([1, 1, 1, 1, 0, 0]);
  });

  it('are functions of the seed and the number, augmentation included', () => {
    const augmented = createTurnedImages(
      store,
      augmentationOptions.parse({ cropPadding: 2, brightness: 0.3 }),
      [9, 9, 9],
    );
    const whole = augmented.batch(images, 5, 0, 8).image!;
    const again = createTurnedImages(store, augmentationOptions.parse({ cropPadding: 2, brightness: 0.3 }), [9, 9, 9]);
    expect(again.batch(images, 5, 4, 4).image).toEqual(whole.slice(4 * length));
    expect(again.batch(images, 6, 4, 4).image).not.toEqual(whole.slice(4 * length));
  });
});
