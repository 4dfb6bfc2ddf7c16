/** Regression: one or several numbers for texts, images or recordings, in one definition. */
import type { TargetScale } from './targets/facts.ts';
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import { formatNumber } from '../../shared/display.ts';
import { add, constant, input, multiply, output } from '../graph/index.ts';
import { declareInputs } from '../nn/pipeline.ts';
import { numberAnswers } from './targets/answers.ts';
import { demoFormsOf } from './targets/demo-forms.ts';
import { fitScale, standardisedRows } from './targets/number-scale.ts';
import { inspectNumbers } from './targets/regression-audit.ts';
import { classicalNumbers, regressionBaselines } from './targets/regression-baselines.ts';
import { regressionEvaluation } from './targets/regression-evaluation.ts';
import { regressionLoss, regressionLosses } from './targets/regression-loss.ts';
import { requireNumbers } from './targets/require-labels.ts';
import { targetLayer } from './targets/target-head.ts';
import type { TargetMaterial } from './targets/target-material.ts';
import { createTargetSampler, openTargetMaterial } from './targets/target-material.ts';
import type { TargetOptions } from './targets/target-options.ts';
import { targetOptions } from './targets/target-options.ts';
import { encodeQuery } from './encode-query.ts';
import { ridgeRegression, rowsOfTargets } from './linear/numbers.ts';
import type { SamplerSetup, TaskFacts } from './task.ts';
import { defineTask } from './task.ts';

const options = z.strictObject({
  ...targetOptions,
  loss: z
    .enum(regressionLosses)
    .default('squared')
    .describe('Error that training makes small; absolute and Huber errors are less moved by outliers'),
});

export type RegressionOptions = z.infer<typeof options>;

defineTask<RegressionOptions>({
  type: 'regression',
  title: 'Regression',
  summary: 'Predicts one or several numbers of a text, an image or a recording, from a dataset with numbers as labels.',
  kind: 'supervised',
  data: ['text-dataset', 'image-dataset', 'audio-dataset'],
  options,
  metrics: ['rmse', 'mae', 'r2', 'spearman', 'standardisedError'],
  selection: { metric: 'standardisedError', direction: 'minimise' },
  openSampler(setup) {
    const { material, numbers, scale } = openNumbers(setup);
    const { names } = numbers;
    return createTargetSampler(
      material,
      {
        rows: (examples) => standardisedRows(scale, numbers.values, examples),
        describe: (example) =>
          names
            .map((name, target) => `${name}: ${formatNumber(numbers.values[example * names.length + target]!)}`)
            .join(', '),
      },
      { targets: scale },
    );
  },
  build(context, backbone, settings, facts) {
    const { program, mode, batchSize } = context;
    const { names, means, deviations } = scaleOf(facts);
    const inputs = declareInputs(context);
    const shape = { task: 'regression', targets: names.length };
    const standardised = targetLayer(context, backbone(inputs), inputs.mask, settings, shape);
    if (mode === 'prediction') {
      const row = (values: readonly number[]) => constant(program, Float32Array.from(values), [1, names.length]);
      output(program, 'values', add(multiply(standardised, row(deviations)), row(means)));
      return { loss: constant(program, 0) }; // there is nothing to compare with, and its program does not output this
    }
    if (mode === 'evaluation') output(program, 'standardised', standardised);
    const truth = input(program, 'targets', 'float32', [batchSize, names.length]);
    const weights = input(program, 'weights', 'float32', [batchSize]);
    const loss = regressionLoss(standardised, truth, weights, settings.loss);
    output(program, 'loss', loss);
    return { loss };
  },
  evaluation: (_options, facts) => regressionEvaluation(scaleOf(facts)),
  async baselines(_sampler, settings, setup, signal) {
    const { material, numbers, scale } = openNumbers({ ...setup, options: settings });
    try {
      return await regressionBaselines(material, numbers.values, scale, signal);
    } finally {
      material.source.close();
    }
  },
  classical(setup) {
    const { material, numbers, scale } = openNumbers(setup);
    return classicalNumbers(material, numbers.values, scale);
  },
  linear: { rows: rowsOfTargets, method: (labels, facts) => ridgeRegression(labels, scaleOf(facts)) },
  inspect: inspectNumbers,
  suggested: { suits: ({ targets }) => targets === 'numbers' },
  answers: numberAnswers,
  demo: { form: demoFormsOf('estimate') },
  async predict(model, query, { separators }) {
    const { feeds, isTruncated } = encodeQuery(model, query, separators);
    const { values } = await model.run(feeds);
    if (!values) throw new LabError('internal', "the prediction program has no output 'values'");
    return scaleOf(model).names.map((question, target) => ({
      question,
      choices: [],
      value: values.data[target]!,
      ...(isTruncated && { isTruncated }),
    }));
  },
});

function scaleOf({ targets }: Pick<TaskFacts, 'targets'>): TargetScale {
  if (!targets) throw new LabError('internal', 'regression without the scale of its targets');
  return targets;
}

function openNumbers(setup: SamplerSetup<TargetOptions>): {
  readonly material: TargetMaterial;
  readonly numbers: ReturnType<typeof requireNumbers>;
  readonly scale: TargetScale;
} {
  const material = openTargetMaterial(setup);
  try {
    const numbers = requireNumbers(material.source, setup.dataFolder);
    return { material, numbers, scale: fitScale(numbers.names, numbers.values, material.sides.training) };
  } catch (error) {
    material.source.close();
    throw error;
  }
}
