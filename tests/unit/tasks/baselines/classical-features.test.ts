// Features of classical methods: character n-grams and joined matrices, gradient and colour histograms, statistics of bands.
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/shared/random.ts';
import { bandStatistics } from '../../../../src/main/tasks/audio/classical-recordings.ts';
import {
  characterGrams,
  fitVocabulary,
  vectoriseWords,
  wordsAndPairs,
} from '../../../../src/main/tasks/baselines/bag-of-words.ts';
import type { SparseFeatures } from '../../../../src/main/tasks/baselines/features.ts';
import { besideEachOther } from '../../../../src/main/tasks/baselines/features.ts';
import { sparseFeatures } from '../../../sparse-features.ts';
import { colourHistogram, gradientHistograms } from '../../../../src/main/tasks/images/hand-made-features.ts';

function dense({ rows, columns, rowOffsets, columnIndices, values }: SparseFeatures): number[][] {
  return Array.from({ length: rows }, (_, row) => {
    const line = Array<number>(columns).fill(0);
    for (let entry = rowOffsets[row]!; entry < rowOffsets[row + 1]!; entry += 1) {
      line[columnIndices[entry]!] = values[entry]!;
    }
    return line;
  });
}

describe('terms of texts', () => {
  it('are runs of 2 to 5 characters, edges of the text included', () => {
    expect(characterGrams('Ab  c')).toEqual([
      ' a',
      ' ab',
      ' ab ',
      ' ab c',
      'ab',
      'ab ',
      'ab c',
      'ab c ',
      'b ',
      'b c',
      'b c ',
      ' c',
      ' c ',
      'c ',
    ]);
    const slow = (text: string): string[] => {
      const characters = Array.from(` ${text} `);
      return characters.flatMap((_, start) =>
        [2, 3, 4, 5].flatMap((length) =>
          start + length <= characters.length ? [characters.slice(start, start + length).join('')] : [],
        ),
      );
    };
    expect(characterGrams('acgtacgt')).toEqual(slow('acgtacgt'));
  });

  it('are words and pairs of neighbours', () => {
    expect(wordsAndPairs('The cat, the dog')).toEqual(['the', 'cat', 'the', 'dog', 'the cat', 'cat the', 'the dog']);
  });

  it('are weighted sublinearly, as scikit-learn does with sublinear_tf', () => {
    const texts = ['a b b b', 'a c'].map((text) => text.replaceAll(/\w/g, (letter) => letter.repeat(3)));
    const vocabulary = fitVocabulary(texts, { minimumDocuments: 1 });
    const [first] = dense(vectoriseWords(vocabulary, texts, 'sublinear-tf-idf'));
    const rare = Math.log(3 / 2) + 1;
    const weights = [1, (1 + Math.log(3)) * rare, 0];
    const norm = Math.hypot(...weights);
    for (const [column, weight] of weights.entries()) expect(first![column]).toBeCloseTo(weight / norm, 6);
  });

  it('stand beside each other', () => {
    const first = sparseFeatures([[[1, 2]], []], 2);
    const second = sparseFeatures(
      [
        [
          [0, 3],
          [2, 4],
        ],
        [[1, 5]],
      ],
      3,
    );
    expect(dense(besideEachOther(first, second))).toEqual([
      [0, 2, 3, 0, 4],
      [0, 0, 0, 5, 0],
    ]);
    expect(() => besideEachOther(first, sparseFeatures([[]], 1))).toThrow(RangeError);
  });
});

