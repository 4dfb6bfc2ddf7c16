/** The network of a run, from its own folder alone: its data may be gone. */
import type { LabelSet } from '../tasks/targets/facts.ts';
import { z } from 'zod';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { frameOptions } from '../../shared/spec/manifests/audio-dataset.ts';
import { imageChannels, imageFit, valueScales } from '../../shared/spec/manifests/image-corpus.ts';
import { networkImages } from '../../shared/spec/network-images.ts';
import { verifyFile } from '../files/checksums.ts';
import { fileExists } from '../files/file-exists.ts';
import { resolvePipeline } from '../nn/index.ts';
import type { TaskFacts } from '../tasks/index.ts';
import { findTask } from '../tasks/index.ts';
import type { Model } from '../training/model.ts';
import { withInitialisation } from '../training/model.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson } from '../workspace/run-folder.ts';

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
  targets: z
    .object({ names: z.array(z.string()), means: z.array(z.number()), deviations: z.array(z.number()) })
    .optional(),
  tags: z.array(z.string()).optional(),
  labelSet: z
    .object({
      names: z.array(z.string()),
      positiveWeights: z.array(z.number()),
      thresholds: z.array(z.number()).optional(),
    })
    .optional(),
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
  speech: z
    .object({
      alphabet: z.array(z.string()),
      unheard: z.array(z.string()).optional(),
      length: z.int(),
      frames: frameOptions,
      mean: z.array(z.number()),
      deviation: z.array(z.number()),
      floor: z.number(),
    })
    .optional(),
});

/** Leaves out what is undefined: absent is not the same to the types. */
function inputOf(input: z.infer<typeof factsSchema>['input']): TaskFacts['input'] {
  if (input.kind !== 'image') return input;
  const { statistics, ...size } = input;
  return statistics ? { ...size, statistics } : size;
}

function labelSetOf({ thresholds, ...set }: NonNullable<z.infer<typeof factsSchema>['labelSet']>): LabelSet {
  return thresholds ? { ...set, thresholds } : set;
}

/** Throws `LabError('corrupt' | 'not-found')` for facts that cannot be read. */
export async function readModel(run: RunFolder, experiment: Experiment): Promise<Model> {
  const { input, classes, targets, labelSet, tags, images, audio, speech } = await readJson(run.facts, factsSchema);
  const facts: TaskFacts = {
    input: inputOf(input),
    ...(classes && { classes }),
    ...(targets && { targets }),
    ...(tags && { tags }),
    ...(labelSet && { labelSet: labelSetOf(labelSet) }),
    ...(images && { images }),
    ...(audio && { audio }),
    ...(speech && { speech }),
  };
  const { type, ...options } = experiment.task;
  const pipeline = withInitialisation(resolvePipeline(experiment.pipeline), experiment.initialisation);
  return { task: findTask(type), options, pipeline, facts };
}

/** The file of the tokenizer that a run was trained with, as models name it, compared with its checksum. */
export async function tokenizerFileOf(run: RunFolder): Promise<string | undefined> {
  if (!(await fileExists(run.tokenizer))) return undefined;
  await verifyFile(run.tokenizer);
  return run.tokenizer;
}
