/**
 * Random changes of training images that are pure functions of (seed, step, index): whoever prepares a batch, and whenever,
 * makes the same images. First the numbers are drawn, then they are applied; either part can be looked at alone.
 *
 * Every kind of change always draws its numbers, used or not, so switching one on leaves the others as they were.
 */
import type { AugmentationOptions } from '../../../shared/spec/augmentation.ts';
import type { RandomStream } from '../../../shared/random.ts';
import { hashString, randomStream } from '../../../shared/random.ts';
import type { ColourChange } from './augment-colours.ts';
import { changeColours } from './augment-colours.ts';
import type { PixelShape } from './pixel-shape.ts';
import type { Region } from './resample.ts';
import { enlargeRegion } from './resample.ts';

/** What is done to one image. */
export interface AugmentationDraw extends ColourChange {
  /** Where the crop begins in the padded image's frame, minus the padding: −padding … padding. */
  readonly top: number;
  readonly left: number;
  readonly flip: boolean;
  /** Counter-clockwise, in radians. */
  readonly angle: number;
  /** The part of the image that is enlarged to the whole, in pixels, before everything else; or null. */
  readonly box: Region | null;
  /** Centre of the covered square, or null. */
  readonly cutOut: { readonly y: number; readonly x: number } | null;
}

const AUGMENTATION_STREAM = hashString('image augmentation');

/** The changes for the image at `index` of the batch at `step`. */
export function drawAugmentation(
  options: AugmentationOptions,
  shape: PixelShape,
  seed: number,
  step: number,
  index: number,
): AugmentationDraw {
  const stream = randomStream(seed, AUGMENTATION_STREAM, step, index);
  const symmetric = (limit: number): number => (2 * stream.uniform() - 1) * limit;
  const offsets = 2 * options.cropPadding + 1;
  const top = Math.floor(stream.uniform() * offsets) - options.cropPadding;
  const left = Math.floor(stream.uniform() * offsets) - options.cropPadding;
  const flip = stream.uniform() < options.horizontalFlip;
  const angle = (symmetric(options.rotation) * Math.PI) / 180;
  const brightness = 1 + symmetric(options.brightness);
  const contrast = 1 + symmetric(options.contrast);
  const saturation = 1 + symmetric(options.saturation);
  const covers = stream.uniform() < options.cutOut && options.cutOutSize > 0;
  const y = Math.floor(stream.uniform() * shape.height);
  const x = Math.floor(stream.uniform() * shape.width);
  const box = drawBox(options.cropScale, shape, stream);
  const hue = symmetric(options.hue);
  const changesColours = stream.uniform() < options.colourProbability;
  const isGreyscale = stream.uniform() < options.greyscale;
  return {
    top,
    left,
    flip,
    angle,
    brightness: changesColours ? brightness : 1,
    contrast: changesColours ? contrast : 1,
    saturation: changesColours ? saturation : 1,
    hue: changesColours ? hue : 0,
    isGreyscale,
    box: options.cropScale < 1 ? box : null,
    cutOut: covers ? { y, x } : null,
  };
}

/** Largest ratio of the sides of a crop. */
const mostStretched = 4 / 3;

/**
 * The random resized crop of C. Szegedy et al. 2015: a share of the area, uniform from `least` to 1, and a ratio of the sides
 * with a uniform logarithm. Sides and place are fractions of pixels, where torchvision rounds them; a side that would be
 * longer than the image's is as long. Draws four numbers.
 */
function drawBox(least: number, { height, width }: PixelShape, stream: RandomStream): Region {
  const area = height * width * (least + (1 - least) * stream.uniform());
  const ratio = Math.exp((2 * stream.uniform() - 1) * Math.log(mostStretched));
  const [boxHeight, boxWidth] = [Math.min(height, Math.sqrt(area / ratio)), Math.min(width, Math.sqrt(area * ratio))];
  const top = stream.uniform() * (height - boxHeight);
  const left = stream.uniform() * (width - boxWidth);
  return { top, left, height: boxHeight, width: boxWidth };
}

/** Crop and flip without rotation: whole pixels are moved. */
function moveWholePixels(
  source: Uint8Array,
  shape: PixelShape,
  draw: AugmentationDraw,
  fill: readonly number[],
  output: Float32Array,
): void {
  const { height, width, channels } = shape;
  let target = 0;
  for (let y = 0; y < height; y += 1) {
    const sourceY = y + draw.top;
    const rowInside = sourceY >= 0 && sourceY < height;
    for (let x = 0; x < width; x += 1) {
      const sourceX = (draw.flip ? width - 1 - x : x) + draw.left;
      const inside = rowInside && sourceX >= 0 && sourceX < width;
      const offset = (sourceY * width + sourceX) * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        output[target] = inside ? source[offset + channel]! : fill[channel]!;
        target += 1;
      }
    }
  }
}

