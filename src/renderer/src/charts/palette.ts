/**
 * Which colour and which dash a line has. The colours are design tokens; from the ninth line on they come again, dashed,
 * so lines are never told apart by colour alone.
 */
import type { SeriesStyle } from '../../../shared/study/run-colours.ts';

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

/** As `runSeries` and `otherSeries` say. */
export function seriesStyle({ series, round }: SeriesStyle): LineStyle {
  return { colour: seriesColours[series] ?? seriesColours[0], dash: dashes[round % dashes.length] ?? [] };
}

/** The two sides of every comparison have tokens of their own; these stand beside them in studies and keep away from them in runs. */
const splitColours: Readonly<Record<string, string>> = {
  training: '--series-6',
  validation: '--series-3',
  test: '--series-4',
};

/** The style of a run's line of this split; undefined for what has none. */
export function splitStyle(split: string): LineStyle | undefined {
  const colour = splitColours[split];
  return colour === undefined ? undefined : { colour, dash: [] };
}

export const pretrainedColour = '--pretrained';
export const scratchColour = '--scratch';
