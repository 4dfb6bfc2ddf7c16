/** Ranking, calibration and thresholds of a classifier. */
import { z } from 'zod';
import { count } from './common.ts';

const share = z.number().min(0).max(1);
const curve = z.array(z.object({ x: share, y: share }));
const calibration = z.object({
  /** Expected calibration error; null without examples. */
  error: share.nullable(),
  /** Of the reliability diagram, by confidence; the means are null in bins without examples. */
  bins: z.array(
    z.object({ from: share, to: share, examples: count, confidence: share.nullable(), accuracy: share.nullable() }),
  ),
});

export const runScoresInput = z.strictObject({
  id: z.string(),
  /** The test split where there is one. */
  split: z.enum(['validation', 'test']).optional(),
  /** Against all others; the rarest one without it. */
  class: z.string().optional(),
  /** Of its probability; the one with the best F1 on the validation split without it. */
  threshold: share.optional(),
});
export type RunScoresInput = z.output<typeof runScoresInput>;

export const runScores = z.object({
  split: z.enum(['validation', 'test']),
  /** Classes exclude each other; several labels may be there at once, and each is a question of its own. */
  kind: z.enum(['classes', 'several']).default('classes'),
  classes: z.array(z.string()),
  class: z.string(),
  examples: count,
  /** Of the class against the rest; null where one of the two has no examples. */
  auroc: share.nullable(),
  averagePrecision: share.nullable(),
  /** False positive rate by true positive rate. */
  roc: curve,
  /** Recall by precision. */
  precisionRecall: curve,
  /** What the logits are divided by: least log loss on the validation split. */
  temperature: z.number().positive(),
  calibration: z.object({ before: calibration, after: calibration }),
  /** What is answered when the class is said from this probability on. */
  threshold: z.object({
    value: share,
    chosenOnValidation: share.nullable(),
    truePositives: count,
    falsePositives: count,
    falseNegatives: count,
    trueNegatives: count,
    precision: share.nullable(),
    recall: share.nullable(),
    specificity: share.nullable(),
    f1: share,
  }),
});
export type RunScores = z.infer<typeof runScores>;
