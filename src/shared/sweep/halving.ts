/**
 * Successive halving: K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016, with a
 * reduction factor η as in L. Li et al., "Hyperband", 2018. All trials are trained for few steps, one in η of them for more, and so on.
 */
import type { Direction } from '../metrics.ts';

/** How a trial did. */
export interface Score {
  readonly number: number;
  /** Null where the training diverged. */
  readonly value: number | null;
  /** Of the validation split, where it is known. */
  readonly loss: number | null;
}

/** Trials on each rung: ⌊n · η⁻ᵏ⌋. */
export function rungSizes(trials: number, rungs: number, factor: number): readonly number[] {
  return Array.from({ length: rungs }, (_, rung) => Math.floor(trials / factor ** rung));
}

/**
 * Best first. Few validation examples give few different values: of equally good trials the one with the smaller loss is first, then
 * the earlier one. Trials that diverged are left out.
 */
export function ranked(scores: readonly Score[], direction: Direction): readonly Score[] {
  const sign = direction === 'minimise' ? 1 : -1;
  const lossOf = ({ loss }: Score): number => loss ?? Number.MAX_VALUE;
  return scores
    .filter(({ value }) => value !== null)
    .sort((a, b) => sign * ((a.value ?? 0) - (b.value ?? 0)) || lossOf(a) - lossOf(b) || a.number - b.number);
}

/** Numbers of the trials that go on to the next rung, in their order. */
export function survivors(scores: readonly Score[], direction: Direction, size: number): readonly number[] {
  return ranked(scores, direction)
    .slice(0, size)
    .map(({ number }) => number)
    .sort((a, b) => a - b);
}
