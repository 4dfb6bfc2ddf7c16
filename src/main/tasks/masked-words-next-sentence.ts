/** Masked words and next sentence in one step, as BERT was pretrained (J. Devlin et al. 2018, appendix A.2). */
import { defineTask } from './task.ts';
import { maskedPairTask } from './text/masked-pair-task.ts';

defineTask(
  maskedPairTask('next-sentence', {
    title: 'Masked words and next sentence',
    summary:
      'Predicts hidden tokens of two texts and whether the second follows the first, in one step (Devlin et al. 2018).',
    question: 'Does the second text follow the first?',
  }),
);
