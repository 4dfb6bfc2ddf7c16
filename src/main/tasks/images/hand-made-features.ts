/** Features of images from before neural networks: histograms of oriented gradients, and of colours. */
import type { PixelShape } from '../../data/images/pixel-shape.ts';

export interface GradientHistogramOptions {
  /** Pixels along a side of a cell. */
  readonly cell: number;
  readonly orientations?: number;
}

/** Values of a block are cut at this after the first normalisation, so that a single strong edge does not drown the others. */
const LARGEST_SHARE = 0.2;
const EPSILON = 1e-5;

/**
 * Histograms of oriented gradients (N. Dalal and B. Triggs, CVPR 2005): in each cell the gradients' magnitudes by unsigned
 * orientation, shared between the two nearest bins; blocks of 2 × 2 cells, overlapping by one, are normalised by L2-Hys. Of several
 * channels the one with the largest gradient counts at each pixel. Gradients are centred differences, one-sided at the border.
 * Pixels right and below that fill no cell are left out.
 * @param pixels channels interleaved, of any scale
 * @returns [rows of blocks, columns of blocks, 2 × 2 cells, orientations], flat; empty where an image has fewer than 2 × 2 cells
 */
export function gradientHistograms(
  pixels: ArrayLike<number>,
  { height, width, channels }: PixelShape,
  { cell, orientations = 9 }: GradientHistogramOptions,
): Float32Array {
  const rows = Math.floor(height / cell);
  const columns = Math.floor(width / cell);
  const cells = new Float64Array(rows * columns * orientations);
  const at = (y: number, x: number, channel: number): number => pixels[(y * width + x) * channels + channel] ?? 0;
  for (let y = 0; y < rows * cell; y += 1) {
    const [above, below] = [Math.max(0, y - 1), Math.min(height - 1, y + 1)];
    for (let x = 0; x < columns * cell; x += 1) {
      const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
      let strongest = { magnitude: 0, dx: 0, dy: 0 };
      for (let channel = 0; channel < channels; channel += 1) {
        const dx = at(y, right, channel) - at(y, left, channel);
        const dy = at(below, x, channel) - at(above, x, channel);
        const magnitude = Math.hypot(dx, dy);
        if (magnitude > strongest.magnitude) strongest = { magnitude, dx, dy };
      }
      if (strongest.magnitude === 0) continue;
      const angle = Math.atan2(strongest.dy, strongest.dx) / Math.PI; // −1 … 1, and opposite directions are the same
      const place = (angle < 0 ? angle + 1 : angle) * orientations - 0.5;
      const lower = Math.floor(place);
      const share = place - lower;
      const start = (Math.floor(y / cell) * columns + Math.floor(x / cell)) * orientations;
      cells[start + ((lower + orientations) % orientations)]! += (1 - share) * strongest.magnitude;
      cells[start + ((lower + 1) % orientations)]! += share * strongest.magnitude;
    }
  }
  return normalisedBlocks(cells, rows, columns, orientations);
}

function normalisedBlocks(cells: Float64Array, rows: number, columns: number, orientations: number): Float32Array {
  const [blockRows, blockColumns] = [Math.max(0, rows - 1), Math.max(0, columns - 1)];
  const size = 4 * orientations;
  const result = new Float32Array(blockRows * blockColumns * size);
  for (let row = 0; row < blockRows; row += 1) {
    for (let column = 0; column < blockColumns; column += 1) {
      const block = result.subarray((row * blockColumns + column) * size).subarray(0, size);
      for (const [index, [dy, dx]] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ].entries()) {
        const start = ((row + dy!) * columns + column + dx!) * orientations;
        block.set(cells.subarray(start, start + orientations), index * orientations);
      }
      normalise(block);
      for (const [index, value] of block.entries()) block[index] = Math.min(value, LARGEST_SHARE);
      normalise(block);
    }
  }
  return result;
}

function normalise(block: Float32Array): void {
  const norm = Math.sqrt(block.reduce((sum, value) => sum + value ** 2, EPSILON ** 2));
  for (const [index, value] of block.entries()) block[index] = value / norm;
}

/** Bins along each channel. */
const COLOUR_BINS = 4;
const GREY_BINS = 16;

/**
 * The joint histogram of the colours, four bins to a channel, or of the grey values in sixteen; square roots of shares, so that
 * the Euclidean distance of two histograms is Hellinger's.
 * @param pixels from 0 to 255, channels interleaved
 */
export function colourHistogram(pixels: ArrayLike<number>, { channels }: Pick<PixelShape, 'channels'>): Float32Array {
  const bins = channels === 1 ? GREY_BINS : COLOUR_BINS;
  const counts = new Float32Array(bins ** channels);
  const pixelCount = pixels.length / channels;
  for (let pixel = 0; pixel < pixelCount; pixel += 1) {
    let bin = 0;
    for (let channel = 0; channel < channels; channel += 1) {
      const value = pixels[pixel * channels + channel] ?? 0;
      bin = bin * bins + Math.min(bins - 1, Math.floor((value / 256) * bins));
    }
    counts[bin]! += 1;
  }
  return counts.map((count) => Math.sqrt(count / pixelCount));
}
