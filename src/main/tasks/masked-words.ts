/** Masked words: predict the hidden tokens of a text from all others (J. Devlin et al. 2018). */
import { z } from 'zod';
import { declareInputs } from '../nn/pipeline.ts';
import { namedLoss } from './named-loss.ts';
import type { SamplerSetup } from './task.ts';
import { defineTask } from './task.ts';
import { maskedAnswers } from './text/answers.ts';
import { unigramBaseline } from './text/baselines.ts';
import type { SectionSplit } from './text/document-split.ts';
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
import { maskedWordsEvaluation } from './text/evaluations.ts';
import { maskedWordsHead } from './text/heads.ts';
import type { TextMaterial } from './text/material.ts';
import { openTextMaterial, sourcesOf } from './text/material.ts';
import { packSequences } from './text/packed-sequences.ts';
import { answerMasks } from './text/prediction.ts';
import type { ExampleSource } from './text/pretext-sampler.ts';
import { createPretextSampler } from './text/pretext-sampler.ts';
import { writeSingle } from './text/token-batch.ts';
import { openTokenStream } from './text/token-stream.ts';

const options = z
  .strictObject({
    ...corpusOptions,
    ...maskingOptions,
    ...headOption,
    packing: z
      .enum(['sentences', 'full'])
      .default('sentences')
      .describe(
        'sentences: as many whole sentences of one document as fit, and padding after them; full: every sequence is filled, from where the one before it ended, with [SEP] between documents (Liu et al. 2019)',
      ),
  })
  .refine(probabilitiesFit, probabilitiesMessage);

export type MaskedWordsOptions = z.infer<typeof options>;

function openMaterial(setup: SamplerSetup<MaskedWordsOptions>): TextMaterial {
  return openTextMaterial(setup, { minimumDocuments: 1, minimumSentences: 1, mask: true });
}

function sequenceSource(
  { corpus }: TextMaterial,
  sections: SectionSplit['training'],
  { length, packing }: MaskedWordsOptions,
): ExampleSource {
  const { special } = corpus.tokenizer;
  if (packing === 'full') {
    const capacity = length - 2;
    const stream = openTokenStream(corpus, sections, special.separate);
    return {
      // What is left at the end is shorter than a sequence and is not used, unless there is nothing else.
      count: Math.max(Math.floor(stream.length / capacity), Math.min(1, sections.length)),
      write: (batch, row, index) =>
        writeSingle(batch, row, stream.read(index * capacity, Math.min(capacity, stream.length)), special),
    };
  }
  const sequences = packSequences(corpus, sections, length - 2);
  return {
    count: sequences.count,
    write: (batch, row, index) =>
      writeSingle(batch, row, corpus.tokens(sequences.offset(index), sequences.length(index)), special),
  };
}

export const maskedWords = defineTask<MaskedWordsOptions>({
  type: 'masked-words',
  title: 'Masked words',
  summary: 'Hides some of the tokens of a text and predicts them from all others (Devlin et al. 2018).',
  kind: 'pretext',
  data: ['text-corpus'],
  options,
  metrics: ['accuracy', 'perplexity', 'loss'],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler(setup) {
    const { options: settings, splitSeed } = setup;
    const material = openMaterial(setup);
    const { corpus, vocabulary, split } = material;
    return createPretextSampler({
      sources: sourcesOf(material, settings, (side) => sequenceSource(material, split[side], settings)),
      length: settings.length,
      vocabularySize: vocabulary.size,
      special: vocabulary.special,
      splitSeed,
      evaluationExamples: settings.evaluationExamples,
      masking: maskersOf(vocabulary, settings),
      describe: (feeds, row) => describeMasked(corpus.tokenizer, feeds, row, settings.length),
      close: () => {
        corpus.close();
      },
    });
  },
  build(context, backbone, settings) {
    const { program, mode } = context;
    const sequences = backbone(declareInputs(context));
    const loss = maskedWordsHead(context, sequences, placesOf(settings, mode), 'masked-words', settings.head);
    return namedLoss(program, loss);
  },
  evaluation: () => maskedWordsEvaluation(),
  async baselines(sampler, _settings, setup, signal) {
    const { corpus, vocabulary, split } = openMaterial(setup);
    try {
      return [unigramBaseline(corpus, split.training, vocabulary.size, sampler, signal)];
    } finally {
      corpus.close();
    }
  },
  answers: maskedAnswers,
  demo: {
    form: () => 'masked-words',
    examples: [
      { text: 'the man went to the [MASK] .', textPair: null },
      { text: 'she opened the [MASK] and looked at the [MASK] .', textPair: null },
      { text: 'please send your [MASK] to this address .', textPair: null },
    ],
  },
  predict: (model, query, settings) => answerMasks(model, query, placesOf(settings, 'prediction')),
});
