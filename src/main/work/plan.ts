/** What an experiment would do, take and need, and what its network will see. */
import type { Item } from '../../shared/contract/common.ts';
import type { ExperimentPlanSummary } from '../../shared/contract/experiments.ts';
import type { PipelineInputSpec } from '../../shared/contract/registry.ts';
import { experimentSpec } from '../../shared/spec/experiment/index.ts';
import { programFlops } from '../graph/op.ts';
import type { PreviewItem } from '../tasks/index.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { matchParameters, requireTransfer } from '../training/fine-tuning.ts';
import { memoryOf } from '../training/memory.ts';
import { countParameters } from '../training/model.ts';
import { classSides, requireExamples, sideWarnings } from '../runs/check-sides.ts';
import { checkModel } from '../runs/create-run.ts';
import { findBasis, takenOver } from '../runs/basis.ts';
import type { Waiting } from '../runs/encoded-corpus.ts';
import { imageWarnings } from '../runs/network-images.ts';
import { prepareRun } from '../runs/prepare.ts';
import { runBytes } from '../files/disk-space.ts';
import { pictureOf } from './pictures.ts';
import type { WorkContext } from './work-context.ts';

export type PlanWithoutTime = Omit<ExperimentPlanSummary, 'estimate'> & {
  readonly memoryBytes: number;
  readonly diskBytes: number;
};

/** Throws whatever a run would fail with before its first step. The spec is complete, with all its defaults. */
export async function planOf(context: WorkContext, { spec }: { readonly spec: unknown }): Promise<PlanWithoutTime> {
  const { workspace } = context;
  const { experiment, material, weights, tokenizer } = await findBasis(
    workspace,
    experimentSpec.parse(spec),
    waitingOf(context),
  );
  const prepared = prepareRun(experiment, material, tokenizer?.file);
  const { sampler, plan, model } = prepared;
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
    const parameters = countParameters(program);
    const named = ({ name, shape }: { readonly name: string; readonly shape: readonly number[] }) => ({
      name,
      shape: [...shape],
    });
    return {
      data: { kind: material.kind, name: material.name, trainingExamples: sampler.trainingExamples },
      evaluationBatches: {
        validation: sampler.evaluationBatchCount('validation', batchSize),
        test: sampler.evaluationBatchCount('test', batchSize),
      },
      classes: classes ?? null,
      warnings: [...imageWarnings(sampler), ...sideWarnings(classes ?? [])],
      input: withoutStatistics(model.facts.input),
      totalSteps: plan.totalSteps,
      epochs: (plan.totalSteps * plan.batchSize * plan.gradientAccumulationSteps) / sampler.trainingExamples,
      parameters: { total: parameters.total, trainable: parameters.trainable },
      flopsPerStep: programFlops(program) * plan.gradientAccumulationSteps,
      weights:
        weights && transfer
          ? {
              label: weights.label,
              matched: transfer.matched.length,
              fresh: transfer.fresh.map(named),
              mismatched: transfer.mismatched.map((one) => ({ ...named(one), found: [...one.found] })),
              unused: transfer.unused.length,
            }
          : null,
      tokenizer: tokenizer?.label ?? null,
      memoryBytes: memoryOf(program, experiment.training),
      diskBytes: runBytes(parameters.total, experiment.training),
    };
  } finally {
    sampler.close();
  }
}

/** What data gives to a pipeline, as the contract has it: the statistics of images belong to the run. */
function withoutStatistics(input: PipelineInputSpec & { readonly statistics?: unknown }): PipelineInputSpec {
  const { statistics: _, ...size } = input;
  return size;
}

/** A page hears how far it is as from an import. */
export function waitingOf({ signal, progress }: WorkContext): Waiting {
  return {
    signal,
    onProgress: (now) => {
      progress({ ...now, skipped: 0 });
    },
  };
}

export async function previewOf(
  context: WorkContext,
  { spec, count, seed }: { readonly spec: unknown; readonly count: number; readonly seed?: number | undefined },
): Promise<Item[]> {
  const { experiment, material, tokenizer } = await findBasis(
    context.workspace,
    experimentSpec.parse(spec),
    waitingOf(context),
  );
  const { sampler } = prepareRun(experiment, material, tokenizer?.file);
  try {
    return await Promise.all(sampler.preview(seed ?? experiment.seed, count).map((item) => itemOf(item)));
  } finally {
    sampler.close();
  }
}

const previewSize = 160;

export async function itemOf(item: PreviewItem, size = previewSize): Promise<Item> {
  const note = item.note === undefined ? {} : { note: item.note };
  if (item.kind === 'text') return { kind: 'text', text: item.text, ...note };
  return { kind: 'image', picture: await pictureOf(item.pixels, item, size), ...note };
}
