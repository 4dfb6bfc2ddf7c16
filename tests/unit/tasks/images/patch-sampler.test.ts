import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PatchGeometry } from '../../../../src/main/tasks/images/patch-geometry.ts';
import {
  gridCell,
  gridSide,
  patchGeometry,
  placeCount,
  placeNames,
} from '../../../../src/main/tasks/images/patch-geometry.ts';
import { createPatchPairs } from '../../../../src/main/tasks/images/patch-sampler.ts';

const shape = { height: 40, width: 52, channels: 3 };
const geometry: PatchGeometry = { size: 8, gap: 4, jitter: 1 };

/** Images whose pixels say where they are: red is the row, green the column, blue the image. */
function mapStore(images = 16) {
  const pixels = Array.from({ length: images }, (_, image) =>
    Uint8Array.from({ length: shape.height * shape.width * 3 }, (_unused, position) => {
      const place = Math.floor(position / 3);
      return [Math.floor(place / shape.width), place % shape.width, image][position % 3]!;
    }),
  );
  const statistics = { mean: [0.5, 0.5, 0.5], standardDeviation: [0.2, 0.2, 0.2] };
  return { shape, statistics, pixels: (index: number) => pixels[index]! };
}

const plain = { geometry, chroma: 'none', detailLoss: 0 } as const;
const images = Uint32Array.from({ length: 16 }, (_, index) => index);

describe('the geometry of patches', () => {
  it('follows the reference in proportion: 48 and 7 of 96 pixels', () => {
    expect(patchGeometry({ patchSize: 96 }, { height: 400, width: 500 })).toEqual({ size: 96, gap: 48, jitter: 7 });
    expect(patchGeometry({ patchSize: 12 }, { height: 64, width: 64 })).toEqual({ size: 12, gap: 6, jitter: 1 });
  });

  it('leaves room for the grid to move, unless told otherwise', () => {
    fc.assert(
      fc.property(fc.integer({ min: 24, max: 600 }), (side) => {
        const chosen = patchGeometry({}, { height: side, width: side + 10 });
        expect(gridSide(chosen)).toBeLessThanOrEqual(0.8 * side);
        expect(gridSide({ ...chosen, size: chosen.size + 2, gap: chosen.gap + 1 })).toBeGreaterThan(0.8 * side - 4);
      }),
    );
  });

  it('refuses images that are too small, and says what would fit', () => {
    expect(() => patchGeometry({ patchSize: 20 }, { height: 64, width: 64 })).toThrow(
      /at least 82 × 82 pixels, and these have 64 × 64.*patchSize to 15 or less/,
    );
    expect(() => patchGeometry({}, { height: 10, width: 10 })).toThrow(/need images of at least/);
  });

  it('names the eight places row by row, without the centre', () => {
    expect(placeNames).toHaveLength(placeCount);
    expect(Array.from({ length: placeCount }, (_, place) => gridCell(place))).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 2],
      [2, 0],
      [2, 1],
      [2, 2],
    ]);
  });
});

