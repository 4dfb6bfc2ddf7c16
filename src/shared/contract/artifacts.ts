/** What a run leaves beside its checkpoints: pictures (quiz, filters, confusion matrix, gradient flow) and tables of findings. */
import { z } from 'zod';
import { count } from './common.ts';

export const artifact = z.object({
  /** Of the file in the run's `artifacts` folder. */
  name: z.string(),
  /** In words: `First layer filters`. */
  title: z.string(),
  kind: z.enum(['picture', 'sound', 'data']),
  bytes: count,
  /** Too large to be read through the contract. */
  tooLarge: z.boolean(),
});
export type Artifact = z.infer<typeof artifact>;

export const artifactContent = artifact.extend({
  /** Ready for an `img` element or a link: `data:image/png;base64,…` */
  url: z.string().regex(/^data:[a-z]+\/[a-z+-]+;base64,/),
});
