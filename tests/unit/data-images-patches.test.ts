import { describe, expect, it } from 'vitest';
import { cutPatch, dropColours, losePatchDetail, projectChroma } from '../../src/main/data/images/patches.ts';
import { enlargeBilinear } from '../../src/main/data/images/resample.ts';
import { randomStream } from '../../src/shared/random.ts';
import { picturePixels } from './data-images-fixtures.ts';

const shape = { height: 12, width: 17, channels: 3 };

describe('patches', () => {
  const pixels = picturePixels(8, 12, 17);

  function patchAt(top: number, left: number, size: number): Float32Array {
    const patch = new Float32Array(size * size * 3);
    cutPatch(pixels, shape, top, left, size, patch);
    return patch;
  }

  it('are cut where they are asked for, and only inside', () => {
    const patch = patchAt(3, 9, 8);
    for (let y = 0; y < 8; y += 1) {
      for (let x = 0; x < 8; x += 1) {
        for (let c = 0; c < 3; c += 1) expect(patch[(y * 8 + x) * 3 + c]).toBe(pixels[((y + 3) * 17 + x + 9) * 3 + c]);
      }
    }
    for (const [top, left] of [
      [-1, 0],
      [0, -1],
      [5, 0],
      [0, 10],
    ] as const) {
      expect(() => patchAt(top, left, 8)).toThrow(RangeError);
    }
  });

  it('lose their green–magenta component by the matrix I − aᵀa / (a aᵀ)', () => {
    const patch = patchAt(0, 0, 8);
    const original = patch.slice();
    projectChroma(patch);
    const a = [-1, 2, -1];
    const aa = a.reduce((sum, value) => sum + value * value, 0);
    for (let offset = 0; offset < patch.length; offset += 3) {
      for (let row = 0; row < 3; row += 1) {
        let expected = 0;
        for (let column = 0; column < 3; column += 1) {
          expected += ((row === column ? 1 : 0) - (a[row]! * a[column]!) / aa) * original[offset + column]!;
        }
        expect(patch[offset + row]).toBeCloseTo(expected, 3);
      }
      expect(-patch[offset]! + 2 * patch[offset + 1]! - patch[offset + 2]!).toBeCloseTo(0, 3);
    }
    const grey = new Float32Array(30).fill(90);
    projectChroma(grey);
    expect(new Set(grey)).toEqual(new Set([90]));
  });

  it('keep one colour, each as often, and have noise of a hundredth in the others', () => {
    const keptCounts = [0, 0, 0];
    const mean = [100, 110, 120];
    const normalised: number[] = [];
    for (let index = 0; index < 600; index += 1) {
      const patch = patchAt(2, 4, 10);
      const original = patch.slice();
      const kept = dropColours(patch, mean, randomStream(3, index));
      keptCounts[kept]! += 1;
      const values = Array.from({ length: 100 }, (_, pixel) => original[pixel * 3 + kept]!);
      const average = values.reduce((sum, value) => sum + value, 0) / 100;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / 100);
      for (let offset = 0; offset < 300; offset += 3) {
        expect(patch[offset + kept]).toBe(original[offset + kept]);
        for (const channel of [0, 1, 2]) {
          if (channel !== kept) normalised.push((patch[offset + channel]! - mean[channel]!) / (0.01 * deviation));
        }
      }
    }
    // Binomial with p = 1/3: standard deviation 11.5.
    for (const count of keptCounts) expect(Math.abs(count - 200)).toBeLessThan(60);
    const average = normalised.reduce((sum, value) => sum + value, 0) / normalised.length;
    const variance = normalised.reduce((sum, value) => sum + (value - average) ** 2, 0) / normalised.length;
    expect(Math.abs(average)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    const again = patchAt(2, 4, 10);
    const once = patchAt(2, 4, 10);
    dropColours(again, mean, randomStream(3, 5));
    dropColours(once, mean, randomStream(3, 5));
    expect(again).toEqual(once);
  });

  it('lose detail by averaging areas and interpolating them', () => {
    const patch = patchAt(1, 1, 10);
    const original = patch.slice();
    losePatchDetail(patch, 10, 3, 5);
    const area = (y: number, x: number, c: number): number => {
      const [cy, cx] = [Math.min(4, Math.max(0, y)), Math.min(4, Math.max(0, x))];
      let sum = 0;
      for (const dy of [0, 1]) for (const dx of [0, 1]) sum += original[((2 * cy + dy) * 10 + 2 * cx + dx) * 3 + c]!;
      return sum / 4;
    };
    for (let y = 0; y < 10; y += 1) {
      for (let x = 0; x < 10; x += 1) {
        const [sy, sx] = [(y + 0.5) / 2 - 0.5, (x + 0.5) / 2 - 0.5];
        for (let c = 0; c < 3; c += 1) {
          let expected = 0;
          for (const py of [Math.floor(sy), Math.floor(sy) + 1]) {
            for (const px of [Math.floor(sx), Math.floor(sx) + 1]) {
              expected += (1 - Math.abs(sy - py)) * (1 - Math.abs(sx - px)) * area(py, px, c);
            }
          }
          expect(patch[(y * 10 + x) * 3 + c]).toBeCloseTo(expected, 3);
        }
      }
    }
    const kept = original.slice();
    losePatchDetail(kept, 10, 3, 10);
    expect(kept).toEqual(original);
  });

  it('are enlarged as PyTorch does with align_corners=False', () => {
    const output = new Float32Array(4);
    enlargeBilinear(Float32Array.from([1, 3, 3, 5]), 2, { height: 1, width: 4, channels: 1 }, output);
    // One row: halfway between both rows; columns at −0.25, 0.25, 0.75 and 1.25.
    expect([...output]).toEqual([2, 2.5, 3.5, 4]);
  });
});
