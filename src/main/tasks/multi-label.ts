/** Multi-label classification: any number of labels for a text, an image or a recording, each a yes or no of its own. */
import type { LabelSet } from './targets/facts.ts';
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import { constant, input, output, sigmoid } from '../graph/index.ts';
import { declareInputs } from '../nn/pipeline.ts';
import { targetWords } from '../data/import/targets.ts';
import { encodeQuery } from './encode-query.ts';
import { rowsOfTargets } from './linear/numbers.ts';
import { logisticRegressions } from './linear/several-labels.ts';
import { labelAnswers, MIDDLE } from './targets/answers.ts';
import { demoFormsOf } from './targets/demo-forms.ts';
import { inspectLabels } from './targets/multi-label-audit.ts';
import { classicalLabels, multiLabelBaselines } from './targets/multi-label-baselines.ts';
import { multiLabelEvaluation } from './targets/multi-label-evaluation.ts';
import { binaryCrossEntropy } from './targets/multi-label-loss.ts';
import { requireSeveral } from './targets/require-labels.ts';
import { targetLayer } from './targets/target-head.ts';
import type { TargetMaterial } from './targets/target-material.ts';
import { createTargetSampler, openTargetMaterial } from './targets/target-material.ts';
import { targetOptions } from './targets/target-options.ts';
import type { SamplerSetup, TaskFacts } from './task.ts';
import { defineTask } from './task.ts';

const options = z.strictObject({
  ...targetOptions,
  classWeights: z
    .enum(['none', 'balanced'])
    .default('none')
    .describe(
      'Balanced: a label that few examples have counts more where it is there, as often as it is missing for each time',
    ),
});

export type MultiLabelOptions = z.infer<typeof options>;

/** A label of a single example would drown the others. */
const LARGEST_WEIGHT = 100;

defineTask<MultiLabelOptions>({
  type: 'multi-label',
  title: 'Multi-label classification',
  summary:
    'Gives a text, an image or a recording any number of labels, from a dataset with several labels for each example.',
  kind: 'supervised',
  data: ['text-dataset', 'image-dataset', 'audio-dataset'],
  options,
  metrics: ['macroF1', 'microF1', 'averagePrecision', 'auroc', 'exactMatches', 'loss'],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler(setup) {
    const { material, several } = openSeveral(setup);
    const { names, values } = several;
    return createTargetSampler(
      material,
      {
        rows(examples) {
          const rows = new Float32Array(examples.length * names.length);
          for (const [row, example] of examples.entries()) {
            if (example === undefined) continue;
            rows.set(values.subarray(example * names.length, (example + 1) * names.length), row * names.length);
          }
          return rows;
        },
        describe: (example) => `Labels: ${targetWords(several, example)}`,
      },
      { labelSet: { names, positiveWeights: positiveWeights(values, names.length, material.sides.training) } },
    );
  },
  build(context, backbone, settings, facts) {
    const { program, mode, batchSize } = context;
    const set = setOf(facts);
    const inputs = declareInputs(context);
    const shape = { task: 'multi-label', targets: set.names.length };
    const logits = targetLayer(context, backbone(inputs), inputs.mask, settings, shape);
    if (mode === 'prediction') {
      output(program, 'probabilities', sigmoid(logits));
      return { loss: constant(program, 0) }; // there is nothing to compare with, and its program does not output this
    }
    if (mode === 'evaluation') output(program, 'logits', logits);
    const truth = input(program, 'targets', 'float32', [batchSize, set.names.length]);
    const weights = input(program, 'weights', 'float32', [batchSize]);
    const balanced = settings.classWeights === 'balanced' ? set.positiveWeights : undefined;
    const loss = binaryCrossEntropy(logits, truth, weights, balanced);
    output(program, 'loss', loss);
    return { loss };
  },
  evaluation: (_options, facts, thresholds) => multiLabelEvaluation(setOf(facts).names, thresholds),
  async baselines(_sampler, settings, setup, signal) {
    const { material, several } = openSeveral({ ...setup, options: settings });
    try {
      return await multiLabelBaselines(material, several.names, several.values, signal);
    } finally {
      material.source.close();
    }
  },
  classical(setup) {
    const { material, several } = openSeveral(setup);
    return classicalLabels(material, several.names, several.values);
  },
  linear: { rows: rowsOfTargets, method: (labels, facts) => logisticRegressions(labels, setOf(facts).names) },
  async inspect(inspection) {
    const { material, several } = openSeveral(inspection.setup);
    material.source.close();
    const { names, values } = several;
    const trained = names.map((_, label) => countOf(values, names.length, label, material.sides.training));
    return inspectLabels(inspection, names, trained);
  },
  suggested: { suits: ({ targets }) => targets === 'several' },
  answers: labelAnswers,
  demo: { form: demoFormsOf('label') },
  async predict(model, query, { separators }) {
    const { feeds, isTruncated } = encodeQuery(model, query, separators);
    const { probabilities } = await model.run(feeds);
    if (!probabilities) throw new LabError('internal', "the prediction program has no output 'probabilities'");
    const { names, thresholds } = setOf(model);
    const choices = names.map((label, index) => {
      const probability = probabilities.data[index]!;
      return { label, probability, isChosen: probability >= (thresholds?.[index] ?? MIDDLE) };
    });
    choices.sort((a, b) => b.probability - a.probability);
    const shown = choices.filter(({ isChosen }, place) => isChosen || place < query.top);
    return [{ question: 'Which labels?', choices: shown, ...(isTruncated && { isTruncated }) }];
  },
});

function setOf({ labelSet }: Pick<TaskFacts, 'labelSet'>): LabelSet {
  if (!labelSet) throw new LabError('internal', 'multi-label without its labels');
  return labelSet;
}

/** Examples without a label for each one with it, over the training side; 1 for a label that it does not have. */
function positiveWeights(values: Uint8Array, labels: number, training: Uint32Array): number[] {
  return Array.from({ length: labels }, (_, label) => {
    const positives = countOf(values, labels, label, training);
    return positives === 0 ? 1 : Math.min(LARGEST_WEIGHT, Math.max(1, training.length - positives) / positives);
  });
}

/** Examples that have a label. */
function countOf(values: Uint8Array, labels: number, label: number, examples: Uint32Array): number {
  let count = 0;
  for (const example of examples) count += values[example * labels + label]!;
  return count;
}

function openSeveral(setup: SamplerSetup<MultiLabelOptions>): {
  readonly material: TargetMaterial;
  readonly several: ReturnType<typeof requireSeveral>;
} {
  const material = openTargetMaterial(setup);
  try {
    return { material, several: requireSeveral(material.source, setup.dataFolder) };
  } catch (error) {
    material.source.close();
    throw error;
  }
}
