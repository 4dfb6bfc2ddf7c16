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
  // Rows first: that pass reads the pixels in order, and the second one has little left to do.
  const line = new Float64Array(width * channels);
  const result = new Float32Array(side * side * channels);
  for (let y = 0; y < side; y += 1) {
    line.fill(0);
    const rowWeights = rows.weights[y]!;
    for (let k = 0; k < rowWeights.length; k += 1) {
      const weight = rowWeights[k]!;
      const offset = (rows.start[y]! + k) * width * channels;
      for (let index = 0; index < line.length; index += 1) line[index]! += weight * pixels[offset + index]!;
    }
    for (let x = 0; x < side; x += 1) {
      const columnWeights = columns.weights[x]!;
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        let offset = columns.start[x]! * channels + channel;
        for (let k = 0; k < columnWeights.length; k += 1) {
          sum += columnWeights[k]! * line[offset]!;
          offset += channels;
        }
        result[(y * side + x) * channels + channel] = sum;
      }
    }
  }
  return result;
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