describe('pairs of patches', () => {
  it('have all eight places equally often, in every run of eight', () => {
    const pairs = createPatchPairs(mapStore(), plain);
    for (let first = 0; first < 400; first += placeCount) {
      const places = Array.from({ length: placeCount }, (_, index) => pairs.pair(images, 5, first + index).place);
      expect(places.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    }
  });

  it('use every image once before any of them again', () => {
    const pairs = createPatchPairs(mapStore(), plain);
    for (const epoch of [0, 1, 2]) {
      const used = images.map((_, index) => pairs.pair(images, 5, epoch * images.length + index).image);
      expect([...used].sort((a, b) => a - b)).toEqual([...images]);
    }
  });

  it('lie inside the image, at their place up to the jitter', () => {
    const pairs = createPatchPairs(mapStore(), plain);
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(1000), (counter, seed) => {
        const { place, corners } = pairs.pair(images, seed, counter);
        for (const { top, left } of corners) {
          expect(top).toBeGreaterThanOrEqual(0);
          expect(left).toBeGreaterThanOrEqual(0);
          expect(top + geometry.size).toBeLessThanOrEqual(shape.height);
          expect(left + geometry.size).toBeLessThanOrEqual(shape.width);
        }
        const [row, column] = gridCell(place);
        const step = geometry.size + geometry.gap;
        const [first, second] = corners;
        expect(Math.abs(second.top - first.top - (row - 1) * step)).toBeLessThanOrEqual(2 * geometry.jitter);
        expect(Math.abs(second.left - first.left - (column - 1) * step)).toBeLessThanOrEqual(2 * geometry.jitter);
      }),
    );
  });

  it('leave the place of the first patch independent of the answer', () => {
    const pairs = createPatchPairs(mapStore(), plain);
    const tops = Array.from({ length: placeCount }, (): number[] => []);
    for (let counter = 0; counter < 4000; counter += 1) {
      const { place, corners } = pairs.pair(images, 1, counter);
      tops[place]!.push(corners[0].top);
    }
    const means = tops.map((own) => own.reduce((sum, top) => sum + top, 0) / own.length);
    // Tops are uniform over 9 rows and a jitter of ±1: deviation 2.8, so a mean of 500 is within 0.5 of the others.
    expect(Math.max(...means) - Math.min(...means)).toBeLessThan(0.9);
  });

  it('hold the pixels of their corners, channel by channel, the two patches one after the other', () => {
    const pairs = createPatchPairs(mapStore(), plain);
    const { image, labels, weights } = pairs.batch(images, 3, 10, 6);
    const area = geometry.size ** 2;
    for (let row = 0; row < 6; row += 1) {
      const { image: source, place, corners } = pairs.pair(images, 3, 10 + row);
      expect(labels![row]).toBe(place);
      expect(weights![row]).toBe(1);
      for (const [index, { top, left }] of corners.entries()) {
        const patch = image!.subarray((2 * row + index) * 3 * area, (2 * row + index + 1) * 3 * area);
        expect(Math.round(patch[0]! * 255)).toBe(top);
        expect(Math.round(patch[area]! * 255)).toBe(left);
        expect(Math.round(patch[2 * area]! * 255)).toBe(source);
        expect(Math.round(patch[area - 1]! * 255)).toBe(top + geometry.size - 1);
      }
    }
  });

  it('are functions of the seed and their number, whatever was asked before', () => {
    const treatment = { geometry, chroma: 'dropping', detailLoss: 0.5 } as const;
    const one = createPatchPairs(mapStore(), treatment);
    const other = createPatchPairs(mapStore(), treatment);
    other.batch(images, 9, 100, 8);
    const whole = one.batch(images, 2, 0, 8);
    expect(other.batch(images, 2, 0, 8)).toEqual(whole);
    const half = other.batch(images, 2, 4, 4);
    expect(half.image).toEqual(whole.image!.slice(whole.image!.length / 2));
    expect(one.batch(images, 3, 0, 8).image).not.toEqual(whole.image);
  });

  it('are padded with pairs of weight 0 at the end of a split', () => {
    const { weights } = createPatchPairs(mapStore(), plain).batch(images, 0, 8, 6, 11);
    expect([...weights!]).toEqual([1, 1, 1, 0, 0, 0]);
  });

  it('keep their place when a treatment is switched off', () => {
    const places = (chroma: 'none' | 'dropping', detailLoss: number) =>
      Array.from({ length: 20 }, (_, counter) =>
        createPatchPairs(mapStore(), { geometry, chroma, detailLoss }).pair(images, 4, counter),
      );
    expect(places('dropping', 0.5)).toEqual(places('none', 0));
  });

  it('lose the green–magenta axis under projection', () => {
    const { image } = createPatchPairs(mapStore(), { ...plain, chroma: 'projection' }).batch(images, 0, 0, 4);
    const area = geometry.size ** 2;
    for (let patch = 0; patch < 8; patch += 1) {
      for (let place = 0; place < area; place += 7) {
        const [red, green, blue] = [0, 1, 2].map((channel) => image![(patch * 3 + channel) * area + place]!);
        expect(2 * green! - red! - blue!).toBeCloseTo(0, 5);
      }
    }
  });

  it('lose detail in the share that was asked for', () => {
    const noisy = mapStore();
    const store = { ...noisy, pixels: (index: number) => noisy.pixels(index).map((_, at) => (at * 7919) % 251) };
    const sharp = createPatchPairs(store, plain);
    const blurred = createPatchPairs(store, { ...plain, detailLoss: 1 / 3 });
    const length = 3 * geometry.size ** 2;
    const count = 600;
    const [a, b] = [sharp.batch(images, 0, 0, count / 2).image!, blurred.batch(images, 0, 0, count / 2).image!];
    let changed = 0;
    for (let patch = 0; patch < count; patch += 1) {
      const part = (of: typeof a) => of.slice(patch * length, (patch + 1) * length);
      if (part(a).some((value, index) => value !== part(b)[index])) changed += 1;
    }
    // Binomial with 600 draws of a third: 200 ± 4 deviations.
    expect(changed).toBeGreaterThan(150);
    expect(changed).toBeLessThan(250);
  });
});
