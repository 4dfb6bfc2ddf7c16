/** What an experiment would do, as text. */
import { formatCount, formatNumber, plural } from '../../../shared/display.ts';
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
    ['data', `${data.name} (${data.kind}), ${plural(data.trainingExamples, 'training example')}`],
    [
      'evaluation',
      `${plural(evaluationBatches.validation, 'batch', 'batches')} of validation, ${plural(evaluationBatches.test, 'batch', 'batches')} of test`,
    ],
    ['parameters', `${formatCount(parameters.total)}, ${formatCount(parameters.trainable)} trained`],
    [
      'training',
      `${plural(plan.totalSteps, 'step')} of ${training.batchSize} × ${training.gradientAccumulationSteps} examples, ${formatNumber(plan.epochs, 2)} epochs, ${formatNumber(plan.flopsPerStep / 1e9, 1)} GFLOP a step`,
    ],
    ...(tokenizer === null ? [] : [['tokenizer', tokenizer] satisfies [string, string]]),
    ['weights', weights?.label ?? 'from scratch'],
  ];
  return [pairs(facts), ...describeSides(plan), ...(weights ? [describeTransfer(weights.transfer)] : [])].join('\n\n');
}

/** The table of classes, and the warnings; nothing for data without classes. */
export function describeSides({ classes, warnings }: Pick<ExperimentPlan, 'classes' | 'warnings'>): string[] {
  return [
    ...(classes === null ? [] : [describeClasses(classes)]),
    ...(warnings.length === 0 ? [] : [warnings.map((warning) => `Warning: ${warning}`).join('\n')]),
  ];
}

/** Of a table of classes; the smallest ones stand first, and they are what can go wrong. */
const mostClasses = 20;

function describeClasses(classes: NonNullable<ExperimentPlan['classes']>): string {
  const sizeOf = ({ training, validation, test }: (typeof classes)[number]): number => training + validation + test;
  const shown = classes.toSorted((a, b) => sizeOf(a) - sizeOf(b)).slice(0, mostClasses);
  const rows = shown.map(({ name, training, validation, test }) => [
    name,
    ...[training, validation, test].map(formatCount),
  ]);
  const sides = ['training', 'validation', 'test'].map((title) => ({ title, align: 'right' as const }));
  const more = classes.length - shown.length;
  return [
    table([{ title: 'class' }, ...sides], rows),
    ...(more > 0 ? [`and ${plural(more, 'larger class', 'larger classes')}`] : []),
  ].join('\n');
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
