/** What an experiment would do, as text. */
import { formatCount, formatNumber } from '../../../shared/display.ts';
import type { ExperimentPlan } from '../../runs/plan-experiment.ts';
import { describeTransfer } from './describe-run.ts';
import type { ResolvedExperiment } from '../../runs/experiment.ts';
import type { SpecSource } from '../../runs/spec-file.ts';
import { pairs, table } from './output.ts';

export function describePlan(plan: ExperimentPlan): string {
  const { experiment, data, evaluationBatches, parameters, weights, tokenizer } = plan;
  const { training } = experiment;
  const facts: [string, string][] = [
    ['experiment', experiment.name],
    ['task', experiment.task.type],
    ['data', `${data.name} (${data.kind}), ${formatCount(data.trainingExamples)} training examples`],
    ['evaluation', `${evaluationBatches.validation} validation and ${evaluationBatches.test} test batches`],
    ['parameters', `${formatCount(parameters.total)}, ${formatCount(parameters.trainable)} trained`],
    [
      'training',
      `${plan.totalSteps} steps of ${training.batchSize} × ${training.accumulation} examples, ${formatNumber(plan.epochs, 2)} epochs, ${formatNumber(plan.flopsPerStep / 1e9, 1)} GFLOP a step`,
    ],
    ...(tokenizer === null ? [] : [['tokenizer', tokenizer] satisfies [string, string]]),
    ['weights', weights?.label ?? 'from scratch'],
  ];
  return [pairs(facts), ...(weights ? [describeTransfer(weights.transfer)] : [])].join('\n\n');
}

/** Each setting that the run will have, and who said so: the spec's line, the recipe of its preset, or the default. */
export function describeSettings({ settings, recipe }: ResolvedExperiment, source: SpecSource): string {
  const origins = { spec: '', recipe: `recipe of ${recipe ?? ''}`, default: 'default' };
  return table(
    [{ title: 'Setting' }, { title: 'Value', align: 'right' }, { title: 'From' }],
    settings.map(({ path, value, origin }) => [
      path.join('.'),
      String(value),
      origin === 'spec' ? source.locate(path) : origins[origin],
    ]),
  );
}
