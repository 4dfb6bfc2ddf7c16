/** A picture that a person chose, brought to what the network reads, as the lab does with its own. */
import { asNetworkReads } from '../main/data/images/network-pixels.ts';
import type { ImageFacts } from '../main/tasks/index.ts';
import type { PredictionQuery } from '../main/tasks/index.ts';

export type PagePicture = NonNullable<PredictionQuery['image']>;

/** Interleaved bytes of a picture of any size. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array | Float32Array;
}

/** Throws an `Error` for a file that the browser cannot show. */
export async function readPicture(file: Blob, facts: ImageFacts): Promise<PagePicture> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', imageOrientation: 'from-image' });
  const original = flatten(bitmap, facts.background);
  bitmap.close();
  return asNetworkReads(fitPicture(original, facts), facts.network, facts.background);
}

/** The picture on the background, as red, green and blue. */
function flatten(bitmap: ImageBitmap, [red, green, blue]: ImageFacts['background']): Pixels {
  const { width, height } = bitmap;
  const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', {
    willReadFrequently: true,
  });
  if (!context) throw new Error('This browser cannot read pictures');
  context.fillStyle = `rgb(${String(red)} ${String(green)} ${String(blue)})`;
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(3 * width * height);
  for (let place = 0; place < width * height; place += 1) {
    for (let channel = 0; channel < 3; channel += 1) pixels[3 * place + channel] = data[4 * place + channel]!;
  }
  return { width, height, channels: 3, data: pixels };
}

/** Fits a picture to the size and the channels of a network. */
function fitPicture(original: Pixels, facts: ImageFacts): PagePicture {
  const { width, height, channels } = facts;
  const scale = scaleOf(original, facts);
  const scaled = resize(
    original,
    Math.max(1, Math.round(original.width * scale.x)),
    Math.max(1, Math.round(original.height * scale.y)),
  );
  const pixels = new Uint8Array(width * height * channels);
  const [left, top] = [Math.floor((scaled.width - width) / 2), Math.floor((scaled.height - height) / 2)];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const inside = x + left >= 0 && x + left < scaled.width && y + top >= 0 && y + top < scaled.height;
      const colour = [0, 1, 2].map((channel) =>
        inside ? scaled.data[((y + top) * scaled.width + x + left) * 3 + channel]! : facts.background[channel]!,
      ) as [number, number, number]; // three channels
      const target = (y * width + x) * channels;
      if (channels === 1) pixels[target] = greyOf(colour);
      else for (let channel = 0; channel < 3; channel += 1) pixels[target + channel] = Math.round(colour[channel]!);
    }
  }
  return { width, height, channels, pixels };
}

function scaleOf(original: Pixels, { width, height, fit, resizeShorter }: ImageFacts): { x: number; y: number } {
  const [x, y] = [width / original.width, height / original.height];
  switch (fit) {
    case 'stretch':
      return { x, y };
    case 'contain':
      return { x: Math.min(x, y), y: Math.min(x, y) };
    case 'cover':
      return { x: Math.max(x, y), y: Math.max(x, y) };
    case 'center-crop': {
      const shorter = Math.min(original.width, original.height);
      const scale = Math.max(x, y, (resizeShorter ?? Math.min(width, height)) / shorter);
      return { x: scale, y: scale };
    }
  }
}

/** Luminance of an sRGB colour, in sRGB again: grey stays as it is. */
function greyOf([red, green, blue]: readonly [number, number, number]): number {
  if (red === green && green === blue) return Math.round(red);
  const linear = (value: number): number => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const share = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * share);
}

function resize(image: Pixels, width: number, height: number): Pixels {
  return resizeRows(resizeColumns(image, width), height);
}

/** Lanczos' kernel of three lobes, widened where the picture becomes smaller, so that nothing is passed over. */
function lanczosWeights(source: number, target: number): { first: number; weights: number[] }[] {
  const ratio = source / target;
  const width = Math.max(1, ratio);
  const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  return Array.from({ length: target }, (_, place) => {
    const centre = (place + 0.5) * ratio - 0.5;
    const first = Math.ceil(centre - 3 * width);
    const weights: number[] = [];
    for (let at = first; at <= Math.floor(centre + 3 * width); at += 1) {
      const x = (at - centre) / width;
      weights.push(Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

const clipped = (value: number): number => Math.min(255, Math.max(0, value));

function resizeColumns({ width, height, channels, data }: Pixels, target: number): Pixels {
  if (width === target) return { width, height, channels, data };
  const result = new Float32Array(target * height * channels);
  for (const [x, { first, weights }] of lanczosWeights(width, target).entries()) {
    for (let y = 0; y < height; y += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        for (const [index, weight] of weights.entries()) {
          const from = Math.min(width - 1, Math.max(0, first + index));
          sum += weight * data[(y * width + from) * channels + channel]!;
        }
        result[(y * target + x) * channels + channel] = clipped(sum);
      }
    }
  }
  return { width: target, height, channels, data: result };
}

function resizeRows({ width, height, channels, data }: Pixels, target: number): Pixels {
  if (height === target) return { width, height, channels, data };
  const line = width * channels;
  const result = new Float32Array(target * line);
  for (const [y, { first, weights }] of lanczosWeights(height, target).entries()) {
    for (let place = 0; place < line; place += 1) {
      let sum = 0;
      for (const [index, weight] of weights.entries()) {
        const from = Math.min(height - 1, Math.max(0, first + index));
        sum += weight * data[from * line + place]!;
      }
      result[y * line + place] = clipped(sum);
    }
  }
  return { width, height: target, channels, data: result };
}

/** A picture to look at, enlarged so that single pixels can be seen. */
export function drawPicture({ width, height, channels, pixels }: PagePicture, label: string): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height, className: 'picture' });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', label);
  const image = new ImageData(width, height);
  for (let place = 0; place < width * height; place += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * place + channel] = pixels[place * channels + (channels === 1 ? 0 : channel)]!;
    }
    image.data[4 * place + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}
