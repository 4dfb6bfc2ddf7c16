/** How long it takes to reach a loss, from trainings of several lengths: losses are compared at the end of a schedule alone. */

/** A whole training. */
export interface TrainingPoint {
  readonly steps: number;
  readonly seconds: number;
  /** On the validation split, at the end. */
  readonly loss: number;
}

/**
 * Seconds at which the target is reached: between the last training that missed it and the first that did not, along the
 * logarithm of the seconds. Undefined where none did; the seconds of the shortest where that one did already.
 */
export function secondsToLoss(points: readonly TrainingPoint[], target: number): number | undefined {
  const sorted = points.toSorted((a, b) => a.seconds - b.seconds);
  const reached = sorted.findIndex(({ loss }) => loss <= target);
  const [before, after] = [sorted[reached - 1], sorted[reached]];
  if (!after) return undefined;
  if (!before) return after.seconds;
  const share = (before.loss - target) / (before.loss - after.loss);
  return Math.exp(Math.log(before.seconds) + share * Math.log(after.seconds / before.seconds));
}
