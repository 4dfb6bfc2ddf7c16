/** Options that the tasks on numbers and on several labels share: one definition reads texts, images and recordings. */
import { z } from 'zod';
import { augmentationOptions } from '../../../shared/spec/augmentation.ts';
import { poolings } from '../../nn/blocks/sequence-pooling.ts';
import { totalBudgetOption } from '../labelled/label-budget.ts';
import { splitOptions } from '../labelled/split-options.ts';
import { lengthOption, separatorsOption } from '../text/corpus-options.ts';

export const targetOptions = {
  length: lengthOption.describe('Of texts: tokens of a sequence, special tokens included'),
  separators: separatorsOption,
  features: z
    .enum(['auto', 'vector', 'map', ...poolings, 'attention'])
    .default('auto')
    .describe(
      "What the last layer reads: the pipeline's vector, the mean of its feature map, or a pooling of its sequence. Auto: the mean of the sequence of texts, else the vector where there is one",
    ),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of the features while training'),
  augmentation: augmentationOptions.prefault({}).describe('Of images: random changes while training'),
  ...splitOptions('examples'),
  labelBudget: totalBudgetOption('examples'),
  nearDuplicates: z
    .enum(['together', 'anywhere'])
    .default('together')
    .describe('Of images: whether those that look alike stay on one side of the split; anywhere flatters the test'),
};

export type TargetOptions = z.infer<z.ZodObject<typeof targetOptions>>;
