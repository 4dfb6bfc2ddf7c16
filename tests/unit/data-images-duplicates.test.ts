import { createHash } from 'node:crypto';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ContentIndex } from '../../src/main/data/import/content-index.ts';
import { GroupCollector, summariseGroups } from '../../src/main/data/images/groups.ts';
import { DisjointSets } from '../../src/main/data/import/disjoint-sets.ts';
import { joinNearDuplicates } from '../../src/main/data/images/near-duplicates.ts';
import {
  countBits,
  perceptualHash,
  relativeDifference,
  thumbnail,
} from '../../src/main/data/images/perceptual-hash.ts';
import { areaAverages } from '../../src/main/data/images/resample.ts';
import { randomStream } from '../../src/shared/random.ts';
import { picture, picturePixels } from './data-images-fixtures.ts';

const shape = { height: 48, width: 48, channels: 3 };

function hashOf(pixels: Uint8Array): Uint32Array {
  const hash = new Uint32Array(2);
  perceptualHash(thumbnail(pixels, shape), 3, hash);
  return hash;
}

function distance(first: Uint32Array, second: Uint32Array): number {
  return countBits(first[0]! ^ second[0]!) + countBits(first[1]! ^ second[1]!);
}

/** Thumbnails by counting fractions of pixels. */
function slowThumbnail(pixels: Uint8Array, height: number, width: number, channels: number): number[] {
  const small: number[] = [];
  for (let y = 0; y < 16; y += 1) {
    for (let x = 0; x < 16; x += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        let area = 0;
        for (let py = 0; py < height; py += 1) {
          const overlapY = Math.max(0, Math.min(py + 1, ((y + 1) * height) / 16) - Math.max(py, (y * height) / 16));
          for (let px = 0; px < width; px += 1) {
            const overlapX = Math.max(0, Math.min(px + 1, ((x + 1) * width) / 16) - Math.max(px, (x * width) / 16));
            sum += overlapY * overlapX * pixels[(py * width + px) * channels + channel]!;
            area += overlapY * overlapX;
          }
        }
        small.push(sum / area);
      }
    }
  }
  return small;
}

/** The angle between two pictures as vectors, each channel's mean removed. */
function angleBetween(first: number[], second: number[]): number {
  const centre = (values: number[]): number[] => {
    const means = [0, 1, 2].map((channel) =>
      values.reduce((sum, value, index) => (index % 3 === channel ? sum + value / 256 : sum), 0),
    );
    return values.map((value, index) => value - means[index % 3]!);
  };
  const [a, b] = [centre(first), centre(second)];
  const dot = (x: number[], y: number[]): number => x.reduce((sum, value, index) => sum + value * y[index]!, 0);
  return Math.acos(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)));
}

describe('perceptual hash', () => {
  it.each([
    [48, 48],
    [28, 28],
    [64, 40],
    [13, 90],
  ])('averages equal areas of %i × %i pixels', (height, width) => {
    const pixels = picturePixels(height, height, width);
    const expected = slowThumbnail(pixels, height, width, 3);
    thumbnail(pixels, { height, width, channels: 3 }).forEach((value, index) =>
      expect(value).toBeCloseTo(expected[index]!, 3),
    );
  });

  it('differs in a bit as often as the angle between the pictures says', () => {
    for (const share of [0.05, 0.2, 0.5]) {
      let bits = 0;
      let expected = 0;
      for (let seed = 1; seed <= 40; seed += 1) {
        const base = picturePixels(seed, 48, 48);
        const other = picturePixels(seed + 1000, 48, 48);
        const mixed = base.map((value, index) => Math.round(value * (1 - share) + share * other[index]!));
        bits += distance(hashOf(base), hashOf(mixed));
        expected += (64 * angleBetween([...thumbnail(base, shape)], [...thumbnail(mixed, shape)])) / Math.PI;
      }
      // 64 × 40 signs; those of one picture are not independent of each other, hence the wide margin.
      expect(Math.abs(bits - expected)).toBeLessThan(6 * Math.sqrt(expected));
    }
  });

  it('does not change with brightness and contrast, and is 0 for a flat picture', () => {
    const pixels = picturePixels(9, 48, 48).map((value) => value >> 1);
    const hash = hashOf(pixels);
    expect(distance(hash, hashOf(pixels.map((value) => value + 100)))).toBe(0);
    expect(distance(hash, hashOf(pixels.map((value) => value * 2)))).toBe(0);
    expect([...hashOf(new Uint8Array(48 * 48 * 3).fill(77))]).toEqual([0, 0]);
  });

  it('stays within the default distance through JPEG and resizing, and is far from other pictures', async () => {
    for (let seed = 0; seed < 12; seed += 1) {
      const original = await picture(seed, 200, 200).resize(48, 48).raw().toBuffer();
      const encoded = await picture(seed, 200, 200).resize(120).jpeg({ quality: 75 }).toBuffer();
      const copy = await sharp(encoded).resize(48, 48).raw().toBuffer();
      expect(distance(hashOf(original), hashOf(copy))).toBeLessThanOrEqual(7);
      expect(relativeDifference(thumbnail(original, shape), thumbnail(copy, shape), 3)).toBeLessThan(0.03);
      const other = picturePixels(seed + 100, 48, 48);
      expect(distance(hashOf(original), hashOf(other))).toBeGreaterThan(14);
      expect(relativeDifference(thumbnail(original, shape), thumbnail(other, shape), 3)).toBeGreaterThan(0.5);
    }
  });

  it('tells flat pictures of different colours apart by their thumbnails, and allows noise', () => {
    const flat = (value: number): Float32Array => thumbnail(new Uint8Array(48 * 48 * 3).fill(value), shape);
    expect(relativeDifference(flat(100), flat(100), 3)).toBe(0);
    expect(relativeDifference(flat(100), flat(101), 3)).toBeGreaterThan(0.03);
    expect(relativeDifference(flat(0), flat(255), 3)).toBeGreaterThan(1000);
  });

  it('counts bits', () => {
    for (const word of [0, 1, -1, 0x80000000, 0x12345678, 0xf0f0f0f0]) {
      expect(countBits(word)).toBe((word >>> 0).toString(2).replaceAll('0', '').length);
    }
  });

  it('averages areas of pixels it enlarges, too', () => {
    const values = areaAverages(Uint8Array.from([0, 100, 200, 40]), { height: 2, width: 2, channels: 1 }, 3);
    expect(Array.from(values, Math.round)).toEqual([0, 50, 100, 100, 85, 70, 200, 120, 40]);
  });
});

