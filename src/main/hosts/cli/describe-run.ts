/** What a run found, as text. */
import { formatDuration } from '../../../shared/eta.ts';
import { formatCount, formatNumber, plural } from '../../../shared/display.ts';
import { metricOf } from '../../../shared/metrics.ts';
import type { RunEvent } from '../../../shared/spec/run/events.ts';
import type { EvaluatedSplit, RunResult } from '../../../shared/spec/run/result.ts';
import { rowKind } from '../../../shared/spec/run/result.ts';
import type { TransferReport } from '../../../shared/spec/run/transfer.ts';
import type { Column } from './output.ts';
import { pairs, table, wrap } from './output.ts';

/** Metrics beside the baselines, the confusion matrix, and what it took. */
export function describeResult(result: RunResult): string {
  const { training, evaluation, baselines, monitoring } = result.seconds;
  const { name, device, deviceName, precision } = result.engine;
  const facts: [string, string][] = [
    ['run', result.id],
    [
      'steps',
      `${result.steps}${result.reason === 'early-stopping' ? ' (stopped early)' : ''}, best at ${result.bestStep ?? '–'} by ${result.selection.metric}`,
    ],
    ['parameters', `${formatCount(result.parameters.total)}, ${formatCount(result.parameters.trainable)} trained`],
    [
      'engine',
      `${name}, ${device}: ${deviceName}${precision === undefined ? '' : `, trained with products of ${precision}`}`,
    ],
    [
      'time',
      `training ${formatDuration(training * 1000)} (${result.examplesPerSecond.toFixed(0)} examples/s), evaluation ${formatDuration(evaluation * 1000)}, baselines ${formatDuration(baselines * 1000)}${monitoring === undefined ? '' : `, evaluations on the way ${formatDuration(monitoring * 1000)}`}`,
    ],
  ];
  const decisive = result.test ?? result.validation;
  return [
    pairs(facts),
    metricsTable(result),
    ...(result.audit ? [auditTable(result.audit)] : []),
    ...(decisive.perClass ? [classTable(decisive.perClass, rowKind(decisive))] : []),
    ...(decisive.targets ? [targetTable(decisive.targets)] : []),
    ...(decisive.confusion ? [confusionTable(decisive.confusion)] : []),
  ].join('\n\n');
}

/** A line for each metric: there may be more of them than fit side by side. */
function metricsTable({ validation, test, baselines }: RunResult): string {
  const splits = [
    { title: 'validation', metrics: validation.metrics },
    ...(test ? [{ title: 'test', metrics: test.metrics }] : []),
  ];
  const names = [...new Set([...splits, ...baselines].flatMap(({ metrics }) => Object.keys(metrics)))];
  const baselinesAt = (metric: string): string =>
    baselines
      .flatMap(({ name, metrics }) => (metric in metrics ? [`${showNumber(metrics[metric])} ${name}`] : []))
      .join(', ');
  return table(
    [{ title: 'metric' }, ...splits.map(({ title }): Column => ({ title, align: 'right' })), { title: 'baselines' }],
    names.map((metric) => [metric, ...splits.map(({ metrics }) => showNumber(metrics[metric])), baselinesAt(metric)]),
  );
}

function auditTable(audit: NonNullable<RunResult['audit']>): string {
  const rows = audit.map(({ name, value, reference }) => [name, showNumber(value), showNumber(reference)]);
  const warnings = audit.flatMap(({ warning }) => (warning === undefined ? [] : [wrap(`Warning: ${warning}`, 2)]));
  return [
    table([{ title: 'audit' }, { title: 'value', align: 'right' }, { title: 'compare with', align: 'right' }], rows),
    ...warnings,
  ].join('\n');
}

const countedAs = { class: 'examples', label: 'examples', entity: 'entities', tag: 'words' } as const;

function classTable(perClass: NonNullable<EvaluatedSplit['perClass']>, title: ReturnType<typeof rowKind>): string {
  const numeric = ['precision', 'recall', 'f1'] as const;
  return table(
    [{ title }, ...[...numeric, countedAs[title]].map((name): Column => ({ title: name, align: 'right' }))],
    perClass.map((row) => [row.name, ...numeric.map((name) => showNumber(row[name])), String(row.support)]),
  );
}

/** Each target in its own unit. */
function targetTable(targets: NonNullable<EvaluatedSplit['targets']>): string {
  const numeric = ['rmse', 'mae', 'r2', 'spearman'] as const;
  return table(
    [{ title: 'target' }, ...numeric.map((name): Column => ({ title: metricOf(name).title, align: 'right' }))],
    targets.map((row) => [row.name, ...numeric.map((name) => showNumber(row[name]))]),
  );
}

function confusionTable({ classes, counts }: NonNullable<EvaluatedSplit['confusion']>): string {
  return table(
    [{ title: 'true \\ predicted' }, ...classes.map((title): Column => ({ title, align: 'right' }))],
    counts.map((row, index) => [classes[index] ?? '', ...row.map(String)]),
  );
}

/** What came from where, grouped by part of the network; single parameters only where something is odd. */
export function describeTransfer({ matched, fresh, mismatched, unused }: TransferReport): string {
  const lines = [
    `Weights taken over: ${summarise(matched)}`,
    `New in this network: ${summarise(fresh)}`,
    ...(mismatched.length > 0 ? ['Did not fit, so they start fresh:'] : []),
    ...mismatched.map(({ name, shape, found }) => `  ${name}: [${shape.join(', ')}] here, [${found.join(', ')}] there`),
    ...matched.flatMap(({ name, shape, found }) =>
      found ? [`  ${name}: cropped from [${found.join(', ')}] to [${shape.join(', ')}]`] : [],
    ),
    `Not used of the source: ${summarise(unused)}`,
  ];
  return lines.join('\n');
}

function summarise(parameters: readonly { readonly name: string }[]): string {
  const counts = new Map<string, number>();
  for (const { name } of parameters) {
    const part = name.split('/').slice(0, 2).join('/');
    counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  if (counts.size === 0) return 'nothing';
  return [...counts].map(([part, count]) => `${part} (${count})`).join(', ');
}

export function showNumber(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : formatNumber(value);
}

/** What a person wants to hear of while a run is trained; undefined for the rest. */
export function describeEvent(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'started':
    case 'resumed': {
      const beginning = event.type === 'resumed' ? `Resumed at step ${event.step}` : 'Started';
      const { engine, deviceName, device, trainable, parameters, totalSteps, examplesPerStep } = event;
      return `${beginning}: ${engine} on ${deviceName} (${device}), ${formatCount(trainable)} of ${plural(parameters, 'parameter')} trained, ${totalSteps} steps of ${examplesPerStep} examples`;
    }
    case 'transfer':
      return `Weights of ${event.source}: ${event.matched} matched, ${event.fresh} new, ${event.mismatched} did not fit, ${event.unused} not used`;
    case 'evaluation': {
      const metrics = Object.entries(event.metrics).map(([name, value]) => `${name} ${showNumber(value)}`);
      const best = event.best && event.split === 'validation' ? ' (best)' : '';
      return `Step ${event.step}, ${event.split}: ${metrics.join(', ')}${best}`;
    }
    case 'notice':
      return event.message;
    default:
      return undefined;
  }
}
