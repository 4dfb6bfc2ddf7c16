/** Next sentence and sentence order differ in what makes a pair wrong; everything else is here. */
import { z } from 'zod';
import { declareInputs } from '../../nn/pipeline.ts';
import { namedLoss } from '../named-loss.ts';
import type { PredictionModel, TaskDefinition } from '../task.ts';
import { pairBaselines } from './baselines.ts';
import { corpusOptions, pairOptions } from './corpus-options.ts';
import { describePair } from './describe.ts';
import { classEvaluation } from '../classification/evaluation.ts';
import { sentencePairHead } from './heads.ts';
import { openTextMaterial } from './material.ts';
import type { PairKind } from './pair-source.ts';
import { hasPairs, pairClasses, pairNeeds, pairSources } from './pair-source.ts';
import type { EncodedText } from './prediction.ts';
import { capacityOf, cutPair, encodeExample, requireText, tokenizerOf } from './prediction.ts';
import { createPretextSampler } from './pretext-sampler.ts';
import { classAnswer, classAnswers } from '../classification/answers.ts';

const options = z.strictObject({ ...corpusOptions, ...pairOptions });

export type PairOptions = z.infer<typeof options>;

export function pairTask(
  kind: PairKind,
  { title, summary, question }: { readonly title: string; readonly summary: string; readonly question: string },
): TaskDefinition<PairOptions> {
  const classes = pairClasses[kind];
  return {
    type: kind,
    title,
    summary,
    kind: 'pretext',
    data: ['text-corpus'],
    options,
    metrics: ['accuracy', 'macroF1', 'balancedAccuracy', 'auroc', 'averagePrecision', 'calibrationError', 'loss'],
    selection: { metric: 'loss', direction: 'minimise' },
    suggested: { suits: (data) => hasPairs(kind, data) },
    openSampler(setup) {
      const { options: settings, splitSeed } = setup;
      const material = openTextMaterial(setup, pairNeeds(kind));
      const { corpus, vocabulary } = material;
      return createPretextSampler({
        sources: pairSources(material, kind, settings, splitSeed),
        length: settings.length,
        vocabularySize: vocabulary.size,
        special: vocabulary.special,
        splitSeed,
        evaluationExamples: settings.evaluationExamples,
        classes,
        describe: (feeds, row) =>
          describePair(corpus.tokenizer, feeds, row, settings.length, classes[feeds.labels?.[row] === 1 ? 1 : 0]),
        close: () => {
          corpus.close();
        },
      });
    },
    build(context, backbone) {
      const loss = sentencePairHead(context, backbone(declareInputs(context)), kind);
      return namedLoss(context.program, loss);
    },
    evaluation: () => classEvaluation(classes),
    async baselines(sampler, settings, setup, signal) {
      const { corpus } = openTextMaterial(setup, pairNeeds(kind));
      try {
        return pairBaselines(sampler, corpus.tokenizer, settings.length, 0, signal);
      } finally {
        corpus.close();
      }
    },
    answers: classAnswers,
    demo: {
      form: () => 'sentence-pair',
      examples: [
        { text: 'the man went to the store .', textPair: 'he bought a gallon of milk .' },
        { text: 'the man went to the store .', textPair: 'penguins are flightless birds .' },
      ],
    },
    async predict(model, { text, textPair, top }) {
      const first = requireText(text, 'two texts');
      const second = requireText(textPair, 'a second text to compare with the first');
      const { feeds, isTruncated } = encodePair(model, first, second);
      const { logits } = await model.run(feeds);
      return [{ ...classAnswer(question, logits?.data, classes, top), isTruncated }];
    },
  };
}

/** Two texts as tokens, the ends of the longer one cut until both fit. */
export function encodePair(
  model: PredictionModel,
  first: string,
  second: string,
): EncodedText & { readonly isTruncated: boolean } {
  const tokenizer = tokenizerOf(model);
  const capacity = capacityOf(model, 2);
  const all = tokenizer.encode(first, { recogniseSpecial: false });
  const allOfPair = tokenizer.encode(second, { recogniseSpecial: false });
  const example = encodeExample(tokenizer, capacity + 3, ...cutPair(all, allOfPair, capacity));
  return { ...example, isTruncated: all.length + allOfPair.length > capacity };
}
