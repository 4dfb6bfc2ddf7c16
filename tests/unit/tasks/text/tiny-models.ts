/** A tiny encoder with the head of a text task, compiled for tests. */
import type { Executable } from '../../../../src/main/engines/engine.ts';
import { createOnnxRuntimeEngine } from '../../../../src/main/engines/onnxruntime/engine.ts';
import { initialParameters, resolvePipeline } from '../../../../src/main/nn/index.ts';
import type { TaskSampler } from '../../../../src/main/tasks/index.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import type { Model } from '../../../../src/main/training/model.ts';
import { buildModel } from '../../../../src/main/training/model.ts';
import type { TextFixture } from './text-fixtures.ts';

export const LENGTH = 32;
export const BATCH = 4;
export const pipeline = resolvePipeline({ preset: 'bert-tiny', options: { layers: 1, hiddenSize: 16, heads: 2 } });
const engine = createOnnxRuntimeEngine();

export interface OpenedTask {
  readonly model: Model;
  readonly sampler: TaskSampler;
  readonly settings: unknown;
}

/** Opens a task on the fixture's corpus or on a dataset. */
export function openTask(
  { corpus, tokenizerFile }: TextFixture,
  type: string,
  options: Record<string, unknown>,
  dataFolder = corpus,
): OpenedTask {
  const task = findTask(type);
  const settings = task.options.parse({ length: LENGTH, validationFraction: 0.2, ...options });
  const sampler = task.openSampler({ options: settings, dataFolder, tokenizerFile, splitSeed: 1 });
  const { input, classes } = sampler;
  return {
    model: { task, options: settings, pipeline, facts: { input, ...(classes && { classes }) } },
    sampler,
    settings,
  };
}

/** The initial weights are tripled, so that answers differ enough to tell right from wrong. */
export async function compile(model: Model, mode: 'evaluation' | 'prediction', batchSize: number): Promise<Executable> {
  const program = buildModel(model, mode, batchSize);
  const executable = await engine.compile(program, { threads: 1 });
  const initial = [...initialParameters(program, 3)];
  const parameters = new Map(initial.map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => 3 * x) }]));
  await executable.importState({ parameters });
  return executable;
}
