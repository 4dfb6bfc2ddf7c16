// A picture on a demo page becomes the pixels that the lab's own decoder makes of it: of what becomes smaller one level in 255 at most is
// another, of what becomes larger two, of grey one more.
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/main/data/images/decode.ts';
import { fitPicture } from '../../../src/player/fit-picture.ts';

/** Waves with stripes that are finer than what is left of them, and the corners of colour. */
function drawn(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: 3 * width * height }, (_, index) => {
    const [channel, x, y] = [index % 3, Math.floor(index / 3) % width, Math.floor(index / 3 / width)];
    const wave = 128 + 90 * Math.sin(x / 5 + channel) * Math.cos(y / 7);
    return x + y < 3 ? 255 : wave + 37 * (((x * 7919 + y * 104_729 + channel * 31) % 17) / 17 - 0.5);
  });
}

const target = { width: 24, height: 20, channels: 3, resizeShorter: null, background: [12, 200, 90] } as const;

async function differences(
  [width, height]: readonly [number, number],
  facts: Omit<Parameters<typeof fitPicture>[1], 'valueScales'>,
): Promise<{ largest: number; share: number }> {
  const data = drawn(width, height);
  const file = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const limits = { minimumSide: 1, maximumPixels: 1e8, failOn: 'error' } as const;
  const { pixels } = await decodeImage(file, { ...facts, ...limits });
  const own = fitPicture({ width, height, channels: 3, data }, facts).pixels;
  expect(own.length).toBe(pixels.length);
  const all = Array.from(own, (value, index) => Math.abs(value - pixels[index]!));
  return { largest: Math.max(...all), share: all.filter((value) => value > 0).length / all.length };
}

const sizes = {
  smaller: [[97, 61], [64, 64], [200, 150], [133, 200], [210, 300], [24, 100], [49, 21]],
  larger: [[20, 12], [7, 9], [24, 13], [100, 11], [10, 90]],
} as const; // prettier-ignore

describe.each(['stretch', 'cover', 'contain', 'center-crop'] as const)('%s', (fit) => {
  it.each(sizes.smaller)('of %i × %i pixels', async (width, height) => {
    const { largest, share } = await differences([width, height], { ...target, fit });
    expect(largest).toBeLessThanOrEqual(1);
    expect(share).toBeLessThan(0.05);
  });

  it.each(sizes.larger)('of %i × %i pixels, of which it has too few', async (width, height) => {
    expect((await differences([width, height], { ...target, fit })).largest).toBeLessThanOrEqual(2);
  });

  it('in grey', async () => {
    expect((await differences([97, 61], { ...target, fit, channels: 1 })).largest).toBeLessThanOrEqual(2);
  });
});

it('crops what was scaled to a shorter side of its own', async () => {
  const { largest } = await differences([150, 90], { ...target, fit: 'center-crop', resizeShorter: 30 });
  expect(largest).toBeLessThanOrEqual(1);
});
