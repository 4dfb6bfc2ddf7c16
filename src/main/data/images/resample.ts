/** Making pictures smaller by averaging areas, and larger by bilinear interpolation; channels interleaved. */
import type { PixelShape } from './pixel-shape.ts';

/** For each of `target` equal parts of a line of `source` pixels: the pixels it touches, and how much of each. */
interface AreaWeights {
  readonly start: Int32Array;
  readonly weights: readonly Float64Array[];
}

const areaWeightCache = new Map<number, AreaWeights>();

function areaWeights(source: number, target: number): AreaWeights {
  const key = source * 65536 + target;
  const cached = areaWeightCache.get(key);
  if (cached !== undefined) return cached;
  const scale = source / target;
  const start = new Int32Array(target);
  const weights: Float64Array[] = [];
  for (let part = 0; part < target; part += 1) {
    const from = part * scale;
    const to = (part + 1) * scale;
    const first = Math.floor(from);
    // The end may miss a whole number by a rounding error, and must not pull in the next pixel.
    const last = Math.min(source, Math.ceil(to - 1e-9));
    start[part] = first;
    weights.push(
      Float64Array.from({ length: last - first }, (_, index) => {
        const pixel = first + index;
        return (Math.min(to, pixel + 1) - Math.max(from, pixel)) / scale;
      }),
    );
  }
  const result = { start, weights };
  areaWeightCache.set(key, result);
  return result;
}

/** The averages of side × side equal areas of the picture (side × side × channels), on the pixels' scale. */
export function areaAverages(pixels: Uint8Array | Float32Array, shape: PixelShape, side: number): Float32Array {
  const { height, width, channels } = shape;
  const rows = areaWeights(height, side);
  const columns = areaWeights(width, side);
  const result = new Float32Array(side * side * channels);
  for (let y = 0; y < side; y += 1) {
    const rowWeights = rows.weights[y]!;
    for (let k = 0; k < rowWeights.length; k += 1) {
      const line = (rows.start[y]! + k) * width * channels;
      const target = y * side * channels;
      addLine(pixels, line, channels, columns, rowWeights[k]!, result, target);
    }
  }
  return result;
}

/** Adds one line of pixels, its parts averaged, times `weight` to one line of the result: the loop that reads every pixel. */
function addLine(
  pixels: Uint8Array | Float32Array,
  line: number,
  channels: number,
  columns: AreaWeights,
  weight: number,
  result: Float32Array,
  target: number,
): void {
  const { start, weights } = columns;
  for (let x = 0; x < start.length; x += 1) {
    const partWeights = weights[x]!;
    for (let channel = 0; channel < channels; channel += 1) {
      let offset = line + start[x]! * channels + channel;
      let sum = 0;
      for (let k = 0; k < partWeights.length; k += 1) {
        sum += partWeights[k]! * pixels[offset]!;
        offset += channels;
      }
      result[target + x * channels + channel]! += weight * sum;
    }
  }
}

/**
 * Enlarges a square picture to height × width, bilinear with pixel centres at halves (as PyTorch's `align_corners=False`);
 * the border's pixels are continued outwards.
 */
export function enlargeBilinear(small: Float32Array, side: number, shape: PixelShape, output: Float32Array): void {
  const { height, width, channels } = shape;
  for (let y = 0; y < height; y += 1) {
    const sourceY = Math.min(side - 1, Math.max(0, ((y + 0.5) * side) / height - 0.5));
    const y0 = Math.floor(sourceY);
    const y1 = Math.min(side - 1, y0 + 1);
    const weightY = sourceY - y0;
    for (let x = 0; x < width; x += 1) {
      const sourceX = Math.min(side - 1, Math.max(0, ((x + 0.5) * side) / width - 0.5));
      const x0 = Math.floor(sourceX);
      const x1 = Math.min(side - 1, x0 + 1);
      const weightX = sourceX - x0;
      for (let channel = 0; channel < channels; channel += 1) {
        const topLeft = small[(y0 * side + x0) * channels + channel]!;
        const topRight = small[(y0 * side + x1) * channels + channel]!;
        const bottomLeft = small[(y1 * side + x0) * channels + channel]!;
        const bottomRight = small[(y1 * side + x1) * channels + channel]!;
        const upper = topLeft + (topRight - topLeft) * weightX;
        const lower = bottomLeft + (bottomRight - bottomLeft) * weightX;
        output[(y * width + x) * channels + channel] = upper + (lower - upper) * weightY;
      }
    }
  }
}

/** A part of a picture with sides in fractions of pixels, from its upper left corner. */
export interface Region {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** For each target pixel of a line: the two source pixels it lies between, and the share of the second one. */
function betweenPixels(length: number, start: number, extent: number) {
  const first = new Int32Array(length);
  const second = new Int32Array(length);
  const share = new Float64Array(length);
  for (let index = 0; index < length; index += 1) {
    const place = Math.min(length - 1, Math.max(0, start + ((index + 0.5) * extent) / length - 0.5));
    first[index] = Math.floor(place);
    second[index] = Math.min(length - 1, Math.floor(place) + 1);
    share[index] = place - Math.floor(place);
  }
  return { first, second, share };
}

/**
 * Enlarges a region of a picture to the picture's own size, bilinear with pixel centres at halves. Pixels beside the region
 * take part where its border cuts them; the picture's border is continued outwards. Rounded to bytes.
 */
export function enlargeRegion(source: Uint8Array, shape: PixelShape, region: Region, output: Uint8Array): void {
  const { height, width, channels } = shape;
  const rows = betweenPixels(height, region.top, region.height);
  const columns = betweenPixels(width, region.left, region.width);
  let target = 0;
  for (let y = 0; y < height; y += 1) {
    const upper = rows.first[y]! * width * channels;
    const lower = rows.second[y]! * width * channels;
    const down = rows.share[y]!;
    for (let x = 0; x < width; x += 1) {
      const left = columns.first[x]! * channels;
      const right = columns.second[x]! * channels;
      const across = columns.share[x]!;
      for (let channel = 0; channel < channels; channel += 1) {
        const above = source[upper + left + channel]! * (1 - across) + source[upper + right + channel]! * across;
        const below = source[lower + left + channel]! * (1 - across) + source[lower + right + channel]! * across;
        output[target] = Math.floor(above * (1 - down) + below * down + 0.5);
        target += 1;
      }
    }
  }
}
