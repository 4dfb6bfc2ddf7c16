// The colours of the interface keep the contrast that WCAG 2.2 asks for (success criteria 1.4.3 and 1.4.11), in both
// themes and on every surface they are used on.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const tokensFile = path.resolve(import.meta.dirname, '../../../src/renderer/src/app/tokens.css');

type Colour = readonly [number, number, number];

function parseColour(text: string): Colour {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(text);
  if (match === null) throw new Error(`not a six-digit colour: ${text}`);
  return [parseInt(match[1]!, 16), parseInt(match[2]!, 16), parseInt(match[3]!, 16)];
}

function readColours(): ReadonlyMap<string, { light: Colour; dark: Colour }> {
  const tokens = readFileSync(tokensFile, 'utf8').matchAll(/--([\w-]+): light-dark\((\S+), (\S+)\);/g);
  return new Map(
    [...tokens].map(([, name, light, dark]) => [name!, { light: parseColour(light!), dark: parseColour(dark!) }]),
  );
}

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function relativeLuminance(colour: Colour): number {
  const [red, green, blue] = colour.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(first: Colour, second: Colour): number {
  const [low, high] = [relativeLuminance(first), relativeLuminance(second)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const surfaces = ['surface-ground', 'surface-raised', 'surface-sunken', 'surface-hover'];
const texts = ['text-primary', 'text-secondary', 'text-accent', 'text-danger', 'text-success', 'text-warning'];

const pairs = [
  ...surfaces.flatMap((surface) => texts.map((text) => [text, surface, 4.5] as const)),
  ...surfaces.flatMap((surface) => ['line-control', 'action', 'focus-ring'].map((line) => [line, surface, 3] as const)),
  ['text-primary', 'surface-accent', 4.5],
  ['text-accent', 'surface-accent', 4.5],
  ['text-danger', 'surface-danger', 4.5],
  ['text-warning', 'surface-warning', 4.5],
  ['text-success', 'surface-success', 4.5],
  ['text-primary', 'surface-danger', 4.5],
  ['text-primary', 'surface-warning', 4.5],
  ['text-primary', 'surface-success', 4.5],
  ['text-on-action', 'action', 4.5],
  ['text-on-action', 'action-hover', 4.5],
] as const;

describe('contrast', () => {
  const colours = readColours();

  it('measures the published extremes', () => {
    expect(contrast(parseColour('#000000'), parseColour('#ffffff'))).toBeCloseTo(21, 10);
    expect(contrast(parseColour('#777777'), parseColour('#ffffff'))).toBeCloseTo(4.48, 2); // just fails 4.5
  });

  it.each(pairs)('%s on %s is at least %s', (front, back, least) => {
    const [one, other] = [colours.get(front), colours.get(back)];
    if (one === undefined || other === undefined) throw new Error(`no such token: ${front} or ${back}`);
    expect(contrast(one.light, other.light), 'light').toBeGreaterThanOrEqual(least);
    expect(contrast(one.dark, other.dark), 'dark').toBeGreaterThanOrEqual(least);
  });

  it('knows every text colour', () => {
    const named = [...colours.keys()].filter((name) => name.startsWith('text-') && name !== 'text-on-action');
    expect(named.toSorted()).toEqual(texts.toSorted());
  });
});
