/** Pixels of any size become those that a network was trained on, as in an import (`data/images/decode.ts`): sharp's ways to fit. */
import type { ImageFacts } from '../main/tasks/index.ts';
import type { Pixels } from './resample.ts';
import { resample } from './resample.ts';

interface Fitted {
  readonly width: number;
  readonly height: number;
  readonly channels: ImageFacts['channels'];
  readonly pixels: Uint8Array;
}

/** @param original red, green and blue */
export function fitPicture(original: Pixels, facts: Omit<ImageFacts, 'network'>): Fitted {
  const { width, height, channels, background } = facts;
  const { size, scale } = scaledSize(original, facts);
  const scaled = resample(original, size, scale);
  // What is left over is cut off, or filled with the background; a crop of `cover` is rounded the other way.
  const rest = facts.fit === 'cover' ? 1 : 0;
  const left = Math.trunc((size.width - width + rest) / 2);
  const top = Math.trunc((size.height - height + rest) / 2);
  const pixels = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const isInside = x + left >= 0 && x + left < size.width && y + top >= 0 && y + top < size.height;
      const from = ((y + top) * size.width + x + left) * 3;
      const colour = isInside ? scaled.data.subarray(from, from + 3) : background;
      const target = (y * width + x) * channels;
      if (channels === 1) pixels[target] = greyOf(colour);
      else pixels.set(colour, target);
    }
  }
  return { width, height, channels, pixels };
}

interface Scaled {
  readonly size: { readonly width: number; readonly height: number };
  readonly scale: { readonly x: number; readonly y: number };
}

function scaledSize(original: Pixels, { width, height, fit, resizeShorter }: Omit<ImageFacts, 'network'>): Scaled {
  const [x, y] = [width / original.width, height / original.height];
  const uniform = (scale: number): Scaled => ({
    size: { width: roundedSize(original.width * scale), height: roundedSize(original.height * scale) },
    scale: { x: scale, y: scale },
  });
  switch (fit) {
    case 'stretch':
      return { size: { width, height }, scale: { x, y } };
    case 'contain':
      return uniform(Math.min(x, y));
    case 'cover':
      return uniform(Math.max(x, y));
    case 'center-crop': {
      const shorter = (resizeShorter ?? Math.min(width, height)) / Math.min(original.width, original.height);
      const size = {
        width: Math.max(width, Math.round(original.width * shorter)),
        height: Math.max(height, Math.round(original.height * shorter)),
      };
      return { size, scale: { x: size.width / original.width, y: size.height / original.height } };
    }
  }
}

const roundedSize = (size: number): number => Math.max(1, Math.round(size));

/** Luminance of an sRGB colour, in sRGB again: grey stays as it is. */
function greyOf(colour: ArrayLike<number>): number {
  const [red = 0, green = 0, blue = 0] = Array.from(colour);
  if (red === green && green === blue) return red;
  const linear = (value: number): number => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const share = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * share);
}
