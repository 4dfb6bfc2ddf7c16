/**
 * Which colour and which dash a line has. The colours are design tokens; from the ninth line on they come again, dashed,
 * so lines are never told apart by colour alone.
 */
export const seriesColours = [
  '--series-1',
  '--series-2',
  '--series-3',
  '--series-4',
  '--series-5',
  '--series-6',
  '--series-7',
  '--series-8',
] as const;

const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export interface LineStyle {
  /** The token. */
  readonly colour: string;
  /** Lengths of dashes and gaps, in pixels; empty for a solid line. */
  readonly dash: readonly number[];
}

/** The style of the line with this index, from 0. */
export function lineStyle(index: number): LineStyle {
  const round = Math.floor(index / seriesColours.length);
  return {
    colour: seriesColours[index % seriesColours.length] ?? seriesColours[0],
    dash: dashes[round % dashes.length] ?? [],
  };
}
