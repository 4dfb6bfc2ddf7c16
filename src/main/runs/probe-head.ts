/**
 * The head of a classifier as a linear probe of the network that it begins with: logistic regression on frozen features, its
 * penalty chosen on validation examples. Training from there changes the features less than training from a drawn head, whose first
 * gradients are noise (A. Kumar et al., "Fine-tuning can distort pretrained features and underperform out-of-distribution", 2022).
 */
import { LabError } from '../../shared/errors.ts';
import { formatPercent } from '../../shared/display.ts';
import type { NewRunEvent } from '../../shared/spec/run/events.ts';
import type { Tensor } from '../engines/engine.ts';
import type { Program } from '../graph/program.ts';
import { fitLinearProbe, linearLayerOf } from '../tasks/baselines/linear-probe.ts';
import { logLoss } from '../tasks/metrics/probabilistic.ts';
import type { TaskSampler } from '../tasks/task.ts';
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

/** Throws `LabError('bad-spec')` for a task whose head is no classifier, or one with a layer of its own before the classes. */
export function requireProbe({ classes, labelledBatch }: TaskSampler, task: string, hidden: unknown): void {
  if (hidden !== undefined && hidden !== 'none') {
    throw new LabError(
      'bad-spec',
      `training.linearProbeFirst: a linear probe is a head of one layer. Leave task.hidden out, which is ${String(hidden)}`,
    );
  }
  if (classes && labelledBatch) return;
  throw new LabError('bad-spec', `training.linearProbeFirst: ${task} has no classes to fit a linear probe to`);
}

/** The head's parameters by name; undefined when it was stopped. The test examples are not looked at. */
export async function probeHead(options: ProbeHeadOptions): Promise<ReadonlyMap<string, Tensor> | undefined> {
  const { prepared, program, signal, onPhase, emit } = options;
  const { experiment, task, sampler } = prepared;
  requireProbe(sampler, task.type, experiment.task.hidden);
  const withoutTest = { ...experiment, evaluation: { ...experiment.evaluation, test: false } };
  try {
    onPhase?.('Computing features for the linear probe');
    const { sides, classes } = await computeFrozenFeatures({
      ...options,
      prepared: { ...prepared, experiment: withoutTest },
      onStart: () => undefined,
    });
    onPhase?.('Fitting the linear probe');
    const probe = await fitLinearProbe(sides.training, sides.validation, classes.length, {
      signal,
      // As frozen features are chosen: the metric that selects checkpoints of classifiers.
      score: (probabilities) => -logLoss(probabilities, sides.validation.labels, classes.length),
    });
    const { weight, bias } = linearLayerOf(probe);
    const names = findLinearHead(program, sides.training.features.columns, classes.length);
    emit({
      type: 'notice',
      step: 0,
      message: `The head starts as a linear probe: ${formatPercent(probe.validationAccuracy, 1)} of the validation examples are right (penalty ${probe.model.penalty})`,
    });
    return new Map<string, Tensor>([
      [names.weight, { shape: [sides.training.features.columns, classes.length], data: weight }],
      [names.bias, { shape: [classes.length], data: bias }],
    ]);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** The layer from the embeddings to the classes. */
function findLinearHead(
  program: Program,
  features: number,
  classes: number,
): { readonly weight: string; readonly bias: string } {
  for (const { name, shape } of program.parameters.values()) {
    if (!isUnder(name, 'head') || !name.endsWith('/output/weight')) continue;
    const bias = name.replace(/weight$/, 'bias');
    if (shape[0] === features && shape[1] === classes && program.parameters.has(bias)) return { weight: name, bias };
  }
  throw new LabError('internal', `the head has no linear layer from ${features} features to ${classes} classes`);
}
