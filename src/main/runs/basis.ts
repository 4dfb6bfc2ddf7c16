/** What an experiment stands on in its workspace: its pipeline where that is a model's, its material, weights and tokenizer. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { Tensor } from '../engines/engine.ts';
import { pretextHeads } from '../training/fine-tuning.ts';
import type { Material } from '../workspace/catalogue.ts';
import { findModel } from '../workspace/models.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Foundations } from './prepare.ts';
import type { Waiting } from './encoded-corpus.ts';
import { encodedWith } from './encoded-corpus.ts';
import { classHeadOf, withHeadOf } from './class-head.ts';
import { withNetworkImages } from './network-images.ts';
import { withPairSeparators } from './pair-separators.ts';
import { ownTokenizer } from './own-tokenizer.ts';
import { findFoundations, findMaterialOf } from './prepare.ts';

export interface Basis extends Foundations {
  /** With the graph of its pipeline, where it names a model's. */
  readonly experiment: Experiment;
  /** Encoded with the tokenizer of the model that it begins with. */
  readonly material: Material;
}

/** Throws `LabError('not-found' | 'bad-spec' | 'bad-input' | 'aborted')`. */
export async function findBasis(workspace: Workspace, experiment: Experiment, waiting: Waiting = {}): Promise<Basis> {
  const whole = await completeExperiment(workspace, experiment);
  const material = await findMaterialOf(workspace, whole);
  const { weights, tokenizer: found } = await findFoundations(workspace, whole);
  const tokenizer =
    whole.tokenizer && 'trained' in whole.tokenizer
      ? await ownTokenizer(workspace, material, whole, whole.tokenizer.trained)
      : found;
  return {
    experiment: await withModelHead(workspace, await withPairSeparators(workspace, whole), material),
    material:
      tokenizer && takesTokenizerOfModel(whole)
        ? await encodedWith(workspace, material, tokenizer.file, waiting)
        : material,
    weights,
    tokenizer,
  };
}

async function withModelHead(workspace: Workspace, experiment: Experiment, material: Material): Promise<Experiment> {
  const { from } = experiment;
  if (!from || !('model' in from)) return experiment;
  const { manifest } = await findModel(workspace, from.model);
  return { ...experiment, task: withHeadOf(manifest, experiment, material) };
}

/** With all that it takes over from models and runs written out, as in a run's spec.json. Throws `LabError('not-found' | 'bad-spec')`. */
export async function completeExperiment(workspace: Workspace, experiment: Experiment): Promise<Experiment> {
  return withModelParts(workspace, await withNetworkImages(workspace, experiment));
}

/**
 * The pipeline of a model, the form of its head for masked words, which has weights of its own, and what it makes of a text: a network of
 * others may end with a vector and show nothing before it.
 */
async function withModelParts(workspace: Workspace, experiment: Experiment): Promise<Experiment> {
  const { pipeline, from } = experiment;
  const graph = 'model' in pipeline ? (await findModel(workspace, pipeline.model)).manifest.pipeline : pipeline;
  const hasVectorAlone = 'outputs' in graph && graph.outputs.sequence === undefined && 'vector' in graph.outputs;
  const isPooled = hasVectorAlone && experiment.task.pooling === 'mean';
  const task = isPooled ? { ...experiment.task, pooling: 'vector' } : experiment.task;
  if (!from || !('model' in from)) return { ...experiment, pipeline: graph, task };
  const { heads } = (await findModel(workspace, from.model)).manifest;
  const style = heads.find(({ task: type }) => type === 'masked-words')?.options.head;
  const takesStyle = style !== undefined && 'head' in task;
  return { ...experiment, pipeline: graph, task: takesStyle ? { ...task, head: style } : task };
}

/** Whether its texts are read with the tokenizer of an imported model. */
export function takesTokenizerOfModel({ from, tokenizer }: Pick<Experiment, 'from' | 'tokenizer'>): boolean {
  return tokenizer ? 'model' in tokenizer : from !== undefined && 'model' in from;
}

/**
 * What is taken over of the weights that a run begins with. A model's heads of pretext tasks are part of what was pretrained, and so is
 * that of classes where the data have them; heads of runs were made for their own data. Throws `LabError('not-found')` for a model that
 * is gone.
 */
export async function takenOver(
  workspace: Workspace,
  experiment: Experiment,
  classes: readonly string[] | undefined,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<{ readonly tensors: ReadonlyMap<string, Tensor>; readonly heads: readonly string[] }> {
  const { from } = experiment;
  if (!from || !('model' in from)) return { tensors, heads: [] };
  const { manifest } = await findModel(workspace, from.model);
  const own = classHeadOf(manifest, experiment, classes, tensors);
  return own ? { tensors: own.tensors, heads: [...pretextHeads, own.scope] } : { tensors, heads: pretextHeads };
}
