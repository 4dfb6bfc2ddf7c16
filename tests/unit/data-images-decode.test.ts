import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  damageOf,
  DecodeFailure,
  decodeImage,
  decodeRaw,
  sniffFormat,
  type Preparation,
} from '../../src/main/data/images/decode.ts';
import { bombPng, picture, picturePixels } from './data-images-fixtures.ts';

const preparation: Preparation = {
  height: 16,
  width: 16,
  channels: 3,
  fit: 'cover',
  resizeShorter: null,
  background: [255, 255, 255],
  minimumSide: 8,
  maximumPixels: 1e8,
  failOn: 'warning',
};

const red = { r: 220, g: 20, b: 30 };
const blue = { r: 10, g: 40, b: 200 };

/** Left half red, right half blue. */
function twoHalves(height = 40, width = 40): Sharp {
  const pixels = new Uint8Array(height * width * 3);
  for (let index = 0; index < height * width; index += 1) {
    const { r, g, b } = index % width < width / 2 ? red : blue;
    pixels.set([r, g, b], index * 3);
  }
  return sharp(pixels, { raw: { height, width, channels: 3 } });
}

function pixelAt(pixels: Uint8Array, y: number, x: number, width = 16, channels = 3): number[] {
  return [...pixels.subarray((y * width + x) * channels, (y * width + x + 1) * channels)];
}

function expectColour(actual: number[], expected: { r: number; g: number; b: number }, tolerance: number): void {
  [expected.r, expected.g, expected.b].forEach((value, channel) => {
    expect(Math.abs(actual[channel]! - value), `channel ${channel} of ${actual.join()}`).toBeLessThanOrEqual(tolerance);
  });
}

async function failure(bytes: Buffer, changes: Partial<Preparation> = {}): Promise<DecodeFailure> {
  return decodeImage(bytes, { ...preparation, ...changes }).then(
    () => {
      throw new Error('was decoded');
    },
    (error: unknown) => {
      if (error instanceof DecodeFailure) return error;
      throw error;
    },
  );
}

