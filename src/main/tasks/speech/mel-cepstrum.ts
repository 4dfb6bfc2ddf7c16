/**
 * How far speech is from a recording of the same words: the mel-cepstral distance (R. Kubichek 1993) of frames that are brought
 * together by dynamic time warping (H. Sakoe, S. Chiba 1978).
 */

/** Cepstral coefficients that are compared; the first one, loudness, is left out. */
const COEFFICIENTS = 13;
/** A natural logarithm of an energy, in dB. */
export const DECIBELS = 10 / Math.LN10;

/** Coefficients 1 to 13 of the orthonormal cosine transform of log energies [frames, bands]: [frames, 13]. */
export function melCepstra(frames: ArrayLike<number>, bands: number): Float64Array {
  const count = frames.length / bands;
  const kept = Math.min(COEFFICIENTS, bands - 1);
  const result = new Float64Array(count * kept);
  for (let coefficient = 0; coefficient < kept; coefficient += 1) {
    const cosines = Float64Array.from(
      { length: bands },
      (_, band) => Math.sqrt(2 / bands) * Math.cos((Math.PI * (coefficient + 1) * (2 * band + 1)) / (2 * bands)),
    );
    for (let frame = 0; frame < count; frame += 1) {
      let sum = 0;
      for (let band = 0; band < bands; band += 1) sum += cosines[band]! * frames[frame * bands + band]!;
      result[frame * kept + coefficient] = sum;
    }
  }
  return result;
}

/**
 * Mean distance in dB along the path of least distance through both, log energies [frames, bands] each; infinity where one is empty.
 * Of two frames it is the root mean square of what their smoothed log spectra differ by: 10/ln 10 · √(2 Σ Δc²) of cepstra c for
 * which ln |H(ω)| = Σ c cos, which are 1/√(2 · bands) of the orthonormal ones.
 */
export function melCepstralDistance(spoken: ArrayLike<number>, recorded: ArrayLike<number>, bands: number): number {
  const kept = Math.min(COEFFICIENTS, bands - 1);
  const [a, b] = [melCepstra(spoken, bands), melCepstra(recorded, bands)];
  const [rows, columns] = [a.length / kept, b.length / kept];
  if (rows === 0 || columns === 0) return Infinity;
  // Least sums of distances up to each pair of frames, and the pairs on the way there.
  let sums = new Float64Array(columns + 1).fill(Infinity);
  let pairs = new Float64Array(columns + 1);
  sums[0] = 0;
  for (let row = 0; row < rows; row += 1) {
    const nextSums = new Float64Array(columns + 1).fill(Infinity);
    const nextPairs = new Float64Array(columns + 1);
    for (let column = 0; column < columns; column += 1) {
      let squares = 0;
      for (let index = 0; index < kept; index += 1) {
        squares += (a[row * kept + index]! - b[column * kept + index]!) ** 2;
      }
      let [least, count] = [sums[column]!, pairs[column]!];
      if (sums[column + 1]! < least) [least, count] = [sums[column + 1]!, pairs[column + 1]!];
      if (nextSums[column]! < least) [least, count] = [nextSums[column]!, nextPairs[column]!];
      nextSums[column + 1] = least + Math.sqrt(squares);
      nextPairs[column + 1] = count + 1;
    }
    [sums, pairs] = [nextSums, nextPairs];
  }
  return (DECIBELS * sums[columns]!) / (Math.sqrt(bands) * pairs[columns]!);
}
