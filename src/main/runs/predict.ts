/** Asks a trained run: rebuilds its network for a batch of one, with the weights of a checkpoint. */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { frameOptions } from '../../shared/spec/manifests/audio-dataset.ts';
import { imageChannels, imageFit, valueScales } from '../../shared/spec/manifests/image-corpus.ts';
import { networkImages } from '../../shared/spec/network-images.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import { resolvePipeline } from '../nn/index.ts';
import type { GeneratedToken, GenerationQuery, PredictionAnswer, PredictionQuery, TaskFacts } from '../tasks/index.ts';
import { findTask } from '../tasks/index.ts';
import type { Model } from '../training/model.ts';
import { buildModel, withInitialisation } from '../training/model.ts';
import { verifyFile } from '../files/checksums.ts';
import { fileExists } from '../files/file-exists.ts';
import { inBatches } from './batch/in-batches.ts';
import type { CheckpointChoice } from './open-trained.ts';
import { openNetwork, readWeights } from './open-trained.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson } from '../workspace/run-folder.ts';

export interface Predictor extends AsyncDisposable {
  /** Of the experiment, or of the imported model. */
  readonly name: string;
  /** The type of task that it answers. */
  readonly task: string;
  readonly engine: { readonly name: string; readonly device: string | undefined };
  readonly step: number;
  /** What the network was trained on: images, for one, must be brought to the same size. */
  readonly facts: TaskFacts;
  /** Whether it is a language model, which can continue texts. */
  readonly generates: boolean;
  /** Throws `LabError('bad-input')` for a question that the task cannot answer. */
  ask(query: PredictionQuery): Promise<readonly PredictionAnswer[]>;
  /** Continues a text. Throws `LabError('bad-input')` for a task that cannot. */
  generate(query: GenerationQuery): AsyncIterable<GeneratedToken>;
  close(): Promise<void>;
}

/**
 * Throws `LabError('not-found')` without a checkpoint, `LabError('bad-input')` for a task that predicts nothing.
 *
 * @param batchSize questions that are asked at the same time are answered together, up to so many of them
 */
export async function openPredictor(
  run: RunFolder,
  checkpoint: CheckpointChoice = 'best',
  batchSize = 1,
): Promise<Predictor> {
  const experiment = await readJson(run.spec, storedExperiment);
  const network = await readModel(run, experiment);
  requirePrediction(network, `run ${run.id}`);
  const { engine, name } = experiment;
  const tokenizer = await tokenizerFileOf(run);
  return createPredictor(
    { name, what: `run ${run.id}`, network, engine, stored: await readWeights(run, checkpoint), ...tokenizer },
    batchSize,
  );
}

interface PredictorParts {
  readonly name: string;
  /** For messages, e.g. `run words-ab12c`. */
  readonly what: string;
  readonly network: Model;
  readonly engine: Pick<Experiment['engine'], 'name' | 'device'>;
  readonly stored: Awaited<ReturnType<typeof readWeights>>;
  readonly tokenizerFile?: string | undefined;
}

/** Throws `LabError('bad-input')` for a task that predicts nothing, `LabError('engine-failed')`. */
export async function createPredictor(
  { name, what, network, engine, stored, tokenizerFile }: PredictorParts,
  batchSize = 1,
): Promise<Predictor> {
  const { task, options, facts } = network;
  const predict = requirePrediction(network, what);
  const size = task.predictsOneByOne ? 1 : batchSize;
  const build = (shown: Model) => buildModel(shown, 'prediction', size);
  const trained = await openNetwork(stored, engine, build(network), { model: network, build });
  const predictionModel = {
    ...facts,
    ...(tokenizerFile !== undefined && { tokenizerFile }),
    run: size === 1 ? trained.run : inBatches(trained.program, size, trained.run),
  };
  const generate = task.generate?.bind(task);
  const close = async (): Promise<void> => trained[Symbol.asyncDispose]();
  return {
    name,
    task: task.type,
    engine: { name: engine.name, device: engine.device },
    step: trained.step,
    facts,
    generates: generate !== undefined,
    ask: (query) => predict(predictionModel, query, options),
    generate(query) {
      if (!generate) {
        throw new LabError('bad-input', `The ${what} is no language model: its task is ${task.type}, not next-word`);
      }
      return generate(predictionModel, query, options);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The file of the tokenizer that a run was trained with, as models name it, compared with its checksum. */
export async function tokenizerFileOf(run: RunFolder): Promise<{ readonly tokenizerFile?: string }> {
  if (!(await fileExists(run.tokenizer))) return {};
  await verifyFile(run.tokenizer);
  return { tokenizerFile: run.tokenizer };
}

function requirePrediction({ task }: Model, what: string): NonNullable<Model['task']['predict']> {
  if (task.predict) return task.predict.bind(task);
  throw new LabError('bad-input', `The task ${task.type} of the ${what} predicts nothing to look at`);
}

const factsSchema = z.object({
  input: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('tokens'), length: z.int(), vocabularySize: z.int() }),
    z.object({
      kind: z.literal('image'),
      height: z.int(),
      width: z.int(),
      channels: z.int(),
      statistics: z.object({ mean: z.array(z.number()), standardDeviation: z.array(z.number()) }).optional(),
    }),
    z.object({ kind: z.literal('frames'), length: z.int(), features: z.int() }),
  ]),
  classes: z.array(z.string()).optional(),
  images: z
    .object({
      height: z.int(),
      width: z.int(),
      channels: imageChannels,
      fit: imageFit,
      resizeShorter: z.int().nullable(),
      background: z.tuple([z.int(), z.int(), z.int()]),
      valueScales: valueScales.optional(),
      network: networkImages.optional(),
    })
    .optional(),
  audio: frameOptions.optional(),
});

/** Leaves out what is undefined: absent is not the same to the types. */
function inputOf(input: z.infer<typeof factsSchema>['input']): TaskFacts['input'] {
  if (input.kind !== 'image') return input;
  const { statistics, ...size } = input;
  return statistics ? { ...size, statistics } : size;
}

/** The network of a run, from its own folder alone: the data it was trained on may be gone. */
export async function readModel(run: RunFolder, experiment: Experiment): Promise<Model> {
  const { input, classes, images, audio } = await readJson(run.facts, factsSchema);
  const facts: TaskFacts = {
    input: inputOf(input),
    ...(classes && { classes }),
    ...(images && { images }),
    ...(audio && { audio }),
  };
  const { type, ...options } = experiment.task;
  const pipeline = withInitialisation(resolvePipeline(experiment.pipeline), experiment.initialisation);
  return { task: findTask(type), options, pipeline, facts };
}