describe('formats', () => {
  it.each(['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'] as const)('decodes %s to the same colours', async (format) => {
    const bytes = await twoHalves().toFormat(format, { quality: 95 }).toBuffer();
    expect(sniffFormat(bytes)).toBe(format);
    const image = await decodeImage(bytes, preparation);
    expect(image).toMatchObject({ format, originalHeight: 40, originalWidth: 40, frames: 1 });
    expect(image.pixels.length).toBe(16 * 16 * 3);
    expectColour(pixelAt(image.pixels, 8, 2), red, 12);
    expectColour(pixelAt(image.pixels, 8, 13), blue, 12);
  });

  it('takes the first frame of an animated GIF', async () => {
    const frames = [red, blue].map(({ r, g, b }) => Buffer.alloc(20 * 20 * 3).map((_, index) => [r, g, b][index % 3]!));
    const bytes = await sharp(Buffer.concat(frames), { raw: { height: 40, width: 20, channels: 3, pageHeight: 20 } })
      .gif({ delay: [100, 100] })
      .toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(2);
    const image = await decodeImage(bytes, preparation);
    expect(image).toMatchObject({ frames: 2, originalHeight: 20, originalWidth: 20 });
    expectColour(pixelAt(image.pixels, 8, 8), red, 6);
  });

  it('applies the EXIF orientation, to the recorded size too', async () => {
    // Orientation 6: what is stored must be turned clockwise by 90 degrees, so the stored left side ends on top.
    const bytes = await twoHalves(20, 40).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
    const image = await decodeImage(bytes, { ...preparation, fit: 'stretch' });
    expect(image).toMatchObject({ originalHeight: 40, originalWidth: 20 });
    expectColour(pixelAt(image.pixels, 2, 8), red, 12);
    expectColour(pixelAt(image.pixels, 13, 8), blue, 12);
  });

  it('reduces 16-bit colour and grey', async () => {
    const colour = await twoHalves().toColourspace('rgb16').png().toBuffer();
    expect((await sharp(colour).metadata()).depth).toBe('ushort');
    expectColour(pixelAt((await decodeImage(colour, preparation)).pixels, 8, 2), red, 1);
    const values = Uint16Array.from({ length: 400 }, () => 40000);
    const grey = await sharp(values, { raw: { height: 20, width: 20, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(grey).metadata()).depth).toBe('ushort');
    const image = await decodeImage(grey, { ...preparation, channels: 1 });
    expect(Math.abs(pixelAt(image.pixels, 3, 3, 16, 1)[0]! - 40000 / 257)).toBeLessThanOrEqual(1);
  });

  it('converts CMYK to sRGB', async () => {
    const bytes = await twoHalves().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const image = await decodeImage(bytes, preparation);
    // Inks cannot print these colours exactly; read as RGB or inverted they would be off by far more.
    expectColour(pixelAt(image.pixels, 8, 2), red, 50);
    expectColour(pixelAt(image.pixels, 8, 13), blue, 70);
  });

  it('lays transparent pixels on the background', async () => {
    const bytes = await sharp({ create: { width: 20, height: 20, channels: 4, background: { ...red, alpha: 0.5 } } })
      .png()
      .toBuffer();
    const onWhite = await decodeImage(bytes, preparation);
    expectColour(pixelAt(onWhite.pixels, 5, 5), { r: (220 + 255) / 2, g: (20 + 255) / 2, b: (30 + 255) / 2 }, 2);
    const onGreen = await decodeImage(bytes, { ...preparation, background: [0, 200, 0] });
    expectColour(pixelAt(onGreen.pixels, 5, 5), { r: 110, g: 110, b: 15 }, 2);
    const hidden = await sharp({ create: { width: 20, height: 20, channels: 4, background: { ...red, alpha: 0 } } })
      .webp({ lossless: true })
      .toBuffer();
    expect(new Set((await decodeImage(hidden, preparation)).pixels)).toEqual(new Set([255]));
  });

  it('makes three channels of grey, and grey of three channels', async () => {
    const grey = await sharp({ create: { width: 20, height: 20, channels: 3, background: '#646464' } })
      .toColourspace('b-w')
      .jpeg()
      .toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    expect(pixelAt((await decodeImage(grey, preparation)).pixels, 4, 4)).toEqual([100, 100, 100]);
    const asGrey = await decodeImage(await twoHalves().png().toBuffer(), { ...preparation, channels: 1 });
    expect(asGrey.pixels.length).toBe(256);
    expect(pixelAt(asGrey.pixels, 8, 2, 16, 1)[0]).toBeGreaterThan(pixelAt(asGrey.pixels, 8, 13, 16, 1)[0]!);
  });
});

describe('fit', () => {
  /** Three vertical bands of equal width: red, green, blue; three times as wide as high. */
  async function bands(): Promise<Buffer> {
    const pixels = new Uint8Array(20 * 60 * 3);
    for (let index = 0; index < 20 * 60; index += 1) pixels[index * 3 + Math.floor((index % 60) / 20)] = 255;
    return sharp(pixels, { raw: { height: 20, width: 60, channels: 3 } })
      .png()
      .toBuffer();
  }

  it('cover keeps the middle', async () => {
    const { pixels } = await decodeImage(await bands(), { ...preparation, fit: 'cover' });
    for (const x of [1, 8, 14]) expect(pixelAt(pixels, 8, x)).toEqual([0, 255, 0]);
  });

  it('contain shows everything on the background', async () => {
    const { pixels } = await decodeImage(await bands(), { ...preparation, fit: 'contain', background: [1, 2, 3] });
    expect(pixelAt(pixels, 0, 8)).toEqual([1, 2, 3]);
    expect(pixelAt(pixels, 15, 8)).toEqual([1, 2, 3]);
    expect(pixelAt(pixels, 8, 1)).toEqual([255, 0, 0]);
    expect(pixelAt(pixels, 8, 14)).toEqual([0, 0, 255]);
  });

  it('stretch shows everything everywhere', async () => {
    const { pixels } = await decodeImage(await bands(), { ...preparation, fit: 'stretch' });
    expect([0, 15].map((y) => pixelAt(pixels, y, 1))).toEqual([
      [255, 0, 0],
      [255, 0, 0],
    ]);
    expect(pixelAt(pixels, 0, 14)).toEqual([0, 0, 255]);
  });

  it('center-crop cuts the middle of the resized image', async () => {
    // The picture doubled to 40 × 120, then the middle 16 × 16: all inside the green band.
    const zoomed = await decodeImage(await bands(), { ...preparation, fit: 'center-crop', resizeShorter: 40 });
    expect(new Set(zoomed.pixels.filter((_, index) => index % 3 === 1))).toEqual(new Set([255]));
    // At its own size the crop is exactly these pixels.
    const own = picturePixels(3, 40, 30);
    const bytes = await sharp(own, { raw: { height: 40, width: 30, channels: 3 } })
      .png()
      .toBuffer();
    const cropped = await decodeImage(bytes, { ...preparation, fit: 'center-crop', resizeShorter: 30 });
    for (let y = 0; y < 16; y += 1) {
      expect([...cropped.pixels.subarray(y * 48, y * 48 + 48)]).toEqual([
        ...own.subarray(((y + 12) * 30 + 7) * 3, ((y + 12) * 30 + 23) * 3),
      ]);
    }
  });

  it('keeps raw pixels of the right shape untouched and resizes others', async () => {
    const data = picturePixels(1, 16, 16);
    expect((await decodeRaw({ height: 16, width: 16, channels: 3, data }, preparation)).pixels).toEqual(data);
    const larger = await decodeRaw(
      { height: 32, width: 32, channels: 1, data: new Uint8Array(1024).fill(90) },
      preparation,
    );
    expect(new Set(larger.pixels)).toEqual(new Set([90]));
    expect(larger.pixels.length).toBe(768);
  });
});

describe('bad files', () => {
  it('names truncation, at several places, in every format', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff'] as const) {
      const bytes = await picture(5).toFormat(format).toBuffer();
      for (const share of [0.3, 0.7]) {
        const error = await failure(bytes.subarray(0, Math.floor(bytes.length * share)));
        expect(error.reason, `${format} cut at ${share}`).toBe('damaged');
        expect(error.message).toContain(`damaged ${format} image`);
      }
    }
  });

  it('says about a file only what is about its format: the decoder mixes the messages of files that fail together', () => {
    const mixed = new Error(
      'VipsJpeg: premature end of JPEG image\nvipspng: libpng read error\nvipspng: libpng read error',
    );
    expect(damageOf(mixed, 'jpeg')).toBe('VipsJpeg: premature end of JPEG image');
    expect(damageOf(mixed, 'png')).toBe('vipspng: libpng read error');
    expect(damageOf(mixed, 'webp')).toBe('its data are corrupt or end too early');
    expect(damageOf(new Error('Warning treated as error due to failOn setting'), 'png')).toBe(
      'its data are corrupt or end too early',
    );
  });

  it('tells damaged bytes inside a PNG', async () => {
    const bytes = await picture(5).png().toBuffer();
    bytes.fill(0x55, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 40);
    expect((await failure(bytes)).reason).toBe('damaged');
  });

  it('accepts a slightly cut file where that is asked for', async () => {
    const bytes = await picture(5).jpeg().toBuffer();
    const cut = bytes.subarray(0, bytes.length - 200);
    expect((await failure(cut)).reason).toBe('damaged');
    expect((await decodeImage(cut, { ...preparation, failOn: 'none' })).pixels.length).toBe(768);
  });

  it.each([
    ['an empty file', '', 'the file is empty'],
    ['text', 'just a note\n', 'a text file'],
    ['a web page', '<!DOCTYPE html><html></html>', 'failed download'],
    ['a drawing', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'an SVG drawing'],
    ['a PDF', '%PDF-1.7\n\0', 'a PDF document'],
    ['a HEIC', '\0\0\0\x18ftypheic\0', 'a HEIC image'],
    ['anything else', '\x01\x02\x03\x04', 'not an image in a known format'],
  ])('says what %s is', async (_, content, message) => {
    const error = await failure(Buffer.from(content, 'latin1'));
    expect(error.reason).toBe('unsupported');
    expect(error.message).toContain(message);
  });

  it('refuses a single pixel and anything below the minimum', async () => {
    const dot = await sharp({ create: { width: 1, height: 1, channels: 3, background: red } })
      .gif()
      .toBuffer();
    expect(await failure(dot)).toMatchObject({ reason: 'too-small', message: expect.stringContaining('1 × 1') });
    const narrow = await sharp({ create: { width: 300, height: 7, channels: 3, background: red } })
      .png()
      .toBuffer();
    expect((await failure(narrow)).reason).toBe('too-small');
    expect((await decodeImage(narrow, { ...preparation, minimumSide: 7 })).originalHeight).toBe(7);
  });

  it('refuses a decompression bomb by its header alone', async () => {
    const error = await failure(bombPng(50_000, 50_000));
    expect(error).toMatchObject({ reason: 'too-large', message: expect.stringContaining('50000 × 50000') });
    expect((await failure(await picture(1, 100, 100).png().toBuffer(), { maximumPixels: 9999 })).reason).toBe(
      'too-large',
    );
  });
});
