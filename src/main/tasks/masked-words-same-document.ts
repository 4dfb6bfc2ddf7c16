/**
 * Masked words and passages of one document: beside predicting hidden tokens, the mean of a passage's vectors is to be more like
 * that of another passage of the same document than like those of other documents (J. Giorgi, O. Nitski, B. Wang, G. Bader,
 * "DeCLUTR: Deep contrastive learning for unsupervised textual representations", ACL 2021). Masked words alone say little of
 * what a text is about; this is what classifiers of few examples read.
 *
 * The negatives of a passage are all others of its batch: the batch size is part of the task.
 */
import { z } from 'zod';
import { add, input, output, scale } from '../graph/index.ts';
import type { Value } from '../graph/program.ts';
import { poolSequence } from '../nn/blocks/sequence-pooling.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { decoupledLoss, ntXentLoss, viewSimilarity } from './contrastive-losses.ts';
import type { SamplerSetup } from './task.ts';
import { defineTask } from './task.ts';
import { maskedAnswers } from './text/answers.ts';
import { unigramBaseline } from './text/baselines.ts';
import {
  corpusOptions,
  headOption,
  maskersOf,
  maskingOptions,
  placesOf,
  probabilitiesFit,
  probabilitiesMessage,
} from './text/corpus-options.ts';
import { describeMasked } from './text/describe.ts';
import { cutPassages } from './text/document-passages.ts';
import { maskedWordsEvaluation } from './text/evaluations.ts';
import { maskedWordsHead } from './text/heads.ts';
import type { TextMaterial } from './text/material.ts';
import { openTextMaterial, requireSides } from './text/material.ts';
import { createPassageSampler, requirePairs } from './text/passage-sampler.ts';
import { inspectPassages } from './text/passage-audit.ts';
import { passageEvaluation } from './text/passage-evaluation.ts';
import { answerMasks } from './text/prediction.ts';
import { namedAfter } from './text/named-after.ts';

const type = 'masked-words-same-document';

const options = z
  .strictObject({
    ...corpusOptions,
    ...maskingOptions,
    ...headOption,
    contrastWeight: z
      .number()
      .min(0)
      .max(100)
      .default(0.3)
      .describe('Weight of the loss of passages beside the loss of masked words'),
    contrastLoss: z
      .enum(['nt-xent', 'dcl'])
      .default('nt-xent')
      .describe(
        'nt-xent: the cross entropy of finding the other passage in the batch; dcl: the same without that passage in the denominator (Yeh et al. 2022), for small batches',
      ),
    temperature: z
      .number()
      .positive()
      .default(0.1)
      .describe('Divides the cosines: the smaller, the more the most similar passages of other documents count'),
  })
  .refine(probabilitiesFit, probabilitiesMessage);

export type MaskedWordsSameDocumentOptions = z.infer<typeof options>;

function openMaterial(setup: SamplerSetup<MaskedWordsSameDocumentOptions>): TextMaterial {
  return openTextMaterial(setup, { minimumDocuments: 2, minimumSentences: 1 });
}

