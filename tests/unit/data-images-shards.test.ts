/** Pixels in files of a bounded size, and the map that decodes several images at once in their order. */
import { describe, expect, it } from 'vitest';
import { orderedMap } from '../../src/main/data/images/ordered-map.ts';
import { PixelShardReader, PixelShardWriter } from '../../src/main/data/images/pixel-shards.ts';
import { useImportPlace } from './data-images-import-fixture.ts';

const place = useImportPlace();

describe('pixel shards', () => {
  it('gives back every image through a cache of a single page', async () => {
    const imageBytes = 5000;
    const images = Array.from({ length: 60 }, (_, index) => new Uint8Array(imageBytes).fill(index));
    const writer = new PixelShardWriter(place.folder, imageBytes);
    for (const image of images) await writer.append(image);
    const { shards } = await writer.finish();
    const reader = new PixelShardReader(place.folder, shards, imageBytes, writer.imagesPerShard, 1);
    const held = reader.pixels(7);
    for (const index of [0, 59, 13, 12, 26, 25, 58, 0]) expect(reader.pixels(index)).toEqual(images[index]);
    expect(held).toEqual(images[7]);
    reader.close();
  });

  it('splits into files at the shard size', async () => {
    const imageBytes = 24 * 1024 * 1024;
    const writer = new PixelShardWriter(place.folder, imageBytes);
    expect(writer.imagesPerShard).toBe(2);
    for (let index = 0; index < 3; index += 1) await writer.append(new Uint8Array(imageBytes).fill(index + 1));
    const { shards } = await writer.finish();
    expect(shards.map(({ file, images }) => [file, images])).toEqual([
      ['pixels-00000.bin', 2],
      ['pixels-00001.bin', 1],
    ]);
    const reader = new PixelShardReader(place.folder, shards, imageBytes, 2);
    expect([0, 1, 2].map((index) => reader.pixels(index)[imageBytes - 1])).toEqual([1, 2, 3]);
    reader.close();
  });
});

describe('ordered map', () => {
  it('keeps the order and the width, and waits for what is under way when it stops', async () => {
    let running = 0;
    let most = 0;
    let finished = 0;
    async function* numbers(): AsyncGenerator<number> {
      for (let number = 0; number < 20; number += 1) yield number;
    }
    const work = async (number: number): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < (number * 7) % 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      finished += 1;
      if (number === 12) throw new Error('twelve');
      return number;
    };
    const results: number[] = [];
    const run = async (): Promise<void> => {
      for await (const result of orderedMap(numbers(), 4, work)) results.push(result);
    };
    await expect(run()).rejects.toThrow('twelve');
    expect(results).toEqual(Array.from({ length: 12 }, (_, index) => index));
    expect(most).toBe(4);
    expect(running).toBe(0);
    expect(finished).toBeLessThanOrEqual(16);
  });
});
