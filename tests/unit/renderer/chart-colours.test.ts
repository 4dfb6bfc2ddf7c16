// The colours of lines can be told apart with any colour vision, stand out from what they are drawn on, and are the same in files.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { chartColours } from '../../../src/shared/chart-colours.ts';
import { lineStyle, seriesColours } from '../../../src/renderer/src/charts/palette.ts';

type Triple = readonly [number, number, number];

const tokens = readFileSync(path.resolve(import.meta.dirname, '../../../src/renderer/src/app/tokens.css'), 'utf8');

function tokenColour(name: string, theme: 'light' | 'dark'): Triple {
  const match = new RegExp(`${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(tokens);
  if (match === null) throw new Error(`no such token: ${name}`);
  const hex = theme === 'light' ? match[1]! : match[2]!;
  return [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255)) as unknown as Triple;
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for Simulation of Color Vision
 * Deficiency", 2009: the matrices of severity 1. */
const vision: Readonly<Record<string, readonly Triple[]>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seen(colour: Triple, matrix: readonly Triple[]): Triple {
  return matrix.map((row) => {
    const value = row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2];
    return Math.min(1, Math.max(0, value));
  }) as unknown as Triple;
}

/** CIE L*a*b* of linear sRGB, white point D65. */
function lab([red, green, blue]: Triple): Triple {
  const f = (t: number): number => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
  const x = f((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047);
  const y = f(0.2126 * red + 0.7152 * green + 0.0722 * blue);
  const z = f((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function luminance([red, green, blue]: Triple): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe.each(['light', 'dark'] as const)('colours of lines, %s', (theme) => {
  it.each(Object.keys(vision))('differ with %s', (kind) => {
    const colours = seriesColours.map((name) => lab(seen(tokenColour(name, theme), vision[kind]!)));
    for (const [index, one] of colours.entries()) {
      for (const other of colours.slice(index + 1)) {
        // 2.3 is a just noticeable difference; thin lines need several times that.
        expect(Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2])).toBeGreaterThan(12);
      }
    }
  });

  it.each(['--surface-raised', '--surface-ground'])('stand out from %s', (surface) => {
    const back = luminance(tokenColour(surface, theme));
    for (const name of seriesColours) {
      const [low, high] = [luminance(tokenColour(name, theme)), back].sort((a, b) => a - b);
      expect((high! + 0.05) / (low! + 0.05), name).toBeGreaterThanOrEqual(3); // WCAG 2.2, 1.4.11
    }
  });
});

it('are those of charts in files that stand alone', () => {
  for (const [index, [light, dark]] of chartColours.entries()) {
    expect(tokens).toContain(`${seriesColours[index]!}: light-dark(${light}, ${dark});`);
  }
  expect(chartColours).toHaveLength(seriesColours.length);
  expect(tokens).toMatch(/--pretrained: var\(--series-1\);\s+--scratch: var\(--series-2\);/u);
});

it('dashes lines whose colour was used before', () => {
  const styles = Array.from({ length: 32 }, (_, index) => lineStyle(index));
  expect(new Set(styles.map((style) => JSON.stringify(style))).size).toBe(32);
  expect(styles.slice(0, 8).every(({ dash }) => dash.length === 0)).toBe(true);
});