describe('histograms of oriented gradients', () => {
  /** As the paper writes it, pixel by pixel, for one channel. */
  function slow(pixels: readonly number[], side: number, cell: number): number[] {
    const at = (y: number, x: number) =>
      pixels[Math.min(side - 1, Math.max(0, y)) * side + Math.min(side - 1, Math.max(0, x))]!;
    const cells = side / cell;
    const bins = 9;
    const histogram = (row: number, column: number): number[] => {
      const counts = Array<number>(bins).fill(0);
      for (let y = row * cell; y < (row + 1) * cell; y += 1) {
        for (let x = column * cell; x < (column + 1) * cell; x += 1) {
          const [dx, dy] = [at(y, x + 1) - at(y, x - 1), at(y + 1, x) - at(y - 1, x)];
          const degrees = ((Math.atan2(dy, dx) * 180) / Math.PI + 360) % 180;
          for (let bin = 0; bin < bins; bin += 1) {
            const centre = (bin + 0.5) * (180 / bins);
            const distance = Math.min(Math.abs(degrees - centre), 180 - Math.abs(degrees - centre));
            counts[bin]! += Math.hypot(dx, dy) * Math.max(0, 1 - distance / (180 / bins));
          }
        }
      }
      return counts;
    };
    const normalise = (block: number[]) => {
      const norm = Math.sqrt(block.reduce((sum, value) => sum + value * value, 1e-10));
      return block.map((value) => value / norm);
    };
    const result: number[] = [];
    for (let row = 0; row + 1 < cells; row += 1) {
      for (let column = 0; column + 1 < cells; column += 1) {
        const block = [
          histogram(row, column),
          histogram(row, column + 1),
          histogram(row + 1, column),
          histogram(row + 1, column + 1),
        ];
        result.push(...normalise(normalise(block.flat()).map((value) => Math.min(0.2, value))));
      }
    }
    return result;
  }

  it('are those of the definition', () => {
    const stream = randomStream(3, 2);
    const pixels = Array.from({ length: 16 * 16 }, () => stream.integer(256));
    const found = gradientHistograms(pixels, { height: 16, width: 16, channels: 1 }, { cell: 4 });
    const expected = slow(pixels, 16, 4);
    expect(found).toHaveLength(3 * 3 * 4 * 9);
    for (const [index, value] of found.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
  });

  it('have a single orientation at an edge, and take the strongest channel', () => {
    const edge = Array.from({ length: 64 }, (_, pixel) => [pixel % 8 < 4 ? 0 : 200, 0, 0]).flat();
    const found = gradientHistograms(edge, { height: 8, width: 8, channels: 3 }, { cell: 4 });
    const byOrientation = Array.from({ length: 9 }, (_, bin) => found[bin]!);
    // A vertical edge has gradients of 0°, between the bins around 10° and 170°.
    expect(byOrientation[0]).toBeCloseTo(byOrientation[8]!, 6);
    expect(byOrientation[0]).toBeGreaterThan(0.1);
    expect(Math.max(...byOrientation.slice(1, 8))).toBe(0);
  });

  it('are all 0 for an even picture, and none for one without two cells', () => {
    expect(
      Math.max(...gradientHistograms(new Uint8Array(64).fill(9), { height: 8, width: 8, channels: 1 }, { cell: 4 })),
    ).toBe(0);
    expect(gradientHistograms(new Uint8Array(36), { height: 6, width: 6, channels: 1 }, { cell: 4 })).toHaveLength(0);
  });
});

describe('colour histograms', () => {
  it('count colours jointly, and grey values alone', () => {
    const red = [255, 0, 0];
    const found = colourHistogram([...red, ...red, ...red, 0, 0, 255], { channels: 3 });
    expect(found).toHaveLength(64);
    expect(found[3 * 16]).toBeCloseTo(Math.sqrt(0.75), 6);
    expect(found[3]).toBeCloseTo(Math.sqrt(0.25), 6);
    expect(colourHistogram([0, 255, 255, 255], { channels: 1 })[15]).toBeCloseTo(Math.sqrt(0.75), 6);
  });
});

describe('statistics of bands', () => {
  it('are the mean and the deviation of each band in each part', () => {
    const frames = Float32Array.from([1, 10, 3, 10, 5, 20, 5, 40]); // 4 frames of 2 bands
    expect([...bandStatistics(frames, 2, 1)]).toEqual([
      3.5,
      Math.fround(Math.sqrt(2.75)),
      20,
      Math.fround(Math.sqrt(150)),
    ]);
    expect([...bandStatistics(frames, 2, 2)]).toEqual([2, 1, 10, 0, 5, 0, 30, 10]);
    expect([...bandStatistics(frames.subarray(0, 2), 2, 2)]).toEqual([1, 0, 10, 0, 1, 0, 10, 0]);
  });
});
