/** Histograms of one parameter over the training, in portions. */
import { z } from 'zod';
import { parameterHistograms } from '../histogram.ts';
import { count } from './common.ts';

export const histogramsInput = z.strictObject({
  id: z.string().min(1),
  /** The first one by default. */
  parameter: z.string().optional(),
  /** Every so manieth of the steps at which they were recorded, and the last. */
  every: z.int().min(1).default(1),
  offset: count.default(0),
  limit: z.int().min(1).max(200).default(50),
});

export const histogramCourse = z.object({
  /** All that were recorded, in the order of the network. */
  parameters: z.array(z.string()),
  /** The one that the records are about; null where there is none. */
  parameter: z.string().nullable(),
  /** Steps at which it was recorded, of which `every` chooses. */
  total: count,
  records: z.array(parameterHistograms.omit({ parameter: true })),
  /** Lines of the file that are not what was written, and are left out. */
  damaged: count,
});
