/** Masked words and next sentence in one step, as BERT was pretrained: the losses are added (J. Devlin et al. 2018, appendix A.2). */
import { z } from 'zod';
import { add, constant, output } from '../graph/index.ts';
import { declareInputs } from '../nn/pipeline.ts';
import { LabError } from '../../shared/errors.ts';
import type { Baseline, SamplerSetup } from './task.ts';
import { defineTask } from './task.ts';
import { pairBaselines, unigramBaseline } from './text/baselines.ts';
import {
  corpusOptions,
  headOption,
  maskersOf,
  maskingOptions,
  pairOptions,
  placesOf,
  sharesFit,
  sharesMessage,
} from './text/corpus-options.ts';
import { describeMasked } from './text/describe.ts';
import { classEvaluation, maskedWordsEvaluation } from './text/evaluations.ts';
import { maskedWordsHead, sentencePairHead } from './text/heads.ts';
import type { TextMaterial } from './text/material.ts';
import { openTextMaterial } from './text/material.ts';
import { namedAfter } from './text/named-after.ts';
import { pairClasses, pairNeeds, pairSources } from './text/pair-source.ts';
import {
  capacityOf,
  classAnswer,
  cutPair,
  encodeExample,
  encodeWithMasks,
  predictMasks,
  requireText,
  tokenizerOf,
  windowAroundMasks,
} from './text/prediction.ts';
import { createPretextSampler } from './text/pretext-sampler.ts';
import { maskedAnswers } from './text/answers.ts';
import { classAnswers } from './answers.ts';

const type = 'masked-words-next-sentence';
const classes = pairClasses['next-sentence'];
const options = z
  .strictObject({ ...corpusOptions, ...maskingOptions, ...headOption, ...pairOptions })
  .refine(sharesFit, sharesMessage);

export type MaskedWordsNextSentenceOptions = z.infer<typeof options>;

function openMaterial(setup: SamplerSetup<MaskedWordsNextSentenceOptions>): TextMaterial {
  return openTextMaterial(setup, { ...pairNeeds('next-sentence'), mask: true });
}

defineTask<MaskedWordsNextSentenceOptions>({
  type,
  title: 'Masked words and next sentence',
  summary:
    'Predicts hidden tokens of two texts and whether the second follows the first, in one step (Devlin et al. 2018).',
  kind: 'pretext',
  data: ['text-corpus'],
  options,
  metrics: [
    'maskedWordsAccuracy',
    'nextSentenceAccuracy',
    'loss',
    'maskedWordsLoss',
    'maskedWordsPerplexity',
    'nextSentenceLoss',
    'nextSentenceMacroF1',
    'nextSentenceBalancedAccuracy',
  ],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler(setup) {
    const { options: settings, splitSeed } = setup;
    const material = openMaterial(setup);
    const { corpus, vocabulary } = material;
    return createPretextSampler({
      sources: pairSources(material, 'next-sentence', settings, splitSeed),
      length: settings.length,
      vocabularySize: vocabulary.size,
      special: vocabulary.special,
      splitSeed,
      evaluationExamples: settings.evaluationExamples,
      masking: maskersOf(vocabulary, settings),
      classes,
      describe: (feeds, row) =>
        describeMasked(corpus.tokenizer, feeds, row, settings.length, classes[feeds.labels?.[row] === 1 ? 1 : 0]),
      close: () => {
        corpus.close();
      },
    });
  },
  build(context, backbone, settings) {
    const { program } = context;
    const shared = backbone(declareInputs(context));
    const maskedWordsLoss = maskedWordsHead(context, shared, placesOf(settings, context.mode), type, settings.head);
    const nextSentenceLoss = sentencePairHead(context, shared, type);
    if (!maskedWordsLoss || !nextSentenceLoss) return { loss: constant(program, 0) }; // prediction has no labels
    const loss = add(maskedWordsLoss, nextSentenceLoss);
    output(program, 'loss', loss);
    output(program, 'maskedWordsLoss', maskedWordsLoss);
    output(program, 'nextSentenceLoss', nextSentenceLoss);
    return { loss };
  },
  evaluation() {
    const words = maskedWordsEvaluation();
    const sentences = classEvaluation(classes);
    return {
      add(outputs, feeds) {
        words.add(outputs, feeds);
        sentences.add(outputs, feeds);
      },
      result() {
        const { metrics: ofWords, correct } = words.result();
        const { metrics: ofSentences, confusion, perClass } = sentences.result();
        const loss = (ofWords.loss ?? Number.NaN) + (ofSentences.loss ?? Number.NaN);
        return {
          metrics: { loss, ...namedAfter('maskedWords', ofWords), ...namedAfter('nextSentence', ofSentences) },
          ...(confusion && { confusion }),
          ...(perClass && { perClass }),
          ...(correct && { correct }),
        };
      },
    };
  },
  async baselines(sampler, settings, setup, signal) {
    const { corpus, vocabulary, split } = openMaterial(setup);
    const renamed = (prefix: string, baseline: Baseline): Baseline => ({
      ...baseline,
      metrics: namedAfter(prefix, baseline.metrics),
    });
    try {
      return [
        renamed('maskedWords', unigramBaseline(corpus, split.training, vocabulary.size, sampler, signal)),
        ...pairBaselines(sampler, corpus.tokenizer, settings.length, 0, signal).map((one) =>
          renamed('nextSentence', one),
        ),
      ];
    } finally {
      corpus.close();
    }
  },
  answers: (example) => [...maskedAnswers(example), ...classAnswers(example)],
  demo: {
    form: () => 'masked-words-and-pair',
    examples: [
      { text: 'the man went to the [MASK] .', textPair: null },
      { text: 'the man went to the [MASK] .', textPair: 'he bought a gallon of [MASK] .' },
      { text: 'the man went to the store .', textPair: 'penguins are flightless birds .' },
    ],
  },
  async predict(model, { text, textPair, top }, settings) {
    const tokenizer = tokenizerOf(model);
    const { mask } = tokenizer.special;
    const first = encodeWithMasks(tokenizer, requireText(text, 'a text'));
    if (textPair === undefined || textPair.trim() === '') {
      if (!first.includes(mask)) {
        throw new LabError(
          'bad-input',
          'the text has no [MASK], and there is no second text to compare it with. Give one of them',
        );
      }
      const capacity = capacityOf(model, 1);
      const example = encodeExample(tokenizer, capacity + 2, windowAroundMasks(first, mask, capacity));
      const answers = await predictMasks(model, example, placesOf(settings, 'prediction'), top);
      return answers.map((answer) => ({ ...answer, isTruncated: first.length > capacity }));
    }
    const capacity = capacityOf(model, 2);
    const second = encodeWithMasks(tokenizer, textPair);
    const example = encodeExample(tokenizer, capacity + 3, ...cutPair(first, second, capacity));
    const { logits } = await model.run({
      ...example.feeds,
      maskedPositions: new Int32Array(placesOf(settings, 'prediction')),
    });
    const answers = [
      classAnswer('Does the second text follow the first?', logits?.data, classes, top),
      ...(await predictMasks(model, example, placesOf(settings, 'prediction'), top)),
    ];
    return answers.map((answer) => ({ ...answer, isTruncated: first.length + second.length > capacity }));
  },
});
