import { describe, expect, it } from 'vitest';
import {
  applyAugmentation,
  augmentImage,
  drawAugmentation,
  type AugmentationDraw,
} from '../../src/main/data/images/augment.ts';
import { augmentationOptions } from '../../src/shared/spec/augmentation.ts';
import { picturePixels } from './data-images-fixtures.ts';

const shape = { height: 12, width: 17, channels: 3 };
const fill = [11.4, 120.6, 200];
const nothing: AugmentationDraw = {
  top: 0,
  left: 0,
  flip: false,
  angle: 0,
  brightness: 1,
  contrast: 1,
  saturation: 1,
  hue: 0,
  isGreyscale: false,
  box: null,
  cutOut: null,
};

/** Hue as a share of the circle, saturation and lightness (HSL, which has HSV's hue), by their textbook definition. */
function toHsl(colour: readonly number[]): [number, number, number] {
  const [red = 0, green = 0, blue = 0] = colour;
  const [high, low] = [Math.max(...colour), Math.min(...colour)];
  const lightness = (high + low) / 2;
  if (high === low) return [0, 0, lightness];
  const chroma = high - low;
  const hue =
    high === red
      ? ((green - blue) / chroma + 6) % 6
      : high === green
        ? (blue - red) / chroma + 2
        : (red - green) / chroma + 4;
  return [hue / 6, chroma / (1 - Math.abs(2 * lightness - 1)), lightness];
}

function fromHsl(hue: number, saturation: number, lightness: number): number[] {
  const chroma = (1 - Math.abs(2 * lightness - 1)) * saturation;
  const middle = chroma * (1 - Math.abs(((hue * 6) % 2) - 1));
  const sixths = [
    [chroma, middle, 0],
    [middle, chroma, 0],
    [0, chroma, middle],
    [0, middle, chroma],
    [middle, 0, chroma],
    [chroma, 0, middle],
  ];
  return sixths[Math.floor(hue * 6) % 6]!.map((value) => value + lightness - chroma / 2);
}

/** Applies the steps one after the other on whole images of real numbers, each by its definition. */
function slowAugmentation(source: Uint8Array, draw: AugmentationDraw, cutOutSize: number, of = shape): number[] {
  const { height, width, channels } = of;
  type Picture = (y: number, x: number, channel: number) => number;
  const inside = (y: number, x: number): boolean => y >= 0 && y < height && x >= 0 && x < width;
  const pixel: Picture = (y, x, c) => source[(y * width + x) * channels + c]!;
  const enlarged: Picture = (y, x, c) => {
    if (!draw.box) return pixel(y, x, c);
    const place = (index: number, size: number, start: number, extent: number): number =>
      Math.min(size - 1, Math.max(0, start + ((index + 0.5) / size) * extent - 0.5));
    const sy = place(y, height, draw.box.top, draw.box.height);
    const sx = place(x, width, draw.box.left, draw.box.width);
    let sum = 0;
    for (let py = 0; py < height; py += 1) {
      for (let px = 0; px < width; px += 1) {
        sum += Math.max(0, 1 - Math.abs(sy - py)) * Math.max(0, 1 - Math.abs(sx - px)) * pixel(py, px, c);
      }
    }
    return Math.round(sum);
  };
  const original: Picture = (y, x, c) => (inside(y, x) ? enlarged(y, x, c) : fill[c]!);
  const cropped: Picture = (y, x, c) => original(y + draw.top, x + draw.left, c);
  const flipped: Picture = draw.flip ? (y, x, c) => cropped(y, width - 1 - x, c) : cropped;
  const rotated: Picture = (y, x, c) => {
    // The place whose rotation by the angle, counter-clockwise as seen, is (y, x): mathematical axes, y upwards.
    const [u, v] = [x - (width - 1) / 2, (height - 1) / 2 - y];
    const [cosine, sine] = [Math.cos(-draw.angle), Math.sin(-draw.angle)];
    const sx = cosine * u - sine * v + (width - 1) / 2;
    const sy = (height - 1) / 2 - (sine * u + cosine * v);
    let sum = 0;
    for (const py of [Math.floor(sy), Math.floor(sy) + 1]) {
      for (const px of [Math.floor(sx), Math.floor(sx) + 1]) {
        sum += Math.max(0, 1 - Math.abs(sy - py)) * Math.max(0, 1 - Math.abs(sx - px)) * flipped(py, px, c);
      }
    }
    return sum;
  };
  let values = Array.from({ length: source.length }, (_, index) => {
    const pixel = Math.floor(index / channels);
    return rotated(Math.floor(pixel / width), pixel % width, index % channels);
  });
  const grey = (from: number[], index: number): number => {
    const at = index - (index % channels);
    return channels === 1 ? from[at]! : 0.299 * from[at]! + 0.587 * from[at + 1]! + 0.114 * from[at + 2]!;
  };
  const clamp = (value: number): number => Math.min(255, Math.max(0, value));
  values = values.map((value) => clamp(draw.brightness * value));
  const mean = values.reduce((sum, _, index) => sum + grey(values, index), 0) / values.length;
  values = values.map((value) => clamp(draw.contrast * value + (1 - draw.contrast) * mean));
  if (channels === 3) {
    values = values.map((value, index) => clamp(draw.saturation * value + (1 - draw.saturation) * grey(values, index)));
  }
  if (channels === 3 && draw.hue !== 0) {
    for (let at = 0; at < values.length; at += 3) {
      const [hue, saturation, lightness] = toHsl(values.slice(at, at + 3).map((value) => value / 255));
      fromHsl((((hue + draw.hue) % 1) + 1) % 1, saturation, lightness).forEach((value, channel) => {
        values[at + channel] = 255 * value;
      });
    }
  }
  if (draw.isGreyscale) values = values.map((_, index) => grey(values, index));
  return values.map((value, index) => {
    const pixel = Math.floor(index / channels);
    const dy = Math.floor(pixel / width) - (draw.cutOut?.y ?? Infinity) + Math.floor(cutOutSize / 2);
    const dx = (pixel % width) - (draw.cutOut?.x ?? Infinity) + Math.floor(cutOutSize / 2);
    return dy >= 0 && dy < cutOutSize && dx >= 0 && dx < cutOutSize ? fill[index % channels]! : value;
  });
}

