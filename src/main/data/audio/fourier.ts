/** The discrete Fourier transform of a power of two of complex numbers (J. W. Cooley, J. W. Tukey, 1965), and Hann's window. */

/** Twiddle factors e^(−2πi·k/size) for k < size/2, computed once for each size. */
const twiddles = new Map<number, { readonly cosines: Float64Array; readonly sines: Float64Array }>();

function twiddlesOf(size: number): { readonly cosines: Float64Array; readonly sines: Float64Array } {
  const known = twiddles.get(size);
  if (known) return known;
  const angle = (index: number): number => (-2 * Math.PI * index) / size;
  const computed = {
    cosines: Float64Array.from({ length: size / 2 }, (_, index) => Math.cos(angle(index))),
    sines: Float64Array.from({ length: size / 2 }, (_, index) => Math.sin(angle(index))),
  };
  twiddles.set(size, computed);
  return computed;
}

/** In place. The inverse, times the size, is the same with real and imaginary parts exchanged. */
export function transformInPlace(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let index = 1, reversed = 0; index < size; index += 1) {
    let bit = size >> 1;
    for (; (reversed & bit) !== 0; bit >>= 1) reversed ^= bit;
    reversed |= bit;
    if (index < reversed) {
      [real[index], real[reversed]] = [real[reversed]!, real[index]!];
      [imaginary[index], imaginary[reversed]] = [imaginary[reversed]!, imaginary[index]!];
    }
  }
  const { cosines, sines } = twiddlesOf(size);
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let offset = 0; offset < half; offset += 1) {
      const [cosine, sine] = [cosines[offset * stride]!, sines[offset * stride]!];
      for (let even = offset; even < size; even += 2 * half) {
        const odd = even + half;
        const turnedReal = cosine * real[odd]! - sine * imaginary[odd]!;
        const turnedImaginary = cosine * imaginary[odd]! + sine * real[odd]!;
        real[odd] = real[even]! - turnedReal;
        imaginary[odd] = imaginary[even]! - turnedImaginary;
        real[even]! += turnedReal;
        imaginary[even]! += turnedImaginary;
      }
    }
  }
}

/** Periodic: windows that overlap by half add up to 1. */
export function hannWindow(length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / length));
}
