/** Sentence order: are two consecutive parts of a text in their order, or swapped (Z. Lan et al. 2019, ALBERT)? */
import { defineTask } from './task.ts';
import { pairTask } from './text/pair-task.ts';

defineTask(
  pairTask('sentence-order', {
    title: 'Sentence order',
    summary:
      'Tells two consecutive parts of a text from the same two swapped (Lan et al. 2019): unlike next sentence, the topic does not help.',
    question: 'Are the two texts in their order?',
  }),
);
