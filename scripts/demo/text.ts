/**
 * The main job: pretrain on unlabelled text, fine-tune on a few labels, measure what the pretraining bought.
 *
 * The mails that are pretrained on and those that are labelled come from different groups of the collection, so that no
 * test text has been seen, not even without its label.
 */
import { brownTexts } from '../../src/main/data/samples/brown.ts';
import { spamAssassinMails } from '../../src/main/data/samples/spam-assassin.ts';
import type { Demo } from './commands.ts';
import { example, heading } from './commands.ts';

export const textDemo: Demo = async ({ pretext, importOnce, sample }, { quick }) => {
  heading('Unlabelled text: the Brown corpus, and mail');
  const brown = await sample('brown', brownTexts);
  const mail = await sample('mail', () => spamAssassinMails(['easy-ham-2', 'spam-2']));
  if (!quick) {
    await importOnce('corpus', 'brown', brown);
    await importOnce('corpus', 'mail', mail);
  }
  await importOnce('corpus', 'brown-and-mail', brown, mail, '--vocabulary-size', '4096');

  heading('Labelled text: other mail, spam or not');
  const labelled = await sample('spam', () => spamAssassinMails(['easy-ham-1', 'hard-ham-1', 'spam-1']));
  await importOnce('dataset', 'spam', labelled);

  heading('Pretraining: masked words and next sentence');
  const quickly = (key: string, value: number): string[] => (quick ? ['--set', `${key}=${value}`] : []);
  await pretext('preview', example('text-pretraining.yaml'));
  await pretext('run', example('text-pretraining.yaml'), ...quickly('training.steps', 200));

  heading('Filling in masks');
  await pretext('predict', 'text-pretraining', 'the man went to the [MASK] .');
  await pretext(
    'predict',
    'text-pretraining',
    'please click on the [MASK] below to be removed from our mailing list .',
  );

  heading('Fine-tuning on a few labels: pretrained against from scratch');
  await pretext('study', example(quick ? 'text-transfer-quick.yaml' : 'text-transfer.yaml'));
};
