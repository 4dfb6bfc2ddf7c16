/**
 * The main job: pretrain on unlabelled text, fine-tune on a few labels, measure what the pretraining gained.
 *
 * Documents of the Brown corpus are either read without labels or labelled, so that nothing of a labelled document has been
 * seen before, not even without its label.
 */
import { brownPassages, brownWithoutPassages } from '../../../data/samples/brown-passages.ts';
import { spamAssassinMails } from '../../../data/samples/spam-assassin.ts';
import type { Demo } from './commands.ts';
import { example, heading } from './commands.ts';

export const textDemo: Demo = async ({ pretext, importOnce, sample }, { quick }) => {
  heading('Unlabelled text: two thirds of the Brown corpus, and mail');
  const prose = await sample('prose', brownWithoutPassages);
  const mail = await sample('mail', () => spamAssassinMails(['easy-ham-2', 'spam-2']));
  await importOnce('corpus', 'prose-and-mail', prose, mail, '--vocabulary-size', '4096');

  heading('Labelled text: passages of the other documents, by groups of genres');
  const passages = await sample('passages', brownPassages);
  await importOnce('dataset', 'passages', passages, '--group-column', 'document');

  heading('Pretraining: masked words, and passages of one document');
  await pretext('preview', example('text-pretraining.yaml'));
  const quickly = quick ? ['--set', 'training.steps=450', '--set', 'training.evaluateEvery=150'] : [];
  await pretext('run', example('text-pretraining.yaml'), ...quickly);

  heading('Filling in masks');
  await pretext('predict', 'text-pretraining', 'He had been in the [MASK] for a long time.');
  await pretext('predict', 'text-pretraining', 'She looked at [MASK] and smiled.');
  await pretext('predict', 'text-pretraining', 'To be removed from our mailing list, please click [MASK].');

  heading('Fine-tuning on a few labels: pretrained against from scratch');
  await pretext('study', example(quick ? 'text-transfer-quick.yaml' : 'text-transfer.yaml'));
};
