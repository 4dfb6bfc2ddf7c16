/** Parts of speech: what pretraining gains with 50 to 5,000 tagged sentences. */
import { brownWithoutPassages } from '../../../data/samples/brown-passages.ts';
import { writeBrownTags } from '../../../data/samples/brown-tags.ts';
import { spamAssassinMails } from '../../../data/samples/spam-assassin.ts';
import type { Demo } from './commands.ts';
import { example, heading } from './commands.ts';

export const tagsDemo: Demo = async ({ pretext, importOnce, sample, sampleFile }, { quick }) => {
  heading('Unlabelled text: two thirds of the Brown corpus, and mail');
  const prose = await sample('prose', brownWithoutPassages);
  const mail = await sample('mail', () => spamAssassinMails(['easy-ham-2', 'spam-2']));
  await importOnce('corpus', 'prose-and-mail', prose, mail, '--vocabulary-size', '4096');

  heading('Tagged sentences of the other documents, as a CoNLL file');
  await importOnce('dataset', 'brown-tags', await sampleFile('brown-tags.conll', writeBrownTags), '--labels', 'tags');

  heading('Pretraining: masked words, and passages of one document');
  // Shorter than that of the text demo: the tags take their part of the six minutes.
  const steps = quick ? 450 : 1000;
  const length = ['--set', `training.steps=${steps}`, '--set', `training.evaluateEvery=${steps / 2}`];
  await pretext('run', example('text-pretraining.yaml'), ...length);

  heading('Tagging parts of speech: pretrained against from scratch');
  await pretext('study', example(quick ? 'tags-transfer-quick.yaml' : 'tags-transfer.yaml'));
};
