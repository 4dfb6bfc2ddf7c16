/** Text classification: the labelled task that measures what pretraining on text gained. */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import type { Value } from '../graph/index.ts';
import { gelu, sizeAt } from '../graph/index.ts';
import { poolByAttention } from '../nn/blocks/attention-pooling.ts';
import { poolSequence, poolings } from '../nn/blocks/sequence-pooling.ts';
import { activations, denseLayer, normalizationLayer } from '../nn/layers.ts';
import type { Backbone } from '../nn/pipeline.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { classAnswer, classAnswers } from './classification/answers.ts';
import { classEvaluation } from './classification/evaluation.ts';
import { classHead } from './classification/head.ts';
import { classFeeds, classWeights } from './classification/labelled-classes.ts';
import { unequalClassMetricNames } from './classification/metrics.ts';
import { classificationOptions } from './classification/options.ts';
import { labelledBatches } from './labelled/batches.ts';
import { classicalClasses, linearClasses } from './linear/classes.ts';
import { namedLoss } from './named-loss.ts';
import type { Feeds, PreviewItem, TaskSampler } from './task.ts';
import { defineTask } from './task.ts';
import { wordBaselines } from './text/baselines.ts';
import { classicalTexts } from './text/classical-texts.ts';
import { lengthOption, separatorsOption } from './text/corpus-options.ts';
import type { LabelledTexts } from './text/labelled-texts.ts';
import { createEncoder, encodeParts, openLabelledTexts } from './text/labelled-texts.ts';
import { encodeExample, lengthOf, requireText, tokenizerOf } from './text/prediction.ts';
import { groupedByLength } from './text/length-grouping.ts';
import { createTokenBatch, writePaddingRow, writePair, writeSingle } from './text/token-batch.ts';
import { showTokens } from './text/vocabulary.ts';

const options = z.strictObject({
  length: lengthOption,
  pooling: z
    .enum([...poolings, 'attention', 'vector'])
    .default('mean')
    .describe(
      "How a text becomes one vector: its first position ([CLS]) or last one, the mean or maximum over its tokens, their mean weighted by learned attention, or the pipeline's own output 'vector'",
    ),
  hidden: z
    .enum(['none', 'tanh', 'relu', 'gelu-normalised'])
    .default('none')
    .describe(
      "A layer of as many features between the pooled vector and the classes: none, or as in BERT's and RoBERTa's classifiers (tanh), DistilBERT's (relu), or ModernBERT's (GELU and layer normalisation, without biases)",
    ),
  separators: separatorsOption,
  dropout: z.number().min(0).max(0.9).default(0.1).describe('Dropout before the classes while training'),
  ...classificationOptions('examples'),
  batches: z
    .enum(['random', 'by-length'])
    .default('random')
    .describe(
      'by-length: texts of similar length are trained on together, so that batches of short ones take less time; the order is random otherwise',
    ),
});

export type TextClassificationOptions = z.infer<typeof options>;

export const textClassification = defineTask<TextClassificationOptions>({
  type: 'text-classification',
  title: 'Text classification',
  summary: 'Assigns a text, or a pair of texts, to one of several classes, from a labelled dataset.',
  kind: 'supervised',
  data: ['text-dataset'],
  options,
  metrics: unequalClassMetricNames,
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler(setup) {
    return createSampler(openLabelledTexts(setup), setup.options);
  },
  build(context, backbone, { pooling, hidden, dropout }, { classes = [] }) {
    const inputs = declareInputs(context);
    const outputs = backbone(inputs);
    const loss = classHead(context, {
      scope: 'text-classes',
      classCount: classes.length,
      dropout,
      pooled: () => poolText(outputs, inputs.mask, pooling),
      hidden: (pooled) => hiddenLayer(pooled, hidden),
    });
    return namedLoss(context.program, loss);
  },
  evaluation: (_options, { classes = [] }) => classEvaluation(classes),
  async baselines(_sampler, settings, setup, signal) {
    const texts = openLabelledTexts({ ...setup, options: settings });
    try {
      return await wordBaselines(texts, signal);
    } finally {
      texts.dataset.close();
    }
  },
  classical: (setup) => classicalClasses(classicalTexts(openLabelledTexts(setup))),
  linear: linearClasses,
  answers: classAnswers,
  demo: { form: () => 'classify-text' },
  suggested: {
    suits: ({ targets }) => targets === undefined,
    fewLabels: { steps: 120, batchSize: 16, learningRate: 5e-4, budget: 'total' },
  },
  async predict(model, { text, textPair, top }, { separators }) {
    const tokenizer = tokenizerOf(model);
    const length = lengthOf(model);
    const parts = encodeParts(tokenizer, requireText(text, 'a text'), textPair, length, separators);
    const { logits } = await model.run(encodeExample(tokenizer, length, parts.text, parts.pair, separators).feeds);
    const answer = classAnswer('Which class?', logits?.data, model.classes ?? [], top);
    return [{ ...answer, isTruncated: parts.isTruncated }];
  },
});

