/** A network with its weights, wherever it is from: a run with one of its checkpoints, or an imported model with one of its heads. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import type { NetworkImages } from '../../shared/spec/network-images.ts';
import { networkImagesOf } from '../../shared/spec/network-images.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import type { Model } from '../training/model.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { verifyModelFile } from '../workspace/models.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findNetwork } from './find-network.ts';
import type { WantedHead } from './model-network.ts';
import { backboneFacts, chooseHead, networkOfHead } from './model-network.ts';
import { networkImagesOfModel } from './network-images.ts';
import type { CheckpointChoice, StoredWeights } from './open-trained.ts';
import { readWeights } from './open-trained.ts';
import { checkpointStep } from './prepare.ts';
import { separatorsOf } from './pair-separators.ts';
import { readModel, tokenizerFileOf } from './read-model.ts';

/** What embeddings and probes need of a network. */
export type Backbone = Pick<Model, 'pipeline' | 'facts'>;

export interface TrainedNetwork {
  /** The run's id or the model's name. */
  readonly id: string;
  /** Of the experiment or the model. */
  readonly name: string;
  /** For messages, e.g. `run words-ab12c`. */
  readonly what: string;
  readonly engine: Experiment['engine'];
  /** Of the experiment: untrained weights to compare with are drawn with it. */
  readonly seed: number;
  readonly backbone: Backbone;
  /** With the head that answers. Throws `LabError('bad-input')` for a model that came without it. */
  readonly whole: () => Model;
  readonly tokenizerFile: string | undefined;
  /** Between the texts of a pair, as it was trained with them. */
  readonly separators: number;
  /** What it reads of images, where that may be something else than they are stored with. */
  readonly images: NetworkImages | undefined;
  /** Undefined for an imported model, which stays as it came. */
  readonly run: RunFolder | undefined;
  /** The same for the same weights and head, as long as nobody trains on: what is loaded is known by it. */
  readonly key: () => Promise<string>;
  /** Compared with their checksum. Throws `LabError('not-found' | 'corrupt')`. */
  readonly weights: () => Promise<StoredWeights>;
}

/** Of a run, from its own folder alone. */
export async function networkOfRun(run: RunFolder, checkpoint: CheckpointChoice = 'best'): Promise<TrainedNetwork> {
  const experiment = await readJson(run.spec, storedExperiment);
  const model = await readModel(run, experiment);
  return {
    id: run.id,
    name: experiment.name,
    what: `run ${run.id}`,
    engine: experiment.engine,
    seed: experiment.seed,
    backbone: model,
    whole: () => model,
    tokenizerFile: await tokenizerFileOf(run),
    separators: experiment.task.separators === 2 ? 2 : 1,
    images: networkImagesOf(experiment),
    run,
    key: async () => `${run.folder}:${await checkpointStep(run, checkpoint)}`,
    weights: () => readWeights(run, checkpoint),
  };
}

/** Tokens that are read at once: programs for more take long to build, and questions are short. */
const longestQuestion = 512;

/**
 * @param wanted which head is to answer; the first that came along otherwise
 *
 * Throws `LabError('corrupt')` where its tokenizer is not what was written.
 */
export async function networkOfModel(model: ImportedModel, wanted?: WantedHead): Promise<TrainedNetwork> {
  const { name, manifest, tokenizer } = model;
  if (tokenizer !== undefined) await verifyModelFile(tokenizer);
  const facts = backboneFacts(manifest, longestQuestion);
  return {
    id: name,
    name,
    what: `model ${name}`,
    engine: { name: 'onnxruntime' },
    seed: 0,
    backbone: { pipeline: manifest.pipeline, facts },
    whole: () => networkOfHead(manifest, chooseHead(model, wanted), longestQuestion),
    tokenizerFile: tokenizer,
    separators: separatorsOf(manifest.family),
    images: manifest.preprocessing ? networkImagesOfModel(manifest.preprocessing) : undefined,
    run: undefined,
    key: () =>
      Promise.resolve(
        `${model.folder}:${manifest.contentHash}:${typeof wanted === 'object' ? chooseHead(model, wanted).task : (wanted ?? '')}`,
      ),
    async weights() {
      await verifyModelFile(model.weights);
      return { step: 0, weights: (await readSafetensors(model.weights)).tensors };
    },
  };
}

interface Wanted {
  readonly checkpoint?: CheckpointChoice | undefined;
  /** Of a model, the head that is to answer. */
  readonly head?: WantedHead | undefined;
  /** Told of a later run that is not taken. */
  readonly onPassedOver?: ((message: string) => void) | undefined;
}

/**
 * What a person names, as `findNetwork` finds it. Throws `LabError('not-found')`, `LabError('bad-input')` where several runs could be
 * meant.
 */
export async function findTrainedNetwork(
  workspace: Workspace,
  reference: string,
  { checkpoint, head, onPassedOver }: Wanted = {},
): Promise<TrainedNetwork> {
  const found = await findNetwork(workspace, reference, onPassedOver);
  if (found.kind === 'run') return networkOfRun(found.run, checkpoint);
  return networkOfModel(found.model, found.head ?? head);
}
