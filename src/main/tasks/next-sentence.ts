/** Next sentence: does the second text follow the first, or is it from another document (J. Devlin et al. 2018)? */
import { defineTask } from './task.ts';
import { pairTask } from './text/pair-task.ts';

defineTask(
  pairTask('next-sentence', {
    title: 'Next sentence',
    summary:
      'Tells the continuation of a text from a part of another document (Devlin et al. 2018). Half of the pairs are each.',
    question: 'Does the second text follow the first?',
  }),
);
