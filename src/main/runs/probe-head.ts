/**
 * The head as a linear probe of the network that it begins with: logistic or ridge regression on frozen features, its penalty
 * chosen on validation examples. Training from there changes the features less than training from a drawn head, whose first
 * gradients are noise (A. Kumar et al., "Fine-tuning can distort pretrained features and underperform out-of-distribution", 2022).
 */
import { LabError } from '../../shared/errors.ts';
import { formatNumber, formatPercent } from '../../shared/display.ts';
import { metricWithin } from '../../shared/metrics.ts';
import { settingsWords } from '../../shared/study/verdict.ts';
import type { NewRunEvent } from '../../shared/spec/run/events.ts';
import type { Tensor } from '../engines/engine.ts';
import type { Program } from '../graph/program.ts';
import type { TaskDefinition } from '../tasks/task.ts';
import { isUnder } from '../training/model.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { computeFrozenFeatures } from './frozen-features.ts';
import type { PreparedRun } from './prepare.ts';

export interface ProbeHeadOptions {
  readonly workspace: Workspace;
  readonly run: RunFolder;
  readonly origin: RunOrigin;
  readonly prepared: PreparedRun;
  /** The network in training. */
  readonly program: Program;
  readonly signal: AbortSignal;
  readonly onPhase?: (phase: string) => void;
  readonly emit: (event: NewRunEvent) => void;
}

/** Throws `LabError('bad-spec')` for a task without labels, or one whose head has a layer of its own before the last. */
export function requireProbe({ type, linear }: TaskDefinition<unknown>, hidden: unknown): void {
  if (hidden !== undefined && hidden !== 'none') {
    throw new LabError(
      'bad-spec',
      `training.linearProbeFirst: a linear probe is a head of one layer. Leave task.hidden out, which is ${String(hidden)}`,
    );
  }
  if (linear) return;
  throw new LabError('bad-spec', `training.linearProbeFirst: ${type} has no labels to fit a linear probe to`);
}

/** The head's parameters by name; undefined when it was stopped. The test examples are not looked at. */
export async function probeHead(options: ProbeHeadOptions): Promise<ReadonlyMap<string, Tensor> | undefined> {
  const { prepared, program, signal, onPhase, emit } = options;
  const { experiment, task } = prepared;
  requireProbe(task, experiment.task.hidden);
  const withoutTest = { ...experiment, evaluation: { ...experiment.evaluation, test: false } };
  try {
    onPhase?.('Computing features for the linear probe');
    const { features, method } = await computeFrozenFeatures({
      ...options,
      prepared: { ...prepared, experiment: withoutTest },
      onStart: () => undefined,
    });
    onPhase?.('Fitting the linear probe');
    // By the metric that selects checkpoints, as frozen features are.
    const { metric, direction } = task.selection;
    const sign = direction === 'minimise' ? -1 : 1;
    const fit = await method.fit(features, { score: ({ metrics }) => sign * (metrics[metric] ?? Number.NaN), signal });
    if (!fit.layer) throw new LabError('internal', 'dense features gave no linear layer');
    const { columns } = features.training;
    const names = findLinearHead(program, columns, method.outputs);
    emit({
      type: 'notice',
      step: 0,
      message: `The head starts as a linear probe: ${reached(fit.evaluate('validation').metrics, task)} (${settingsWords(fit.settings)})`,
    });
    return new Map<string, Tensor>([
      [names.weight, { shape: [columns, method.outputs], data: fit.layer.weight }],
      [names.bias, { shape: [method.outputs], data: fit.layer.bias }],
    ]);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** On the validation examples: the share that is right where there is one, else the task's own metric. */
function reached(metrics: Readonly<Record<string, number>>, { metrics: names }: TaskDefinition<unknown>): string {
  const { accuracy } = metrics;
  if (accuracy !== undefined) return `${formatPercent(accuracy, 1)} of the validation examples are right`;
  const [first] = names;
  if (first === undefined) return 'fitted';
  return `${metricWithin(first)} ${formatNumber(metrics[first] ?? Number.NaN)} on the validation examples`;
}

/** The layer from the embeddings to the outputs. */
function findLinearHead(
  program: Program,
  features: number,
  outputs: number,
): { readonly weight: string; readonly bias: string } {
  for (const { name, shape } of program.parameters.values()) {
    if (!isUnder(name, 'head') || !name.endsWith('/output/weight')) continue;
    const bias = name.replace(/weight$/, 'bias');
    if (shape[0] === features && shape[1] === outputs && program.parameters.has(bias)) return { weight: name, bias };
  }
  throw new LabError('internal', `the head has no linear layer from ${features} features to ${outputs} outputs`);
}
