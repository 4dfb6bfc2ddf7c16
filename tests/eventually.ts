/** How tests wait: for what should be true, never for a time. What happens may take long on a machine that does other things too. */
import { vi } from 'vitest';

/** Trainers are processes that take seconds to start, on a busy machine many. */
export const patience = 60_000;

/** Asks again until the check holds; fails with what it last failed with. */
export function eventually<Value>(check: () => Value | Promise<Value>): Promise<Value> {
  return vi.waitFor(check, { timeout: patience, interval: 20 });
}

/**
 * For runs that are interrupted on their way, and whose end is of interest as well: the word to stop may reach one after its last step
 * on a machine that is busy elsewhere. Then it is tried with more steps.
 *
 * @param attempt answers undefined where the run was over before it was interrupted
 */
export async function onTheWay<Value>(
  attempt: (steps: number) => Promise<Value | undefined>,
  steps = 200,
): Promise<Value> {
  for (let tries = 0; tries < 4; tries++) {
    const value = await attempt(steps * 8 ** tries);
    if (value !== undefined) return value;
  }
  throw new Error('every run was over before it was interrupted');
}
