/** The mel-cepstral distance against its definition, and against every path of a small warping. */
import { describe, expect, it } from 'vitest';
import { melCepstra, melCepstralDistance } from '../../../../src/main/tasks/speech/mel-cepstrum.ts';
import { randomStream } from '../../../../src/shared/random.ts';

const bands = 20;
const random = randomStream(3);
const drawn = (frames: number): Float64Array =>
  Float64Array.from({ length: frames * bands }, () => 2 * random.normal());

describe('the mel-cepstral distance', () => {
  it('is 0 to the same speech, however much slower', () => {
    const speech = drawn(5);
    const slower = Float64Array.from({ length: 10 * bands }, (_, place) => {
      return speech[Math.floor(place / bands / 2) * bands + (place % bands)]!;
    });
    expect(melCepstralDistance(speech, speech, bands)).toBe(0);
    expect(melCepstralDistance(speech, slower, bands)).toBeCloseTo(0, 10);
  });

  it('does not hear loudness', () => {
    const speech = drawn(4);
    expect(
      melCepstralDistance(
        speech,
        speech.map((value) => value + 3),
        bands,
      ),
    ).toBeCloseTo(0, 10);
  });

  it('is in dB what a cosine over the bands adds: 1 nat of amplitude is 6.14 dB of root mean square', () => {
    const speech = drawn(3);
    const shape = (place: number): number => Math.cos((Math.PI * 2 * (2 * (place % bands) + 1)) / (2 * bands));
    const other = speech.map((value, place) => value + 2 * shape(place));
    // An energy changes by e^(2·cos): 20/ln 10 · cos in dB, whose root mean square is that over √2.
    expect(melCepstralDistance(speech, other, bands)).toBeCloseTo(20 / Math.LN10 / Math.SQRT2, 8);
  });

  it('follows the path of the least sum, of all that there are', () => {
    const [a, b] = [drawn(4), drawn(5)];
    const [first, second] = [melCepstra(a, bands), melCepstra(b, bands)];
    const distance = (row: number, column: number): number =>
      Math.sqrt(
        Array.from({ length: 13 }, (_, index) => (first[row * 13 + index]! - second[column * 13 + index]!) ** 2).reduce(
          (sum, square) => sum + square,
        ),
      );
    let best = { sum: Infinity, pairs: 0 };
    const walk = (row: number, column: number, sum: number, pairs: number): void => {
      if (row > 3 || column > 4) return;
      const whole = sum + distance(row, column);
      if (row === 3 && column === 4) {
        if (whole < best.sum) best = { sum: whole, pairs: pairs + 1 };
        return;
      }
      walk(row + 1, column, whole, pairs + 1);
      walk(row, column + 1, whole, pairs + 1);
      walk(row + 1, column + 1, whole, pairs + 1);
    };
    walk(0, 0, 0, 0);
    const expected = ((10 / Math.LN10) * best.sum) / (Math.sqrt(bands) * best.pairs);
    expect(melCepstralDistance(a, b, bands)).toBeCloseTo(expected, 8);
  });

  it('to nothing is infinite', () => {
    expect(melCepstralDistance(drawn(2), new Float64Array(0), bands)).toBe(Infinity);
  });
});