/**
 * Crop, flip and rotation about the centre in one pass, bilinear: each output pixel asks where it comes from. What lies
 * outside has the fill colour, and is blended in at the border.
 */
function rotatePixels(
  source: Uint8Array,
  shape: PixelShape,
  draw: AugmentationDraw,
  fill: readonly number[],
  output: Float32Array,
): void {
  const { height, width, channels } = shape;
  const cosine = Math.cos(draw.angle);
  const sine = Math.sin(draw.angle);
  const centreY = (height - 1) / 2;
  const centreX = (width - 1) / 2;
  let target = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const dy = y - centreY;
      const dx = x - centreX;
      // The image's y axis points down: turning the picture counter-clockwise means asking clockwise.
      const rotatedX = cosine * dx - sine * dy + centreX;
      const sourceY = sine * dx + cosine * dy + centreY + draw.top;
      const sourceX = (draw.flip ? width - 1 - rotatedX : rotatedX) + draw.left;
      const y0 = Math.floor(sourceY);
      const x0 = Math.floor(sourceX);
      const weightY = sourceY - y0;
      const weightX = sourceX - x0;
      const hasY0 = y0 >= 0 && y0 < height;
      const hasY1 = y0 + 1 >= 0 && y0 + 1 < height;
      const hasX0 = x0 >= 0 && x0 < width;
      const hasX1 = x0 + 1 >= 0 && x0 + 1 < width;
      const offset = (y0 * width + x0) * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        const outside = fill[channel]!;
        const at = offset + channel;
        const topLeft = hasY0 && hasX0 ? source[at]! : outside;
        const topRight = hasY0 && hasX1 ? source[at + channels]! : outside;
        const bottomLeft = hasY1 && hasX0 ? source[at + width * channels]! : outside;
        const bottomRight = hasY1 && hasX1 ? source[at + (width + 1) * channels]! : outside;
        const upper = topLeft + (topRight - topLeft) * weightX;
        const lower = bottomLeft + (bottomRight - bottomLeft) * weightX;
        output[target] = upper + (lower - upper) * weightY;
        target += 1;
      }
    }
  }
}

/** Covers a square (T. DeVries, G. W. Taylor, "Improved regularization of CNNs with Cutout", 2017), clipped at the border. */
function coverSquare(
  output: Uint8Array,
  shape: PixelShape,
  centre: { readonly y: number; readonly x: number },
  size: number,
  fill: readonly number[],
): void {
  const top = Math.max(0, centre.y - (size >> 1));
  const left = Math.max(0, centre.x - (size >> 1));
  const bottom = Math.min(shape.height, centre.y - (size >> 1) + size);
  const right = Math.min(shape.width, centre.x - (size >> 1) + size);
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      for (let channel = 0; channel < shape.channels; channel += 1) {
        output[(y * shape.width + x) * shape.channels + channel] = Math.round(fill[channel]!);
      }
    }
  }
}

let scratch = new Float32Array(0);
let enlarged = new Uint8Array(0);

/**
 * Applies the drawn changes.
 * @param source height × width × channels bytes, interleaved; not changed
 * @param fill colour of what lies outside the image and of the covered square, 0 … 255 a channel: the corpus' mean
 * @param cutOutSize side of the covered square in pixels
 * @param output as long as `source`, another array
 */
export function applyAugmentation(
  source: Uint8Array,
  shape: PixelShape,
  draw: AugmentationDraw,
  fill: readonly number[],
  cutOutSize: number,
  output: Uint8Array,
): void {
  if (scratch.length !== source.length) {
    scratch = new Float32Array(source.length);
    enlarged = new Uint8Array(source.length);
  }
  if (draw.box) enlargeRegion(source, shape, draw.box, enlarged);
  const framed = draw.box ? enlarged : source;
  if (draw.angle === 0) moveWholePixels(framed, shape, draw, fill, scratch);
  else rotatePixels(framed, shape, draw, fill, scratch);
  changeColours(scratch, shape.channels, draw);
  for (let index = 0; index < output.length; index += 1) output[index] = Math.floor(scratch[index]! + 0.5);
  if (draw.cutOut !== null) coverSquare(output, shape, draw.cutOut, cutOutSize, fill);
}

/** Draws and applies: the augmented image at `index` of the batch at `step`, written to `output`. */
export function augmentImage(
  source: Uint8Array,
  shape: PixelShape,
  options: AugmentationOptions,
  fill: readonly number[],
  seed: number,
  step: number,
  index: number,
  output: Uint8Array,
): void {
  const draw = drawAugmentation(options, shape, seed, step, index);
  applyAugmentation(source, shape, draw, fill, options.cutOutSize, output);
}
