/** transfer.json of a run that began with the weights of another: which of them fitted. */
import { z } from 'zod';

const shape = z.array(z.int()).readonly();
const parameter = z.object({ name: z.string(), shape });

export const transferReport = z.object({
  /** Taken over. `found` is there where the source has more rows (positions), of which the first were taken. */
  matched: z.array(parameter.extend({ found: shape.exactOptional() })).readonly(),
  /** In this network only: they start fresh. */
  fresh: z.array(parameter).readonly(),
  /** In both, with shapes that do not fit: they start fresh. */
  mismatched: z.array(parameter.extend({ found: shape })).readonly(),
  /** In the source only, such as its head. */
  unused: z.array(parameter).readonly(),
});
export type TransferReport = z.infer<typeof transferReport>;
