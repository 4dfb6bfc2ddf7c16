/** Masked words and a question about two texts in one step; the losses are added, as BERT was pretrained (J. Devlin et al. 2018, appendix A.2). */
import { z } from 'zod';
import { add, output } from '../../graph/index.ts';
import { declareInputs } from '../../nn/pipeline.ts';
import { LabError } from '../../../shared/errors.ts';
import { namedLoss } from '../named-loss.ts';
import type { Baseline, SamplerSetup, TaskDefinition } from '../task.ts';
import { pairBaselines, unigramBaseline } from './baselines.ts';
import {
  corpusOptions,
  headOption,
  maskersOf,
  maskingOptions,
  pairOptions,
  placesOf,
  probabilitiesFit,
  probabilitiesMessage,
} from './corpus-options.ts';
import { describeMasked } from './describe.ts';
import { classEvaluation } from '../classification/evaluation.ts';
import { maskedWordsEvaluation } from './evaluations.ts';
import { maskedWordsHead, sentencePairHead } from './heads.ts';
import type { TextMaterial } from './material.ts';
import { openTextMaterial } from './material.ts';
import { namedAfter } from './named-after.ts';
import type { PairKind } from './pair-source.ts';
import { hasPairs, pairClasses, pairNeeds, pairSources } from './pair-source.ts';
import {
  capacityOf,
  cutPair,
  encodeExample,
  encodeWithMasks,
  predictMasks,
  requireText,
  tokenizerOf,
  windowAroundMasks,
} from './prediction.ts';
import { createPretextSampler } from './pretext-sampler.ts';
import { maskedAnswers } from './answers.ts';
import { classAnswer, classAnswers } from '../classification/answers.ts';

const options = z
  .strictObject({ ...corpusOptions, ...maskingOptions, ...headOption, ...pairOptions })
  .refine(probabilitiesFit, probabilitiesMessage);

export type MaskedPairOptions = z.infer<typeof options>;

/** Prefixes of the metrics of the two texts. */
const metricPrefixes = { 'next-sentence': 'nextSentence', 'sentence-order': 'sentenceOrder' } as const satisfies Record<
  PairKind,
  string
>;

export function maskedPairTask(
  kind: PairKind,
  { title, summary, question }: { readonly title: string; readonly summary: string; readonly question: string },
): TaskDefinition<MaskedPairOptions> {
  const type = `masked-words-${kind}`;
  const classes = pairClasses[kind];
  const pair = metricPrefixes[kind];
  const openMaterial = (setup: SamplerSetup<MaskedPairOptions>): TextMaterial =>
    openTextMaterial(setup, { ...pairNeeds(kind), mask: true });
  return {
    type,
    title,
    summary,
    kind: 'pretext',
    data: ['text-corpus'],
    options,
    metrics: [
      'maskedWordsAccuracy',
      `${pair}Accuracy`,
      'loss',
      'maskedWordsLoss',
      'maskedWordsPerplexity',
      `${pair}Loss`,
      `${pair}MacroF1`,
      `${pair}BalancedAccuracy`,
    ],
    selection: { metric: 'loss', direction: 'minimise' },
    suggested: { suits: (data) => hasPairs(kind, data) },
    openSampler(setup) {
      const { options: settings, splitSeed } = setup;
      const material = openMaterial(setup);
      const { corpus, vocabulary } = material;
      return createPretextSampler({
        sources: pairSources(material, kind, settings, splitSeed),
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
      const pairLoss = sentencePairHead(context, shared, type);
      if (!maskedWordsLoss || !pairLoss) return namedLoss(program, undefined);
      output(program, 'maskedWordsLoss', maskedWordsLoss);
      output(program, `${pair}Loss`, pairLoss);
      return namedLoss(program, add(maskedWordsLoss, pairLoss));
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
          const { metrics: ofSentences, confusion, perClass, scored } = sentences.result();
          const loss = (ofWords.loss ?? Number.NaN) + (ofSentences.loss ?? Number.NaN);
          return {
            metrics: { loss, ...namedAfter('maskedWords', ofWords), ...namedAfter(pair, ofSentences) },
            ...(confusion && { confusion }),
            ...(perClass && { perClass }),
            ...(correct && { correct }),
            ...(scored && { scored }),
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
          ...pairBaselines(sampler, corpus.tokenizer, settings.length, 0, signal).map((one) => renamed(pair, one)),
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
        classAnswer(question, logits?.data, classes, top),
        ...(await predictMasks(model, example, placesOf(settings, 'prediction'), top)),
      ];
      return answers.map((answer) => ({ ...answer, isTruncated: first.length + second.length > capacity }));
    },
  };
}
