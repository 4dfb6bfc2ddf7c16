import { describe, expect, it } from 'vitest';
import {
  earlyStoppingOptions,
  earlyStoppingState,
  initialEarlyStoppingState,
  observeMetric,
} from '../../../src/main/training/early-stopping.ts';

/** Observes values until the decision to stop; returns the index of the last value and the state. */
function run(
  options: unknown,
  values: number[],
): { stoppedAt: number | null; best: number | null; improved: number[] } {
  const parsed = earlyStoppingOptions.parse(options);
  let state = initialEarlyStoppingState;
  const improved: number[] = [];
  for (const [index, value] of values.entries()) {
    // Through JSON at every step, as a run that is killed and resumed each time.
    const decision = observeMetric(
      parsed,
      earlyStoppingState.parse(JSON.parse(JSON.stringify(state))),
      value,
      index * 10,
    );
    state = decision.state;
    if (decision.improved) improved.push(index);
    if (decision.shouldStop) return { stoppedAt: index, best: state.bestStep, improved };
  }
  return { stoppedAt: null, best: state.bestStep, improved };
}

describe('early stopping', () => {
  it('stops after `patience` evaluations without improvement, and names the best step', () => {
    expect(run({ patience: 2 }, [3, 2, 2.5, 2.2, 1])).toEqual({ stoppedAt: 3, best: 10, improved: [0, 1] });
    expect(run({ patience: 3 }, [3, 2, 2.5, 2.2, 1])).toEqual({ stoppedAt: null, best: 40, improved: [0, 1, 4] });
    expect(run({ patience: 1 }, [1, 1])).toEqual({ stoppedAt: 1, best: 0, improved: [0] });
  });

  it('can watch for larger values', () => {
    expect(run({ patience: 2, mode: 'max' }, [0.5, 0.7, 0.6, 0.7, 0.9])).toEqual({
      stoppedAt: 3,
      best: 10,
      improved: [0, 1],
    });
  });

  it('does not take less than the minimum delta for an improvement', () => {
    expect(run({ patience: 2, minimumDelta: 0.25 }, [2, 1.875, 1.75, 1])).toMatchObject({ stoppedAt: 2, best: 0 });
    // The delta is measured from the best, so slow but steady progress does get there.
    expect(run({ patience: 3, minimumDelta: 0.25 }, [2, 1.875, 1.75, 1.625]).improved).toEqual([0, 3]);
  });

  it('never takes NaN or infinity for an improvement', () => {
    expect(run({ patience: 2 }, [Number.NaN, 5, Number.NaN, -Infinity])).toEqual({
      stoppedAt: 3,
      best: 10,
      improved: [1],
    });
  });

  it('refuses a patience of zero', () => {
    expect(earlyStoppingOptions.safeParse({ patience: 0 }).success).toBe(false);
  });
});