defineTask<MaskedWordsSameDocumentOptions>({
  type,
  title: 'Masked words and passages of one document',
  summary:
    'Predicts hidden tokens, and brings passages of one document together, away from those of others (DeCLUTR, Giorgi et al. 2021).',
  kind: 'pretext',
  data: ['text-corpus'],
  options,
  metrics: [
    'maskedWordsAccuracy',
    'sameDocumentAccuracy',
    'loss',
    'maskedWordsLoss',
    'maskedWordsPerplexity',
    'sameDocumentLoss',
    'embeddingRank',
  ],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler(setup) {
    const { options: settings, splitSeed } = setup;
    const material = openMaterial(setup);
    const { corpus, vocabulary, split } = material;
    const passages = {
      training: cutPassages(split.training, settings.length - 2),
      validation: cutPassages(split.validation, settings.length - 2),
      test: cutPassages(split.test, settings.length - 2),
    };
    requireSides(material, settings, (side) => passages[side].documentCount >= 2);
    return createPassageSampler({
      corpus,
      passages,
      length: settings.length,
      vocabularySize: vocabulary.size,
      special: vocabulary.special,
      splitSeed,
      evaluationExamples: settings.evaluationExamples,
      masking: maskersOf(vocabulary, settings),
      describe: (feeds, row) =>
        describeMasked(
          corpus.tokenizer,
          feeds,
          row,
          settings.length,
          `passage ${(row % 2) + 1} of document ${(row >> 1) + 1}`,
        ),
      close: () => {
        corpus.close();
      },
    });
  },
  build(context, backbone, settings) {
    const { program, mode, batchSize } = context;
    if (mode !== 'prediction') requirePairs(batchSize, type);
    const inputs = declareInputs(context);
    const shared = backbone(inputs);
    const wordsLoss = maskedWordsHead(context, shared, placesOf(settings, mode), type, settings.head);
    const embeddings = poolSequence(backboneOutput(shared, 'sequence', type), inputs.mask, 'mean');
    if (!wordsLoss) return { loss: embeddings }; // prediction has no labels, and its program does not output this
    const weights = input(program, 'weights', 'float32', [batchSize]);
    const similarity = viewSimilarity(embeddings, weights, settings.temperature);
    const losses: Readonly<Record<MaskedWordsSameDocumentOptions['contrastLoss'], () => Value>> = {
      'nt-xent': () => ntXentLoss(similarity, weights),
      dcl: () => decoupledLoss(similarity, weights),
    };
    const contrast = losses[settings.contrastLoss]();
    const loss = add(wordsLoss, scale(contrast, settings.contrastWeight));
    output(program, 'loss', loss);
    output(program, 'maskedWordsLoss', wordsLoss);
    output(program, 'sameDocumentLoss', contrast);
    if (mode === 'evaluation') {
      output(program, 'predictions', similarity.predictions);
      output(program, 'embeddings', embeddings);
    }
    return { loss };
  },
  evaluation({ contrastWeight }) {
    const words = maskedWordsEvaluation();
    const documents = passageEvaluation();
    return {
      add(outputs, feeds) {
        words.add(outputs, feeds);
        documents.add(outputs, feeds);
      },
      result() {
        const { metrics: ofWords, correct } = words.result();
        const { embeddingRank = Number.NaN, ...ofDocuments } = documents.result().metrics;
        const loss = (ofWords.loss ?? Number.NaN) + contrastWeight * (ofDocuments.loss ?? Number.NaN);
        return {
          metrics: {
            loss,
            ...namedAfter('maskedWords', ofWords),
            ...namedAfter('sameDocument', ofDocuments),
            embeddingRank,
          },
          ...(correct && { correct }),
        };
      },
    };
  },
  async baselines(sampler, _settings, setup, signal) {
    const { corpus, vocabulary, split } = openMaterial(setup);
    try {
      const unigram = unigramBaseline(corpus, split.training, vocabulary.size, sampler, signal);
      return [{ ...unigram, metrics: namedAfter('maskedWords', unigram.metrics) }];
    } finally {
      corpus.close();
    }
  },
  /** What is found depends on how many passages are compared, so shared words are looked at in the run's own batches. */
  inspect: inspectPassages,
  answers: maskedAnswers,
  demo: {
    form: () => 'masked-words',
    examples: [
      { text: 'the man went to the [MASK] .', textPair: null },
      { text: 'she opened the [MASK] and looked at the [MASK] .', textPair: null },
    ],
  },
  suggested: {
    suits: ({ examples, tokens = 0 }) => examples >= 4 && tokens >= 256 * examples, // two passages of each
    training: { batchSize: 32 },
  },
  predict: (model, query, settings) => answerMasks(model, query, placesOf(settings, 'prediction')),
});
