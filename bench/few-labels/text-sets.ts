/** Passages of the Brown corpus: what is pretrained on and what is labelled are different documents. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brownPassages, brownWithoutPassages } from '../../src/main/data/samples/brown-passages.ts';
import { spamAssassinMails } from '../../src/main/data/samples/spam-assassin.ts';
import { writeSampleTexts } from '../../src/main/data/samples/text-sample.ts';
import { importTextCorpus } from '../../src/main/data/text/import-corpus.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import type { LabelledSet, Pretraining, SpecPart } from './labelled-set.ts';

const material = 'few-labels-passages';

async function importOnce({ corpora, datasets }: Workspace, signal: AbortSignal): Promise<void> {
  const [corpus, dataset] = [join(corpora, material), join(datasets, material)];
  if (existsSync(corpus) && existsSync(dataset)) return;
  const folder = await mkdtemp(join(tmpdir(), 'pretext-few-labels-'));
  const file = (name: string): string => join(folder, `${name}.jsonl`);
  try {
    await writeSampleTexts(brownWithoutPassages(), file('prose'));
    await writeSampleTexts(spamAssassinMails(['easy-ham-2', 'spam-2']), file('mail'));
    await writeSampleTexts(brownPassages(), file('passages'));
    const common = { name: material, signal };
    if (!existsSync(corpus)) {
      const sources = [file('prose'), file('mail')];
      await importTextCorpus({ ...common, sources, folder: corpus, tokenizer: { vocabularySize: 4096 } });
    }
    if (!existsSync(dataset)) {
      const sources = [file('passages')];
      await importTextDataset({ ...common, sources, folder: dataset, groupColumn: 'document' });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Masked words have a recipe, which stands in for what is not said here. */
const evaluation = { test: false, baselines: false, inspect: false };

function maskedWords(name: string, title: string): Pretraining {
  return { name, title, experiment: { task: { type: name }, data: material, pipeline: 'modern-tiny', evaluation } };
}

const nextWord: Pretraining = {
  name: 'next-word',
  title: 'Next word',
  experiment: {
    task: { type: 'next-word', length: 64 },
    data: material,
    pipeline: 'modern-tiny-causal',
    training: {
      batchSize: 32,
      learningRate: 3e-3,
      optimizer: { type: 'adamw', beta2: 0.98 },
      schedule: { type: 'wsd', warmupFraction: 0.02, decayFraction: 0.4 },
    } satisfies SpecPart,
    evaluation,
  },
};

const passages: LabelledSet = {
  name: 'passages',
  title: 'Genres of short passages',
  about:
    'Five groups of genres of the Brown corpus: passages of about 60 tokens out of a third of its documents, labelled; the other two thirds and mail without labels.',
  examples: 'passages',
  prepare: importOnce,
  pretrainings: [
    maskedWords('masked-words', 'Masked words'),
    maskedWords('masked-words-next-sentence', 'Masked words and next sentence'),
    maskedWords('masked-words-sentence-order', 'Masked words and sentence order'),
    maskedWords('masked-words-same-document', 'Masked words and passages of one document'),
    nextWord,
  ],
  supervised: {
    task: { type: 'text-classification', length: 64, validationFraction: 0.15, testFraction: 0.5 },
    data: material,
    tokenizer: { corpus: material },
    pipeline: 'modern-tiny',
    training: {
      steps: 80,
      batchSize: 16,
      schedule: { type: 'linear', warmupFraction: 0.1 },
      evaluateEvery: 20,
      earlyStopping: { patience: 1 },
    },
    evaluation: { batchSize: 64, baselines: false, inspect: false },
  },
  tune: { 'training.learningRate': [5e-4, 2e-3] },
  budgets: [5, 20, 40],
  budgetOption: 'labelBudget.perClass',
};

export const textSets: readonly LabelledSet[] = [passages];
