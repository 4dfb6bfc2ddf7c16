/** What the network of an experiment reads of images, and what a person should know of it. */
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import type { ImagePreprocessing } from '../../shared/spec/manifests/model.ts';
import type { NetworkImages } from '../../shared/spec/network-images.ts';
import { networkImagesOf } from '../../shared/spec/network-images.ts';
import type { ImageFacts, TaskFacts } from '../tasks/index.ts';
import { findTask } from '../tasks/index.ts';
import { findModel } from '../workspace/models.ts';
import { readJson } from '../workspace/run-folder.ts';
import { findTrainedRun } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** What an experiment's `images` would say to read images as the model does. */
export function networkImagesOfModel({ height, width, channels, fit, resizeShorter }: ImagePreprocessing) {
  return { height, width, channels, fit, resizeShorter };
}

/**
 * The experiment with its `images` written out: what it says itself, or what the imported model was trained on that it begins with or
 * has the pipeline of, or what the run read that it begins with. Without any of these the network reads what is stored.
 *
 * Throws `LabError('bad-spec')` where a model's is asked for that has none.
 */
export async function withNetworkImages(workspace: Workspace, experiment: Experiment): Promise<Experiment> {
  const { images, ...rest } = experiment;
  if (typeof images === 'object' || images === 'stored') return experiment;
  const found = await impliedImages(workspace, experiment);
  if (!found && images === 'model') {
    throw new LabError(
      'bad-spec',
      "images: 'model' needs from: {model: …} or pipeline: {model: …}, a model of images. Write stored, or a size",
    );
  }
  return found ? { ...rest, images: found } : rest;
}

async function impliedImages(
  workspace: Workspace,
  { images, from, pipeline, task }: Experiment,
): Promise<NetworkImages | undefined> {
  if (images === undefined && findTask(task.type).readsParts === true) return undefined;
  if (from && 'run' in from) {
    const { spec } = await findTrainedRun(workspace, from.run);
    return networkImagesOf(await readJson(spec, storedExperiment));
  }
  const model = from && 'model' in from ? from.model : 'model' in pipeline ? pipeline.model : undefined;
  const preprocessing = model === undefined ? null : (await findModel(workspace, model)).manifest.preprocessing;
  return preprocessing ? networkImagesOfModel(preprocessing) : undefined;
}

/** What is lost where images are stored smaller than the network reads them. */
export function imageWarnings({ images }: TaskFacts): readonly string[] {
  const { network } = images ?? {};
  if (!images || !network || !isEnlarged(images, network)) return [];
  const [stored, wanted] = [images, network].map(({ height, width }) => `${height} × ${width}`);
  return [
    `The images are stored with ${stored} pixels and are enlarged to the ${wanted} that the network reads. Import them again with ${importOptions(network)} for all their detail, or write images: stored, which is faster where the network takes any size`,
  ];
}

/** What makes an import store what the network reads. */
function importOptions({ height, width, fit, resizeShorter }: NetworkImages): string {
  const size = height === width ? String(height) : `${height}x${width}`;
  const shorter =
    fit === 'center-crop' && resizeShorter !== null ? ` --image-option resizeShorter=${resizeShorter}` : '';
  return `--size ${size} --fit ${fit}${shorter}`;
}

const isEnlarged = (stored: ImageFacts, network: NetworkImages): boolean =>
  stored.height < network.height || stored.width < network.width;
