/**
 * What is done to the patches of the relative-position task, as functions that the sampler combines: cutting, the two
 * defences against chromatic aberration, and losing detail. A patch is size × size × channels float32 values, 0 … 255,
 * channels interleaved; the functions change it in place.
 *
 * Source: C. Doersch, A. Gupta, A. A. Efros, "Unsupervised visual representation learning by context prediction",
 * ICCV 2015, section 3.1.
 */
import { fillNormal, hashString, type RandomStream } from '../../../shared/random.ts';
import type { PixelShape } from './pixel-shape.ts';
import { areaAverages, enlargeBilinear } from './resample.ts';

/**
 * Copies the square at (top, left) into `patch`.
 * @throws RangeError if it does not lie inside the image.
 */
export function cutPatch(
  pixels: Uint8Array,
  shape: PixelShape,
  top: number,
  left: number,
  size: number,
  patch: Float32Array,
): void {
  const { height, width, channels } = shape;
  if (top < 0 || left < 0 || top + size > height || left + size > width) {
    throw new RangeError(
      `A patch of ${size} pixels at (${top}, ${left}) does not lie inside ${height} × ${width} pixels.`,
    );
  }
  const line = size * channels;
  for (let y = 0; y < size; y += 1) {
    const source = ((top + y) * width + left) * channels;
    for (let index = 0; index < line; index += 1) patch[y * line + index] = pixels[source + index]!;
  }
}

/**
 * Removes the green–magenta component, in which chromatic aberration shows: every pixel is multiplied by
 * I − aᵀa / (a aᵀ) with a = [−1, 2, −1]. Grey pixels stay as they are. Three channels.
 */
export function projectChroma(patch: Float32Array): void {
  for (let offset = 0; offset < patch.length; offset += 3) {
    const share = (2 * patch[offset + 1]! - patch[offset]! - patch[offset + 2]!) / 6;
    patch[offset]! += share;
    patch[offset + 1]! -= 2 * share;
    patch[offset + 2]! += share;
  }
}

const NOISE_LENGTH = 65536;
let noisePool: Float32Array | undefined;

/** Standard normal values, the same in every process: drawing new ones for every pixel would take longer than the training step. */
function noise(): Float32Array {
  if (noisePool === undefined) {
    noisePool = new Float32Array(NOISE_LENGTH);
    fillNormal(noisePool, 0, hashString('colour-dropping noise'));
  }
  return noisePool;
}

/** The noise's deviation is this part of the kept channel's. */
const NOISE_SHARE = 0.01;

/**
 * Keeps one of the three channels, drawn from the stream, and replaces the other two by Gaussian noise about their mean with
 * a hundredth of the kept channel's standard deviation in this patch.
 * @param mean of the corpus' channels, 0 … 255
 * @returns the channel that was kept
 */
export function dropColours(patch: Float32Array, mean: readonly number[], stream: RandomStream): number {
  const kept = stream.integer(3);
  const pixels = patch.length / 3;
  let sum = 0;
  for (let offset = kept; offset < patch.length; offset += 3) sum += patch[offset]!;
  const average = sum / pixels;
  let squares = 0;
  for (let offset = kept; offset < patch.length; offset += 3) squares += (patch[offset]! - average) ** 2;
  const deviation = NOISE_SHARE * Math.sqrt(squares / pixels);
  const pool = noise();
  let position = stream.integer(NOISE_LENGTH);
  for (let channel = 0; channel < 3; channel += 1) {
    if (channel === kept) continue;
    for (let offset = channel; offset < patch.length; offset += 3) {
      patch[offset] = mean[channel]! + deviation * pool[position]!;
      position = (position + 1) % NOISE_LENGTH;
    }
  }
  return kept;
}

/**
 * Makes the patch smaller, to smallSide × smallSide areas, and enlarges it again, so that its detail is gone: a network must
 * not tell places by how sharp they are.
 */
export function losePatchDetail(patch: Float32Array, size: number, channels: number, smallSide: number): void {
  if (smallSide >= size) return;
  const shape = { height: size, width: size, channels };
  enlargeBilinear(areaAverages(patch, shape, smallSide), smallSide, shape, patch);
}
