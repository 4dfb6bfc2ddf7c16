/** How long a study still takes: what its finished runs took, for each that is not; null before one has finished. */
import type { Run } from '../../../../shared/contract/runs.ts';
import { shareDone } from '../runs/run-state.ts';

export function remainingOf(
  runs: readonly Pick<Run, 'state' | 'step' | 'totalSteps' | 'startedAt' | 'finishedAt'>[],
): number | null {
  const durations = runs.flatMap(({ state, startedAt, finishedAt }) =>
    state === 'finished' && startedAt !== null && finishedAt !== null ? [finishedAt - startedAt] : [],
  );
  if (durations.length === 0) return null;
  const each = durations.reduce((sum, duration) => sum + duration, 0) / durations.length;
  const open = runs.filter(({ state }) => state !== 'finished' && state !== 'failed');
  return open.reduce((sum, run) => sum + each * (1 - (shareDone(run) ?? 0)), 0);
}
