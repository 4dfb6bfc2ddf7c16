// What a network reads of stored pixels: against Pillow, and against the definition written out slowly.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { asNetworkReads, createPixelFitter } from '../../src/main/data/images/network-pixels.ts';
import type { NetworkImages } from '../../src/shared/spec/network-images.ts';
import { networkImages } from '../../src/shared/spec/network-images.ts';
import { picturePixels } from './data-images-fixtures.ts';

interface Recorded {
  readonly width: number;
  readonly height: number;
  readonly pixels: readonly number[];
}

const file = path.resolve(import.meta.dirname, '../fixtures/images/resampled.json');
const recorded = JSON.parse(readFileSync(file, 'utf8')) as Recorded & {
  readonly grey: readonly number[];
  readonly resized: readonly Recorded[];
}; // as scripts/record-images.py writes it

const original = { height: recorded.height, width: recorded.width, channels: 3 };
const pixels = Uint8Array.from(recorded.pixels);
const wanted = (fields: object): NetworkImages => networkImages.parse(fields);
const white = [255, 255, 255];

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, index) => Math.abs(value - b[index]!)));
};

/** Every pixel of the scaled picture as the average under its triangle, with both axes at once. */
function slowly(height: number, width: number): number[] {
  const result: number[] = [];
  const triangle = (source: number, target: number, place: number, pixel: number): number => {
    const step = source / target;
    return Math.max(0, 1 - Math.abs(pixel + 0.5 - (place + 0.5) * step) / Math.max(1, step));
  };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        let [sum, total] = [0, 0];
        for (let row = 0; row < original.height; row += 1) {
          for (let column = 0; column < original.width; column += 1) {
            const weight = triangle(original.height, height, y, row) * triangle(original.width, width, x, column);
            sum += weight * pixels[(row * original.width + column) * 3 + channel]!;
            total += weight;
          }
        }
        result.push(sum / total);
      }
    }
  }
  return result;
}

describe('stretched', () => {
  it.each(recorded.resized)('to $height × $width it is what Pillow makes, and the definition', (size) => {
    const { height, width } = size;
    const found = createPixelFitter(original, wanted({ height, width }), white)(pixels);
    expect(largestDifference(found, size.pixels)).toBeLessThanOrEqual(1); // Pillow rounds between the axes, too
    expect(largestDifference(found, slowly(height, width))).toBeLessThanOrEqual(0.5 + 1e-9);
  });

  it('the own size is left as it is', () => {
    const same = asNetworkReads({ ...original, pixels }, wanted({ height: 7, width: 10, fit: 'cover' }), white);
    expect(same.pixels).toBe(pixels);
  });
});

describe('channels', () => {
  it('become grey as in Pillow', () => {
    const grey = asNetworkReads({ ...original, pixels }, wanted({ height: 7, width: 10, channels: 1 }), white);
    expect(largestDifference(grey.pixels, recorded.grey)).toBeLessThanOrEqual(1);
    expect(grey.channels).toBe(1);
  });

  it('are all the grey of a picture without colours', () => {
    const grey = { ...original, channels: 1, pixels: Uint8Array.from(recorded.grey) };
    const { pixels: colours } = asNetworkReads(grey, wanted({ height: 7, width: 10, channels: 3 }), white);
    expect(Array.from(colours)).toEqual(recorded.grey.flatMap((value) => [value, value, value]));
  });
});

describe('other proportions', () => {
  const wide = { height: 4, width: 12, channels: 3 };
  const picture = picturePixels(3, 4, 12);
  const part = (left: number, width: number): number[] =>
    Array.from({ length: 4 }, (_, y) =>
      Array.from(picture.subarray((y * 12 + left) * 3, (y * 12 + left + width) * 3)),
    ).flat();

  it('are cut evenly to cover the size', () => {
    const found = createPixelFitter(wide, wanted({ height: 4, width: 4, fit: 'cover' }), white)(picture);
    expect(Array.from(found)).toEqual(part(4, 4));
  });

  it('are cut out of the middle after the shorter side has its length', () => {
    const crop = wanted({ height: 2, width: 4, fit: 'center-crop', resizeShorter: 4 });
    expect(Array.from(createPixelFitter(wide, crop, white)(picture))).toEqual(part(4, 4).slice(12, 36));
  });

  it('lie inside with the background beside them', () => {
    const found = createPixelFitter(wide, wanted({ height: 12, width: 12, fit: 'contain' }), [1, 2, 3])(picture);
    const row = (y: number): number[] => Array.from(found.subarray(y * 36, y * 36 + 36));
    const background = Array.from({ length: 12 }, () => [1, 2, 3]).flat();
    expect([row(0), row(3), row(8), row(11)]).toEqual([background, background, background, background]);
    expect(Array.from(found.subarray(4 * 36, 8 * 36))).toEqual(Array.from(picture));
  });
});