/** Units of the network that rates the positions in attention pooling. */
const RATING_FEATURES = 64;

function poolText(backbone: Backbone, mask: Value | undefined, pooling: TextClassificationOptions['pooling']): Value {
  const { sequence: given, vector } = backbone.outputs;
  if (pooling === 'vector') {
    if (!vector && given) {
      throw otherPooling('The pipeline gives a sequence and no vector', 'mean', 'Pool the sequence by its mean');
    }
    return backboneOutput(backbone, 'vector', 'text-classification');
  }
  if (!given && vector) {
    throw otherPooling(
      'The pipeline gives a vector for a text and no sequence to pool',
      'vector',
      "Use the pipeline's vector",
    );
  }
  const sequence = backboneOutput(backbone, 'sequence', 'text-classification');
  if (pooling === 'attention') return poolByAttention(sequence, mask, RATING_FEATURES).vector;
  return poolSequence(sequence, mask, pooling);
}

/** The pipeline is right and the option is not. */
function otherPooling(found: string, pooling: TextClassificationOptions['pooling'], title: string): LabError {
  return new LabError('bad-spec', `task.pooling: ${found}. Set task.pooling to ${pooling}`, {
    mend: { title, set: { 'task.pooling': pooling } },
  });
}

/** The classifiers of the references have a layer of their own before the classes. */
function hiddenLayer(pooled: Value, kind: TextClassificationOptions['hidden']): Value {
  if (kind === 'none') return pooled;
  const isNormalised = kind === 'gelu-normalised';
  const projected = denseLayer(pooled, 'hidden', sizeAt(pooled.shape, -1), { bias: !isNormalised });
  if (!isNormalised) return activations[kind](projected);
  return normalizationLayer(gelu(projected), 'normalisation', { epsilon: 1e-5, bias: false });
}

function createSampler(texts: LabelledTexts, settings: TextClassificationOptions): TaskSampler {
  const { dataset, tokenizer, sides } = texts;
  const { special } = tokenizer;
  const { length, separators } = settings;
  const encode = createEncoder(texts, length, separators);
  const lossWeights = classWeights(texts, settings.classWeights);

  /** Rows of examples; undefined stands for none. Weights of classes count in training alone. */
  function createBatch(examples: readonly (number | undefined)[], weights?: Float32Array): Feeds {
    const batch = createTokenBatch(examples.length, length, special);
    for (const [row, example] of examples.entries()) {
      if (example === undefined) {
        writePaddingRow(batch, row, special);
        continue;
      }
      const { text, pair } = encode(example);
      if (pair) writePair(batch, row, text, pair, special, separators);
      else writeSingle(batch, row, text, special);
    }
    const { tokens, segments, mask } = batch;
    return { tokens, segments, mask, ...classFeeds(dataset, examples, weights) };
  }

  function describe(example: number): PreviewItem {
    const { text, pair } = encode(example);
    const parts = [text, ...(pair ? [pair] : [])].map((ids) => showTokens(tokenizer, ids));
    return { kind: 'text', text: parts.join('\n'), note: `Label: ${dataset.classes[dataset.label(example)]!}` };
  }

  const { trainingExample, trainingStep, ...batches } = labelledBatches(sides, (examples) => createBatch(examples));
  const trainingExamples =
    settings.batches === 'by-length'
      ? groupedByLength(trainingExample, (example) => {
          const { text, pair } = encode(example);
          return text.length + (pair?.length ?? 0);
        })
      : trainingStep;

  return {
    input: { kind: 'tokens', length, vocabularySize: tokenizer.vocabularySize },
    classes: dataset.classes,
    labels: dataset.labels,
    ...batches,
    trainingBatch: (seed, step, batchSize) => createBatch(trainingExamples(seed, step, batchSize), lossWeights),
    preview: (seed, count) => Array.from({ length: count }, (_, row) => describe(trainingExample(seed, row))),
    close: () => {
      dataset.close();
    },
  };
}
