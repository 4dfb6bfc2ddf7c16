/**
 * A small random forest (L. Breiman, "Random forests", 2001) over points in the unit cube, whose trees are told as boxes: what an
 * analysis of variance needs of them.
 */
import type { RandomStream } from '../random.ts';
import { randomStream } from '../random.ts';
import { mean } from '../stats.ts';

/** Coordinates from 0 to 1. */
export type Point = readonly number[];

/** Part of the unit cube in which a tree says one value. */
export interface Box {
  readonly low: Point;
  readonly high: Point;
  readonly value: number;
}

interface Tree {
  /** Together they are the cube. */
  readonly boxes: readonly Box[];
  /** Numbers of the points that it was not grown on. */
  readonly unseen: readonly number[];
}

const trees = 48;
const fewestInBox = 2;
const forestSeed = 1;

/** Always the same one for the same points. */
export function growForest(points: readonly Point[], values: readonly number[]): readonly Tree[] {
  return Array.from({ length: trees }, (_, number) => {
    const random = randomStream(forestSeed, number);
    const drawn = points.map(() => random.integer(points.length));
    const seen = new Set(drawn);
    const dimensions = points[0]?.length ?? 0;
    const cube = { low: Array<number>(dimensions).fill(0), high: Array<number>(dimensions).fill(1) };
    return {
      boxes: grow({ points, values, random }, drawn, cube),
      unseen: points.flatMap((_point, index) => (seen.has(index) ? [] : [index])),
    };
  });
}

/** What a tree says at a point. */
export function predict({ boxes }: Pick<Tree, 'boxes'>, point: Point): number {
  const box = boxes.find(({ low, high }) =>
    point.every((at, axis) => at >= low[axis]! && (at < high[axis]! || high[axis] === 1)),
  );
  return box?.value ?? NaN; // the boxes fill the cube
}

interface Grown {
  readonly points: readonly Point[];
  readonly values: readonly number[];
  readonly random: RandomStream;
}

function grow(from: Grown, members: readonly number[], { low, high }: Omit<Box, 'value'>): readonly Box[] {
  const split = bestSplit(from, members);
  if (!split) return [{ low, high, value: mean(members.map((member) => from.values[member]!)) }];
  const { axis, at } = split;
  const isBelow = (member: number): boolean => from.points[member]![axis]! < at;
  return [
    ...grow(from, members.filter(isBelow), { low, high: high.with(axis, at) }),
    ...grow(
      from,
      members.filter((member) => !isBelow(member)),
      { low: low.with(axis, at), high },
    ),
  ];
}

/** The cut that leaves the least sum of squares, on two thirds of the axes; undefined where none is of use. */
function bestSplit({ points, values, random }: Grown, members: readonly number[]) {
  const axes = someAxes(points[0]?.length ?? 0, random);
  const total = members.reduce((sum, member) => sum + values[member]!, 0);
  let best: { axis: number; at: number; gain: number } | undefined;
  for (const axis of axes) {
    const sorted = members.toSorted((a, b) => points[a]![axis]! - points[b]![axis]!);
    let below = 0;
    for (let count = 1; count <= sorted.length - fewestInBox; count++) {
      below += values[sorted[count - 1]!]!;
      const [left, right] = [points[sorted[count - 1]!]![axis]!, points[sorted[count]!]![axis]!];
      if (count < fewestInBox || left === right) continue;
      // The sum of squares falls by what the means of both sides explain beyond the common one.
      const gain = below ** 2 / count + (total - below) ** 2 / (sorted.length - count) - total ** 2 / sorted.length;
      if (gain > (best?.gain ?? 1e-12 * Math.max(1, Math.abs(total)))) best = { axis, at: (left + right) / 2, gain };
    }
  }
  return best;
}

function someAxes(dimensions: number, random: RandomStream): readonly number[] {
  const all = Array.from({ length: dimensions }, (_, axis) => ({ axis, rank: random.uniform() }));
  return all
    .sort((a, b) => a.rank - b.rank)
    .slice(0, Math.ceil((2 * dimensions) / 3))
    .map(({ axis }) => axis);
}
