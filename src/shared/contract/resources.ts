/** What a trainer takes of the computer over its training. */
import { z } from 'zod';
import { count, moment } from './common.ts';

export const resourceTrace = z.object({
  /** Of the computer that the lab runs on, for comparison. */
  cores: count,
  memory: count,
  /** At most a thousand, evenly chosen. */
  samples: z.array(
    z.object({
      time: moment,
      step: count,
      /** Cores that were busy, on average since the sample before. */
      cores: z.number(),
      /** Bytes. */
      memory: z.number(),
      /** Share of it from 0 to 1, and bytes; null where there is none. */
      gpu: z.object({ share: z.number(), memory: z.number() }).nullable(),
    }),
  ),
});
