/** Which colour a run has where several are compared: pretrained and from scratch the same two as in studies, everything else the others. */
import { chartColours } from '../chart-colours.ts';
import { pretrainedSeries, scratchSeries } from './arm-colours.ts';

/** What has to be known of a run. */
export interface ColouredRun {
  readonly id: string;
  readonly task: string;
  readonly taskKind: 'pretext' | 'supervised' | null;
  readonly data: string;
  readonly method: string;
  /** What its backbone starts from; null from scratch. */
  readonly from: string | null;
}

export interface SeriesStyle {
  /** Of the colours of series, from 0. */
  readonly series: number;
  /** How often its colour was given away before: lines of one colour are told apart by their dashes. */
  readonly round: number;
}

/** Colours that are neither pretrained's nor scratch's. */
const others = chartColours.length - 2;

/** The style of the line with this index, from 0, among those that are neither pretrained nor from scratch. */
export function otherSeries(index: number): SeriesStyle {
  return { series: scratchSeries + 1 + (index % others), round: Math.floor(index / others) };
}

export type Side = 'pretrained' | 'scratch';

/**
 * On which side runs are that were trained on one task and data with pretrained weights and without; a run that there is nothing to
 * compare with so has none, nor has one whose weights come from elsewhere than those of the first.
 */
export function sidesOf(runs: readonly ColouredRun[]): ReadonlyMap<string, Side> {
  const sides = new Map<string, Side>();
  const trained = runs.filter(({ taskKind, method }) => taskKind === 'supervised' && method === 'training');
  for (const group of Map.groupBy(trained, ({ task, data }) => JSON.stringify([task, data])).values()) {
    const scratch = group.filter(({ from }) => from === null);
    const main = group.find(({ from }) => from !== null)?.from;
    if (scratch.length === 0 || main === undefined) continue;
    for (const { id } of scratch) sides.set(id, 'scratch');
    for (const { id, from } of group) if (from === main) sides.set(id, 'pretrained');
  }
  return sides;
}

/** The style of each run by its id; a run keeps it as long as those before it stay. */
export function runSeries(runs: readonly ColouredRun[]): ReadonlyMap<string, SeriesStyle> {
  const sides = sidesOf(runs);
  const given = { pretrained: 0, scratch: 0, other: 0 };
  return new Map(
    runs.map(({ id }): [string, SeriesStyle] => {
      const side = sides.get(id);
      if (side === undefined) return [id, otherSeries(given.other++)];
      return [id, { series: side === 'pretrained' ? pretrainedSeries : scratchSeries, round: given[side]++ }];
    }),
  );
}

/** The same for groups of runs: those with runs of one side and none of the other have its colour, and a dash of their own where there are several. */
export function groupSeries(
  runs: readonly ColouredRun[],
  groups: readonly (readonly string[])[],
): readonly SeriesStyle[] {
  const sides = sidesOf(runs);
  const given = { pretrained: 0, scratch: 0, other: 0 };
  return groups.map((ids) => {
    const [side, ...more] = new Set(ids.flatMap((id) => sides.get(id) ?? []));
    if (side === undefined || more.length > 0) return otherSeries(given.other++);
    return { series: side === 'pretrained' ? pretrainedSeries : scratchSeries, round: given[side]++ };
  });
}
