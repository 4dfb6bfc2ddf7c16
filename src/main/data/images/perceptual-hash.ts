/**
 * Two measures of how alike two pictures look: a 64-bit hash that finds candidates quickly, and a difference of small
 * pictures that confirms them. The hash alone is not enough: drawings, digits and flat pictures have few distinct hashes,
 * and a group formed by chance would tie unrelated images to one side of a split.
 */
export interface PixelShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

const GREY_SIDE = 32;
const FREQUENCIES = 8;
const THUMBNAIL_SIDE = 16;

/** Coefficients smaller than this are rounding noise of the sums: a flat picture's hash is 0. */
const NOISE = 0.01;

/** The first rows of the orthonormal DCT-II matrix: DCT_ROWS[u × 32 + x]. */
const DCT_ROWS = Float64Array.from({ length: FREQUENCIES * GREY_SIDE }, (_, index) => {
  const u = Math.floor(index / GREY_SIDE);
  const x = index % GREY_SIDE;
  const scale = Math.sqrt((u === 0 ? 1 : 2) / GREY_SIDE);
  return scale * Math.cos(((2 * x + 1) * u * Math.PI) / (2 * GREY_SIDE));
});

/** For each of `target` equal parts of a line of `source` pixels: the pixels it touches, and how much of each. */
interface AreaWeights {
  readonly start: Int32Array;
  readonly weights: readonly Float64Array[];
}

const areaWeightCache = new Map<string, AreaWeights>();

function areaWeights(source: number, target: number): AreaWeights {
  const key = `${source}/${target}`;
  const cached = areaWeightCache.get(key);
  if (cached !== undefined) return cached;
  const scale = source / target;
  const start = new Int32Array(target);
  const weights: Float64Array[] = [];
  for (let part = 0; part < target; part += 1) {
    const from = part * scale;
    const to = (part + 1) * scale;
    const first = Math.floor(from);
    const last = Math.min(source, Math.ceil(to - 1e-9));
    start[part] = first;
    weights.push(
      Float64Array.from({ length: Math.max(1, last - first) }, (_, index) => {
        const pixel = first + index;
        return (Math.min(to, pixel + 1) - Math.max(from, pixel)) / scale;
      }),
    );
  }
  const result = { start, weights };
  areaWeightCache.set(key, result);
  return result;
}

/**
 * The picture as side × side × channels averages of equal areas, on the pixels' scale; an area smaller than a pixel takes
 * that pixel's value.
 */
export function areaAverages(pixels: Uint8Array, shape: PixelShape, side: number): Float32Array {
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
        for (const weight of columnWeights) {
          sum += weight * line[offset]!;
          offset += channels;
        }
        result[(y * side + x) * channels + channel] = sum;
      }
    }
  }
  return result;
}

/** Brightness as the eye weighs it (ITU-R BT.601), from interleaved channels. */
function toGrey(values: Float32Array, channels: number): Float32Array {
  if (channels === 1) return values;
  const grey = new Float32Array(values.length / channels);
  for (let index = 0; index < grey.length; index += 1) {
    const offset = index * channels;
    grey[index] = 0.299 * values[offset]! + 0.587 * values[offset + 1]! + 0.114 * values[offset + 2]!;
  }
  return grey;
}

function medianOf(values: Float64Array): number {
  const sorted = values.toSorted();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The perceptual hash of C. Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010: the 8 × 8
 * lowest frequencies of the discrete cosine transform of the picture as 32 × 32 grey areas; a bit says whether a
 * coefficient is above their median (taken without the first one, the mean brightness, whose bit is always 0 here).
 * Writes two 32-bit words: bit i of word w is coefficient 32 w + i, row-major, the vertical frequency first.
 */
export function perceptualHash(pixels: Uint8Array, shape: PixelShape, output: Uint32Array, offset = 0): void {
  const grey = toGrey(areaAverages(pixels, shape, GREY_SIDE), shape.channels);
  const half = new Float64Array(FREQUENCIES * GREY_SIDE); // [vertical frequency, x]
  for (let v = 0; v < FREQUENCIES; v += 1) {
    for (let y = 0; y < GREY_SIDE; y += 1) {
      const weight = DCT_ROWS[v * GREY_SIDE + y]!;
      for (let x = 0; x < GREY_SIDE; x += 1) half[v * GREY_SIDE + x]! += weight * grey[y * GREY_SIDE + x]!;
    }
  }
  const coefficients = new Float64Array(FREQUENCIES * FREQUENCIES);
  for (let v = 0; v < FREQUENCIES; v += 1) {
    for (let u = 0; u < FREQUENCIES; u += 1) {
      let sum = 0;
      for (let x = 0; x < GREY_SIDE; x += 1) sum += DCT_ROWS[u * GREY_SIDE + x]! * half[v * GREY_SIDE + x]!;
      coefficients[v * FREQUENCIES + u] = Math.abs(sum) < NOISE ? 0 : sum;
    }
  }
  const median = medianOf(coefficients.subarray(1));
  output[offset] = 0;
  output[offset + 1] = 0;
  for (let index = 1; index < coefficients.length; index += 1) {
    if (coefficients[index]! > median) output[offset + (index >> 5)]! |= 1 << (index & 31);
  }
}

/** How many bits are set in a 32-bit word. */
export function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** A 16 × 16 picture, in as many channels as the pixels have, for `relativeDifference`. */
export function thumbnail(pixels: Uint8Array, shape: PixelShape): Float32Array {
  return areaAverages(pixels, shape, THUMBNAIL_SIDE);
}

/** Grey levels (standard deviation) that two copies of a flat picture may differ by, as noise of their encoding. */
const NOISE_LEVELS = 3;

/**
 * The mean squared difference of two thumbnails relative to how much the pictures themselves vary: 0 for equal ones, about
 * 2 for unrelated ones. Re-encoding and resizing stay below 0.02.
 */
export function relativeDifference(first: Float32Array, second: Float32Array, channels: number): number {
  const count = first.length / channels;
  let difference = 0;
  let variance = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    let sumFirst = 0;
    let sumSecond = 0;
    let squares = 0;
    for (let index = channel; index < first.length; index += channels) {
      const a = first[index]!;
      const b = second[index]!;
      sumFirst += a;
      sumSecond += b;
      squares += a * a + b * b;
      difference += (a - b) * (a - b);
    }
    variance += (squares - (sumFirst * sumFirst + sumSecond * sumSecond) / count) / 2;
  }
  return difference / (variance + first.length * NOISE_LEVELS * NOISE_LEVELS);
}
