/**
 * Early stopping: ends a run when a metric has not improved for a while, and remembers where it was best. The state is plain
 * data that goes into checkpoints, so a resumed run stops where the uninterrupted one would have.
 */
import { z } from 'zod';

export const earlyStoppingOptions = z
  .strictObject({
    patience: z.int().min(1).describe('Evaluations without improvement after which the run ends'),
    minimumDelta: z.number().min(0).default(0).describe('The smallest change that counts as an improvement'),
    mode: z.enum(['min', 'max']).default('min').describe('Whether smaller or larger is better'),
  })
  .describe('Ends the run when the watched metric has stopped improving');

export type EarlyStoppingOptions = z.output<typeof earlyStoppingOptions>;

/** What early stopping remembers, as it is written into checkpoints. */
export const earlyStoppingState = z.strictObject({
  /** The best value so far and its step; `null` before the first finite value. */
  best: z.number().nullable(),
  bestStep: z.int().nullable(),
  /** Evaluations since the best one. */
  evaluationsSinceBest: z.int().min(0),
});

export type EarlyStoppingState = z.output<typeof earlyStoppingState>;

export interface EarlyStoppingDecision {
  readonly state: EarlyStoppingState;
  /** True if this value is the best so far: the moment to keep a checkpoint. */
  readonly improved: boolean;
  readonly shouldStop: boolean;
}

export const initialEarlyStoppingState: EarlyStoppingState = { best: null, bestStep: null, evaluationsSinceBest: 0 };

/**
 * Takes a value of the metric at a step into account. An improvement is a change in the right direction by more than
 * `minimumDelta` (so slow progress below it counts as none); NaN and infinite values never are one.
 */
export function observeMetric(
  options: EarlyStoppingOptions,
  state: EarlyStoppingState,
  value: number,
  step: number,
): EarlyStoppingDecision {
  const gain = state.best === null ? Infinity : options.mode === 'min' ? state.best - value : value - state.best;
  if (Number.isFinite(value) && gain > options.minimumDelta) {
    return { state: { best: value, bestStep: step, evaluationsSinceBest: 0 }, improved: true, shouldStop: false };
  }
  const evaluationsSinceBest = state.evaluationsSinceBest + 1;
  return {
    state: { ...state, evaluationsSinceBest },
    improved: false,
    shouldStop: evaluationsSinceBest >= options.patience,
  };
}
