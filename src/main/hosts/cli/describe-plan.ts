/** What an experiment would do, as text. */
import { formatCount, formatNumber } from '../../../shared/display.ts';
import type { ExperimentPlan } from '../../runs/plan-experiment.ts';
import { describeTransfer } from './describe-run.ts';
import { pairs } from './output.ts';

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
