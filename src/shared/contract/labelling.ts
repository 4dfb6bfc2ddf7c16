/** Labelling with a classifier beside it: which examples to look at next. Labels themselves are `materials.edit`. */
import { z } from 'zod';
import { checkpointChoice, count } from './common.ts';
import { request } from './define.ts';
import { materialItem } from './materials.ts';

/** `entropy`: of all probabilities; `margin`: how near the two likeliest classes are. */
export const uncertaintyMeasure = z.enum(['entropy', 'margin']);

/** What the task ends with. */
export const proposedLabels = z.object({
  run: z.string(),
  step: count,
  /** Examples that were asked about, of those that could have been. */
  considered: count,
  candidates: count,
  examples: z.array(
    z.object({
      item: materialItem,
      /** 0: sure, 1: not sure at all. */
      uncertainty: z.number(),
      /** What the classifier answers, the likeliest first. */
      choices: z.array(z.object({ label: z.string(), probability: z.number() })),
    }),
  ),
});
export type ProposedLabels = z.infer<typeof proposedLabels>;

export const labellingContract = {
  next: request(
    'Starts to look for examples that a classifier is least sure of and that are not alike; the task ends with `ProposedLabels` as its result. Examples that were labelled by hand are left out',
    z.strictObject({
      data: z.string().min(1),
      /** A run that was fine-tuned to classify, or a model with such a head as `model:<name>:<task>`. */
      run: z.string().min(1),
      checkpoint: checkpointChoice.default('best'),
      count: z.int().min(1).max(200).default(20),
      measure: uncertaintyMeasure.default('entropy'),
      /** Examples of this class alone. */
      label: z.string().min(1).optional(),
      /** Examples that were passed over. */
      except: z.array(count).max(10_000).default([]),
      /** So many are asked about at most, evenly spread over the dataset. */
      consider: z.int().min(1).max(100_000).default(5000),
      pictureSize: z.int().min(8).max(1024).default(320),
    }),
    z.object({ job: z.string() }),
  ),
};
