/** Creates a run: a folder that has everything in it that the run needs besides its material. */
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { sha256Of, verifyFile } from '../files/checksums.ts';
import { writeFolder } from '../files/durable-folder.ts';
import { gradientFlowProgram } from '../training/gradient-flow.ts';
import { memoryOf } from '../training/memory.ts';
import { buildModel, countParameters } from '../training/model.ts';
import type { PreparedRun } from './prepare.ts';
import { findBasis } from './basis.ts';
import type { Waiting } from './encoded-corpus.ts';
import { prepareRun } from './prepare.ts';
import { requireProbe } from './probe-head.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';
import { openEventLog, runFolder, writeJson } from '../workspace/run-folder.ts';
import { newRunId } from '../workspace/runs.ts';
import { requireExamples } from './check-sides.ts';
import { labVersion } from '../files/version.ts';
import type { Workspace } from '../workspace/workspace.ts';

/**
 * Checks the experiment against its data by building its network, then creates the run's folder in `runs`. Throws what is wrong with
 * the experiment before anything is written, and `LabError('conflict')` where there is a run of this id.
 */
export async function createRun(
  workspace: Workspace,
  asked: Experiment,
  id = newRunId(asked.name),
  waiting: Waiting = {},
  runs = workspace.runs,
): Promise<RunFolder> {
  const { experiment, material, weights, tokenizer } = await findBasis(workspace, asked, waiting);
  const tokenizerFile = tokenizer?.file ?? corpusTokenizer(material);
  const prepared = prepareRun(experiment, material, tokenizer?.file);
  let size: ReturnType<typeof countParameters>;
  let memory: number;
  try {
    const program = checkModel(prepared);
    size = countParameters(program);
    memory = memoryOf(program, experiment.training);
  } finally {
    prepared.sampler.close();
  }
  const run = runFolder(join(runs, id));
  const origin: RunOrigin = {
    formatVersion: 1,
    id: run.id,
    createdAt: new Date().toISOString(),
    data: { kind: material.kind, name: material.name, contentHash: material.contentHash },
    weights: weights ? { label: weights.label, file: portablePath(workspace, weights.file) } : null,
    tokenizer:
      tokenizerFile === undefined
        ? null
        : { label: tokenizer?.label ?? `corpus ${material.name}`, sha256: await sha256Of(tokenizerFile) },
  };
  if (tokenizerFile !== undefined) await verifyFile(tokenizerFile);
  const fill = async (temporary: string): Promise<void> => {
    const parts = runFolder(temporary);
    await mkdir(parts.artifacts);
    await mkdir(parts.checkpoints);
    await writeJson(parts.spec, experiment);
    await writeJson(parts.origin, origin);
    await writeJson(parts.facts, prepared.model.facts);
    if (tokenizerFile !== undefined) await copyFile(tokenizerFile, parts.tokenizer);
    openEventLog(parts)({
      type: 'created',
      step: 0,
      id: run.id,
      name: experiment.name,
      lab: labVersion(),
      parameters: size.total,
      trainable: size.trainable,
      memory,
    });
  };
  await writeFolder(run.folder, fill, new Set([basename(run.events)]));
  return run;
}

/**
 * Looks for sides of the split without examples, and builds the network as it will be trained, which finds options and shapes that
 * do not fit, parts to freeze that are not there, and measurements that it does not allow, and draws the first batch. Throws
 * `LabError('bad-spec')`, and `LabError('bad-input')` for a batch that is larger than the data.
 */
export function checkModel({ model, experiment, sampler }: PreparedRun): ReturnType<typeof buildModel> {
  requireExamples(sampler, experiment.task.testFraction);
  // What is not trained by gradient descent may leave nothing to train.
  if (experiment.method === 'frozen-features' || experiment.method === 'baseline') {
    return buildModel(model, 'evaluation', experiment.training.batchSize);
  }
  const program = buildModel(model, 'training', experiment.training.batchSize, experiment.freeze);
  if (countParameters(program).trainable === 0) {
    const what =
      experiment.freeze.length > 0 ? 'freeze: nothing is left to train' : 'pipeline: there is nothing to train';
    throw new LabError('bad-spec', `${what}. Leave at least the head free`);
  }
  sampler.trainingBatch(experiment.seed, 0, experiment.training.batchSize); // throws for a batch that the data cannot fill
  const { training, freeze } = experiment;
  if (training.linearProbeFirst) requireProbe(model.task, experiment.task.hidden);
  if (training.gradientFlow) gradientFlowProgram(model, training.batchSize, freeze); // throws without a recurrent layer
  return program;
}

/** Inside the workspace relative to it, so that it can be moved. */
function portablePath({ folder }: Workspace, file: string): string {
  const inside = relative(folder, file);
  return inside.startsWith('..') || resolve(inside) === inside ? file : inside.split(sep).join('/');
}

/** A text corpus is encoded with a tokenizer of its own. */
function corpusTokenizer({ kind, folder }: PreparedRun['material']): string | undefined {
  return kind === 'text-corpus' ? join(folder, 'tokenizer.json') : undefined;
}
