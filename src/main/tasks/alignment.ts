/**
 * Alignment: which residues of two related sequences stand above each other, and whether the sequences are related at all. One encoder
 * reads both, products of their residue embeddings score every pair of residues, and a differentiable dynamic program makes of the
 * scores a probability of every alignment (J. Morton et al., “Protein structural alignments from sequence”, 2020).
 */
import { z } from 'zod';
import { alignedRows } from '../data/text/aligned-pair.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { alignmentHead } from './alignment/head.ts';
import { alignmentAnswers } from './alignment/answers.ts';
import { chooseClassical, classicalAlignments } from './alignment/classical.ts';
import { decodings, readAlignment } from './alignment/decoding.ts';
import { alignmentEvaluation } from './alignment/evaluation.ts';
import { inspectAlignments } from './alignment/pictures.ts';
import {
  openPairs,
  pairFeeds,
  requireFitting,
  truthFeeds,
  type PairMaterial,
  type SequencePair,
} from './alignment/pairs.ts';
import { labelledBatches } from './labelled/batches.ts';
import { totalBudgetOption } from './labelled/label-budget.ts';
import { splitOptions } from './labelled/split-options.ts';
import type { TaskSampler } from './task.ts';
import { defineTask } from './task.ts';
import { lengthOption } from './text/corpus-options.ts';
import { lengthOf, requireText, tokenizerOf } from './text/prediction.ts';

const options = z.strictObject({
  length: lengthOption.describe('Residues that are read of a sequence, and two more for its begin and end'),
  embeddingSize: z
    .int()
    .min(1)
    .max(1024)
    .default(64)
    .describe('Numbers that stand for a residue when pairs are scored'),
  matchWeight: z
    .number()
    .min(0)
    .max(100)
    .default(1)
    .describe('Weight of telling related pairs from unrelated ones, beside the alignment; 0 learns alignments alone'),
  decoding: z
    .enum(decodings)
    .default('posterior')
    .describe('posterior: the alignment with the most pairs that are expected to be right; viterbi: the likeliest one'),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of the features of residues while training'),
  ...splitOptions('pairs'),
  labelBudget: totalBudgetOption('pairs'),
});

export type AlignmentOptions = z.infer<typeof options>;

defineTask<AlignmentOptions>({
  type: 'alignment',
  title: 'Sequence alignment',
  summary:
    'Aligns two related sequences of residues, and tells whether they are related: one encoder, and a differentiable Needleman–Wunsch with learned gaps.',
  kind: 'supervised',
  data: ['text-dataset'],
  options,
  metrics: ['alignedF1', 'alignedRecall', 'alignedPrecision', 'auroc', 'loss'],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler: (setup) => createSampler(openPairs(setup), setup.options),
  build(context, backbone, settings) {
    const inputs = declareInputs({ ...context, batchSize: 2 * context.batchSize });
    const sequence = backboneOutput(backbone(inputs), 'sequence', 'alignment');
    return alignmentHead(context, sequence, inputs, settings);
  },
  evaluation: ({ decoding, matchWeight }) => alignmentEvaluation(decoding, matchWeight),
  baselines(_sampler, settings, setup) {
    const material = openPairs({ ...setup, options: settings });
    try {
      return Promise.resolve(classicalAlignments(material));
    } finally {
      material.dataset.close();
    }
  },
  bestClassical: (setup) => chooseClassical(openPairs(setup)),
  inspect: inspectAlignments,
  answers: alignmentAnswers,
  suggested: {
    suits: ({ targets }) => targets === 'alignments',
    presets: ['bilstm-classifier'],
    fewLabels: { steps: 60, batchSize: 8, learningRate: 4e-3, budget: 'total' },
  },
  demo: { form: () => 'align-pair' },
  predictsOneByOne: true, // both sequences of a pair lie in one batch
  async predict(model, { text, textPair }, { decoding }) {
    const length = lengthOf(model);
    const [first, second] = [text, textPair].map((given) =>
      requireText(given, 'two sequences').replace(/[\s.-]+/gu, ''),
    ) as [string, string]; // two of them
    for (const sequence of [first, second]) requireFitting(sequence, length);
    const outputs = await model.run(pairFeeds(tokenizerOf(model), [{ first, second }], length));
    const sizes = { rows: first.length, columns: second.length };
    const { alignment, pairs, related } = readAlignment(outputs, 0, sizes, decoding);
    const rows = alignedRows(first, second, alignment);
    const probabilities = rows.columns.map((column) =>
      column.first < 0 || column.second < 0 ? null : pairs[column.first * sizes.columns + column.second]!,
    );
    return [
      {
        question: 'Alignment',
        choices: [
          { label: 'related', probability: related },
          { label: 'unrelated', probability: 1 - related },
        ].sort((a, b) => b.probability - a.probability),
        alignment: {
          first: rows.first,
          second: rows.second,
          probabilities,
          pairs: Array.from(pairs),
        },
      },
    ];
  },
});

function createSampler({ dataset, tokenizer, sides, pair }: PairMaterial, { length }: AlignmentOptions): TaskSampler {
  const kinds = new Set(Array.from(sides.training, (example) => pair(example).isRelated));
  const createBatch = (examples: readonly (number | undefined)[]) => {
    const pairs = examples.map((example) => (example === undefined ? undefined : pair(example)));
    return { ...pairFeeds(tokenizer, pairs, length), ...truthFeeds(pairs, { length, compared: kinds.size > 1 }) };
  };
  const { trainingExample, trainingStep, labelledBatch: _inOrder, ...batches } = labelledBatches(sides, createBatch);
  return {
    input: { kind: 'tokens', length, vocabularySize: tokenizer.vocabularySize },
    ...batches,
    trainingBatch: (seed, step, batchSize) => createBatch(trainingStep(seed, step, batchSize)),
    preview: (seed, count) =>
      Array.from({ length: count }, (_, row) => ({
        kind: 'text',
        text: showPair(pair(trainingExample(seed, row))),
      })),
    close: () => {
      dataset.close();
    },
  };
}

function showPair({ first, second, alignment, isRelated }: SequencePair): string {
  if (!alignment) return `${first}\n${second}\n${isRelated ? 'related' : 'unrelated'}`;
  const rows = alignedRows(first, second, alignment.aligned);
  return `${rows.first}\n${rows.second}`;
}
