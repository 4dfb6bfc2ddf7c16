/** Deleting what has runs of its own, studies and sweeps: the same questions and answers for both. */
import { z } from 'zod';
import { count } from './common.ts';
import { request } from './define.ts';

/** One that cannot be read: what is wrong with which file. It can be deleted as it is. */
export const damagedWork = z.object({ name: z.string(), message: z.string() });
export type DamagedWork = z.infer<typeof damagedWork>;

export function deletions(what: 'study' | 'sweep') {
  return {
    delete: request(
      `Deletes a ${what} that nobody works on; its runs stay unless they are to go, too. The answer brings all of it back until the lab is closed`,
      z.strictObject({ name: z.string(), runs: z.boolean().default(false) }),
      z.object({
        undo: z.string(),
        /** Runs that were deleted with it. */
        runs: count,
      }),
    ),
    restore: request(
      'Brings back what was deleted',
      z.strictObject({ undo: z.string() }),
      z.strictObject({ name: z.string() }),
    ),
  };
}
