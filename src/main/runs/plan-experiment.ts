/** What an experiment would do, without doing it: `run --dry-run`. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { programFlops } from '../graph/op.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import type { TransferReport } from '../../shared/spec/run/transfer.ts';
import { matchParameters, requireTransfer } from '../training/fine-tuning.ts';
import { countParameters } from '../training/model.ts';
import { classSides, requireExamples, sideWarnings, type ClassSides } from './check-sides.ts';
import { checkModel } from './create-run.ts';
import { findBasis, takenOver } from './basis.ts';
import type { Waiting } from './encoded-corpus.ts';
import { imageWarnings } from './network-images.ts';
import { prepareRun } from './prepare.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface ExperimentPlan {
  readonly experiment: Experiment;
  readonly data: { readonly kind: string; readonly name: string; readonly trainingExamples: number };
  readonly evaluationBatches: { readonly validation: number; readonly test: number };
  readonly totalSteps: number;
  readonly epochs: number;
  readonly parameters: { readonly total: number; readonly trainable: number };
  /** Floating-point operations of one step, forward and backward, without the optimizer. */
  readonly flopsPerStep: number;
  readonly weights: { readonly label: string; readonly transfer: TransferReport } | null;
  readonly tokenizer: string | null;
  /** Of classified data: how many examples of each class are on each side. */
  readonly classes: readonly ClassSides[] | null;
  /** What will be hard to measure. */
  readonly warnings: readonly string[];
}

/** The classes on each side of the split, and what will be hard to measure. Throws as `planExperiment` does of data. */
export async function planClasses(
  workspace: Workspace,
  asked: Experiment,
  waiting: Waiting = {},
): Promise<Pick<ExperimentPlan, 'classes' | 'warnings'>> {
  const { experiment, material, tokenizer } = await findBasis(workspace, asked, waiting);
  const { sampler } = prepareRun(experiment, material, tokenizer?.file);
  try {
    requireExamples(sampler, experiment.task.testFraction);
    const classes = classSides(sampler);
    return { classes: classes ?? null, warnings: [...imageWarnings(sampler), ...sideWarnings(classes ?? [])] };
  } finally {
    sampler.close();
  }
}

/** Throws whatever a run would fail with before its first step. */
export async function planExperiment(
  workspace: Workspace,
  asked: Experiment,
  waiting: Waiting = {},
): Promise<ExperimentPlan> {
  const { experiment, material, weights, tokenizer } = await findBasis(workspace, asked, waiting);
  const prepared = prepareRun(experiment, material, tokenizer?.file);
  const { sampler, plan } = prepared;
  try {
    requireExamples(sampler, experiment.task.testFraction);
    const program = checkModel(prepared);
    const classes = classSides(sampler);
    const taken =
      weights &&
      (await takenOver(workspace, experiment, sampler.classes, (await readSafetensors(weights.file)).tensors));
    const transfer = taken && matchParameters(program, taken.tensors, taken.heads).report;
    if (weights && transfer) requireTransfer(transfer, weights.label);
    const batchSize = experiment.evaluation.batchSize ?? plan.batchSize;
    const examplesPerStep = plan.batchSize * plan.gradientAccumulationSteps;
    return {
      experiment,
      data: { kind: material.kind, name: material.name, trainingExamples: sampler.trainingExamples },
      evaluationBatches: {
        validation: sampler.evaluationBatchCount('validation', batchSize),
        test: sampler.evaluationBatchCount('test', batchSize),
      },
      totalSteps: plan.totalSteps,
      epochs: (plan.totalSteps * examplesPerStep) / sampler.trainingExamples,
      parameters: countParameters(program),
      flopsPerStep: programFlops(program) * plan.gradientAccumulationSteps,
      weights: weights && transfer ? { label: weights.label, transfer } : null,
      tokenizer: tokenizer?.label ?? null,
      classes: classes ?? null,
      warnings: [...imageWarnings(sampler), ...sideWarnings(classes ?? [])],
    };
  } finally {
    sampler.close();
  }
}
