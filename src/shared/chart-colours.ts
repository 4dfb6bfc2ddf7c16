/**
 * Colours of lines in charts, the same in the windows and in files that stand alone: the first two are those of pretrained and scratch.
 * The windows have them as design tokens, which a test compares with these.
 */

/** In the order in which lines take them, on light ground and on dark. */
export const chartColours: readonly (readonly [light: string, dark: string])[] = [
  ['#1d5fc4', '#5fa7f5'],
  ['#c06400', '#ff931e'],
  ['#028366', '#27d5a0'],
  ['#d0328f', '#ffa7e1'],
  ['#886d2d', '#f0dd6c'],
  ['#3b1f78', '#7c7bff'],
  ['#6b1c1c', '#ffffff'],
  ['#5c6781', '#8f8f9e'],
];

/** Rules of a page of its own, after which `seriesColour` stands for a colour that fits its theme. */
export function seriesRules(): string {
  const rules = (dark: 0 | 1): string =>
    `:root { ${chartColours.map((pair, index) => `--series-${index + 1}: ${pair[dark]};`).join(' ')} }`;
  return `${rules(0)}\n@media (prefers-color-scheme: dark) {\n  ${rules(1)}\n}`;
}

/** Of the line with this index, from 0. */
export function seriesColour(index: number): string {
  return `var(--series-${(index % chartColours.length) + 1})`;
}
