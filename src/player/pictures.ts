/** A picture that a person chose, brought to what the network reads, as the lab does with its own. */
import { asNetworkReads } from '../main/data/images/network-pixels.ts';
import type { ImageFacts } from '../main/tasks/index.ts';
import type { PredictionQuery } from '../main/tasks/index.ts';
import { fitPicture } from './fit-picture.ts';
import type { Pixels } from './resample.ts';

export type PagePicture = NonNullable<PredictionQuery['image']>;

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