describe('augmentation', () => {
  it.each<[string, Partial<AugmentationDraw>]>([
    ['nothing', {}],
    ['crop', { top: -3, left: 2 }],
    ['flip', { flip: true }],
    ['crop and flip', { top: 2, left: -4, flip: true }],
    ['rotation', { angle: 0.3 }],
    ['rotation the other way, cropped and flipped', { angle: -1.2, top: 1, left: -2, flip: true }],
    ['brightness', { brightness: 1.4 }],
    ['contrast', { contrast: 1.7 }],
    ['saturation', { saturation: 0.2 }],
    ['all colours', { brightness: 0.7, contrast: 0.6, saturation: 1.9 }],
    ['hue', { hue: 0.37 }],
    ['hue the other way', { hue: -0.2, saturation: 1.5 }],
    ['greyscale', { isGreyscale: true, hue: 0.1 }],
    ['resized crop', { box: { top: 1.3191, left: 4.2713, height: 6.1371, width: 8.9113 } }],
    [
      'resized crop of a corner, mirrored and moved',
      { box: { top: 7, left: 0, height: 5, width: 4 }, flip: true, left: 3 },
    ],
    ['cut-out', { cutOut: { y: 5, x: 6 } }],
    ['cut-out at the border', { cutOut: { y: 0, x: 16 } }],
    [
      'everything',
      {
        top: 2,
        left: 1,
        flip: true,
        angle: 0.5,
        brightness: 1.2,
        contrast: 0.8,
        saturation: 1.3,
        cutOut: { y: 11, x: 3 },
      },
    ],
  ])('equals its definition: %s', (_, changes) => {
    for (const of of [shape, { ...shape, channels: 1 }]) {
      const source = picturePixels(4, of.height, of.width).subarray(0, of.height * of.width * of.channels);
      const draw = { ...nothing, ...changes };
      const output = new Uint8Array(source.length);
      applyAugmentation(source, of, draw, fill, 5, output);
      const expected = slowAugmentation(source, draw, 5, of);
      output.forEach((value, index) => expect(Math.abs(value - expected[index]!)).toBeLessThan(0.501));
    }
  });

  it('turns counter-clockwise', () => {
    const source = new Uint8Array(81);
    source[4 * 9 + 8] = 255; // right of the centre
    const output = new Uint8Array(81);
    applyAugmentation(source, { height: 9, width: 9, channels: 1 }, { ...nothing, angle: Math.PI / 2 }, [0], 0, output);
    expect(output.indexOf(255)).toBe(4); // above it
  });

  const all = augmentationOptions.parse({
    cropPadding: 3,
    horizontalFlip: 0.5,
    rotation: 30,
    brightness: 0.4,
    contrast: 0.3,
    saturation: 0.2,
    cutOutSize: 4,
    cutOut: 0.5,
  });

  it('is a function of seed, step and index', () => {
    const source = picturePixels(5, 12, 17);
    const make = (seed: number, step: number, index: number): string => {
      const output = new Uint8Array(source.length);
      augmentImage(source, shape, all, fill, seed, step, index, output);
      return Buffer.from(output).toString('base64');
    };
    const places: [number, number, number][] = [
      [1, 2, 3],
      [2, 2, 3],
      [1, 3, 3],
      [1, 2, 4],
      [1, 3, 2],
    ];
    const first = places.map((place) => make(...place));
    expect(new Set(first).size).toBe(places.length);
    expect(
      [...places]
        .reverse()
        .map((place) => make(...place))
        .reverse(),
    ).toEqual(first);
  });

  it('draws within the limits, evenly, and each kind on its own', () => {
    const draws = Array.from({ length: 4000 }, (_, index) => drawAugmentation(all, shape, 9, 1, index));
    const tops = new Map<number, number>();
    for (const { top } of draws) tops.set(top, (tops.get(top) ?? 0) + 1);
    expect([...tops.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    // Binomial with p = 1/7: standard deviation 22.
    for (const count of tops.values()) expect(Math.abs(count - 4000 / 7)).toBeLessThan(110);
    expect(Math.abs(draws.filter(({ flip }) => flip).length - 2000)).toBeLessThan(160);
    expect(Math.abs(draws.filter(({ cutOut }) => cutOut !== null).length - 2000)).toBeLessThan(160);
    for (const draw of draws) {
      expect(Math.abs(draw.angle)).toBeLessThanOrEqual(Math.PI / 6);
      expect(Math.abs(draw.brightness - 1)).toBeLessThanOrEqual(0.4);
      expect(Math.abs(draw.contrast - 1)).toBeLessThanOrEqual(0.3);
      expect(Math.abs(draw.saturation - 1)).toBeLessThanOrEqual(0.2);
    }
    expect(Math.max(...draws.map(({ angle }) => angle))).toBeGreaterThan(0.5);
    const withoutRotation = drawAugmentation({ ...all, rotation: 0 }, shape, 9, 1, 77);
    expect(withoutRotation).toEqual({ ...draws[77], angle: withoutRotation.angle });
    expect(Math.abs(withoutRotation.angle)).toBe(0);
  });

  it('crops within the image, as large as it is told and in bearable shapes', () => {
    const options = augmentationOptions.parse({
      cropScale: 0.2,
      hue: 0.1,
      colourProbability: 0.5,
      greyscale: 0.25,
      brightness: 0.5,
    });
    const draws = Array.from({ length: 3000 }, (_, index) => drawAugmentation(options, shape, 4, 1, index));
    const areas = draws.map(({ box }) => (box!.height * box!.width) / (shape.height * shape.width));
    expect(Math.min(...areas)).toBeGreaterThan(0.19);
    expect(Math.min(...areas)).toBeLessThan(0.22);
    expect(Math.max(...areas)).toBeGreaterThan(0.9);
    for (const { box, hue } of draws) {
      expect(box!.top).toBeGreaterThanOrEqual(0);
      expect(box!.left).toBeGreaterThanOrEqual(0);
      expect(box!.top + box!.height).toBeLessThanOrEqual(shape.height + 1e-9);
      expect(box!.left + box!.width).toBeLessThanOrEqual(shape.width + 1e-9);
      expect(Math.abs(hue)).toBeLessThanOrEqual(0.1);
    }
    const small = draws.filter((_, index) => areas[index]! < 0.4).map(({ box }) => Math.log(box!.width / box!.height));
    expect(Math.max(...small)).toBeCloseTo(Math.log(4 / 3), 1);
    expect(Math.min(...small)).toBeCloseTo(-Math.log(4 / 3), 1);
    // Binomial: standard deviations of 27 and 24.
    expect(Math.abs(draws.filter(({ brightness }) => brightness !== 1).length - 1500)).toBeLessThan(135);
    expect(Math.abs(draws.filter(({ isGreyscale }) => isGreyscale).length - 750)).toBeLessThan(120);
    // Switched on or off, they leave the others as they were.
    expect(drawAugmentation({ ...options, cropScale: 1 }, shape, 4, 1, 7)).toEqual({ ...draws[7], box: null });
  });

  it('changes nothing by default, and refuses unknown options', () => {
    const source = picturePixels(6, 12, 17);
    const output = new Uint8Array(source.length);
    augmentImage(source, shape, augmentationOptions.parse({}), fill, 1, 1, 1, output);
    expect(output).toEqual(source);
    expect(augmentationOptions.safeParse({ flip: 0.5 }).success).toBe(false);
    expect(augmentationOptions.safeParse({ horizontalFlip: 2 }).success).toBe(false);
  });
});
