/** Masked words and sentence order in one step, as ALBERT was pretrained (Z. Lan et al. 2019). */
import { defineTask } from './task.ts';
import { maskedPairTask } from './text/masked-pair-task.ts';

defineTask(
  maskedPairTask('sentence-order', {
    title: 'Masked words and sentence order',
    summary:
      'Predicts hidden tokens of two consecutive parts of a text and whether they are in their order, in one step (Lan et al. 2019).',
    question: 'Are the two texts in their order?',
  }),
);