describe('near-duplicate index', () => {
  /** Hashes in clusters: some pairs within any distance, most far apart. */
  function clusteredHashes(count: number, seed: number): Uint32Array {
    const stream = randomStream(seed, 5);
    const hashes = new Uint32Array(count * 2);
    for (let image = 0; image < count; image += 1) {
      const parent = image > 0 && stream.uniform() < 0.6 ? stream.integer(image) : -1;
      hashes[image * 2] = parent < 0 ? stream.uint32() : hashes[parent * 2]!;
      hashes[image * 2 + 1] = parent < 0 ? stream.uint32() : hashes[parent * 2 + 1]!;
      const flips = parent < 0 ? 0 : stream.integer(14);
      for (let flip = 0; flip < flips; flip += 1) hashes[image * 2 + stream.integer(2)]! ^= 1 << stream.integer(32);
    }
    return hashes;
  }

  it.each([0, 3, 4, 6, 7, 8, 11])('finds the pairs that comparing all finds, at distance %i', (maximum) => {
    const hashes = clusteredHashes(400, maximum);
    const found = new DisjointSets(400);
    const incomplete = joinNearDuplicates(hashes, found, maximum, () => true);
    const expected = new DisjointSets(400);
    let pairs = 0;
    for (let first = 0; first < 400; first += 1) {
      for (let second = first + 1; second < 400; second += 1) {
        if (
          distance(hashes.subarray(first * 2, first * 2 + 2), hashes.subarray(second * 2, second * 2 + 2)) > maximum
        ) {
          continue;
        }
        expected.join(first, second);
        pairs += 1;
      }
    }
    expect(pairs).toBeGreaterThan(10);
    expect(incomplete).toBe(false);
    expect([...found.names()]).toEqual([...expected.names()]);
  });

  it('joins only what is confirmed', () => {
    const sets = new DisjointSets(4);
    joinNearDuplicates(
      Uint32Array.from([5, 5, 5, 5, 5, 5, 5, 5]),
      sets,
      3,
      (first, second) => (first + second) % 2 === 0,
    );
    expect([...sets.names()]).toEqual([0, 1, 0, 1]);
  });

  it('stays fast and says so when thousands look the same', () => {
    const sets = new DisjointSets(3000);
    expect(joinNearDuplicates(new Uint32Array(6000), sets, 6, () => true)).toBe(true);
    expect(new Set(sets.names())).toEqual(new Set([0]));
  });

  it('stops when aborted', () => {
    const signal = AbortSignal.abort();
    expect(() => joinNearDuplicates(new Uint32Array(20), new DisjointSets(10), 3, () => true, signal)).toThrow();
  });
});

describe('groups', () => {
  it('joins near duplicates, named groups and given pairs, and tells the first apart', () => {
    const base = picturePixels(1, 48, 48);
    const brighter = base.map((value) => Math.min(255, value + 4));
    const images = [base, picturePixels(2, 48, 48), brighter, picturePixels(3, 48, 48), picturePixels(4, 48, 48)];
    const named = [undefined, 'patient 7', undefined, 'patient 7', undefined];
    const collector = new GroupCollector();
    images.forEach((pixels, index) => collector.add(hashOf(pixels), named[index]));
    collector.join(3, 4);
    const { groups, near } = collector.form(shape, 6, (index) => images[index]!, new AbortController().signal);
    expect([...near]).toEqual([0, 1, 0, 3, 4]);
    expect([...groups]).toEqual([0, 1, 0, 1, 1]);
    expect(summariseGroups(groups, Uint32Array.from([0, 1, 0, 1, 2]))).toEqual({
      groups: 2,
      images: 5,
      acrossClasses: 1,
      examples: [
        [0, 2],
        [1, 3, 4],
      ],
    });
  });
});

describe('content index', () => {
  it('keeps the first value of each hash, as a Map does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9000 }), { minLength: 1, maxLength: 12_000 }), (contents) => {
        const index = new ContentIndex();
        const expected = new Map<number, number>();
        contents.forEach((content, position) => {
          const hash = createHash('sha256').update(String(content)).digest();
          if (index.findOrAdd(hash, position) !== expected.get(content)) throw new Error(`wrong at ${position}`);
          if (!expected.has(content)) expected.set(content, position);
        });
      }),
      { numRuns: 8, seed: 1 },
    );
  });
});
