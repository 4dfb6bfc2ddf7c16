/** What a trainer tells while it works. What matters is in the run's folder as well. */
import { z } from 'zod';
import { runEvent } from '../../../shared/spec/run/events.ts';

export const trainerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), event: runEvent }),
  z.object({ type: z.literal('step'), step: z.int(), loss: z.union([z.number(), z.nan()]).catch(NaN) }),
  z.object({ type: z.literal('phase'), phase: z.string() }),
  z.object({ type: z.literal('memory'), bytes: z.number() }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string() }),
]);
