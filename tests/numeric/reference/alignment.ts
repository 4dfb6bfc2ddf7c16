/** Alignments that only move forward, each by itself: which steps go on to the next place is written out. */
import type { Tensor64 } from './tensor.ts';
import { read, tabulate } from './tensor.ts';

/** The place of every step, for each way from the first place. */
function* pathsOf(steps: number, places: number, path: readonly number[] = [0]): Generator<readonly number[]> {
  if (path.length === steps) {
    yield path;
    return;
  }
  const place = path.at(-1)!;
  yield* pathsOf(steps, places, [...path, place]);
  if (place + 1 < places) yield* pathsOf(steps, places, [...path, place + 1]);
}

export function alignments(emissions: Tensor64, ends: Tensor64): readonly Tensor64[] {
  const [steps, batch, places] = emissions.shape as readonly [number, number, number];
  const paths = [...pathsOf(steps, places)];
  const probability = (row: number, path: readonly number[]): number =>
    Math.exp(
      path.reduce((sum, place, step) => sum + read(emissions, [step, row, place]), read(ends, [row, path.at(-1)!])),
    );
  const totals = Array.from({ length: batch }, (_, row) =>
    paths.reduce((sum, path) => sum + probability(row, path), 0),
  );
  return [
    tabulate([batch], ([row]) => -Math.log(totals[row!]!)),
    tabulate(
      [steps, batch, places],
      ([step, row, place]) =>
        paths.reduce((sum, path) => sum + (path[step!] === place ? probability(row!, path) : 0), 0) / totals[row!]!,
    ),
  ];
}
