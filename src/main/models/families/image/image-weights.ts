/** The weights that networks on images have in common, from PyTorch's names to those of our blocks. */
import { plural } from '../../../../shared/display.ts';
import { join } from 'node:path';
import { LabError } from '../../../../shared/errors.ts';
import type { ImagePreprocessing, ModelHead } from '../../../../shared/spec/manifests/model.ts';
import { sizeAt } from '../../../graph/index.ts';
import { labelsOf } from '../../config.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import { createWeightMap } from '../../weight-map.ts';

/** A convolution and the batch normalisation after it, without the names of their tensors. */
export interface UnitName {
  readonly convolution: string;
  readonly normalisation: string;
}

/** Which tensor of others is which weight of ours: read in one direction by imports, in the other by exports. */
export type WeightNames = Pick<WeightMap, 'copy' | 'linear'>;

/** A weight map of the file with the weights. */
export async function imageWeightMap(source: ModelSource, what: string): Promise<WeightMap> {
  return createWeightMap(await source.tensors(), join(source.folder, source.tensorFile ?? ''), what);
}

/** `weight`, `bias` and the running statistics of `theirs`, of so many channels. */
export function mapBatchNormalisation(map: WeightNames, ours: string, theirs: string, channels: number): void {
  map.copy(`${ours}/gain`, `${theirs}.weight`, [channels]);
  map.copy(`${ours}/bias`, `${theirs}.bias`, [channels]);
  map.copy(`${ours}/mean`, `${theirs}.running_mean`, [channels]);
  map.copy(`${ours}/variance`, `${theirs}.running_var`, [channels]);
}

/** A convolution without bias and its batch normalisation: what our convolution blocks and units are made of. */
export function mapUnit(
  map: WeightNames,
  ours: string,
  theirs: UnitName,
  kernel: readonly [channels: number, perGroup: number, height: number, width: number],
): void {
  map.copy(`${ours}/convolution/kernel`, `${theirs.convolution}.weight`, kernel);
  mapBatchNormalisation(map, `${ours}/normalisation`, theirs.normalisation, kernel[0]);
}

/** The statistics of the block `pixels`, which come with the model and not from our images. */
export function mapPixels(map: WeightMap, { statistics }: ImagePreprocessing): void {
  const state = (name: string, values: readonly number[]): void => {
    map.derive(`backbone/pixels/${name}`, [values.length], [], () => Float32Array.from(values));
  };
  state('mean', statistics.mean);
  state('deviation', statistics.standardDeviation);
}

/** The layer `theirs` from features to classes as our head of image classification; none where it is not there. */
export function mapImageHead(map: WeightMap, source: ModelSource, theirs: string, features: number): ModelHead[] {
  if (!map.has(`${theirs}.weight`)) return [];
  const classes = sizeAt(map.shapeOf(`${theirs}.weight`), 0);
  map.linear('head/image-classes/output/weight', `${theirs}.weight`, features, classes);
  map.copy('head/image-classes/output/bias', `${theirs}.bias`, [classes]);
  const labels = labelsOf(source, classes) ?? timmLabels(source, classes);
  const numbered = Array.from({ length: classes }, (_, index) => `class ${index}`);
  return [
    {
      task: 'image-classification',
      title: `Image classification, ${plural(classes, 'class', 'classes')}`,
      options: { features: 'vector' },
      labels: labels ?? numbered,
    },
  ];
}

/** `label_names` of timm's config.json. */
function timmLabels({ config }: ModelSource, count: number): string[] | undefined {
  const names: unknown = config?.label_names;
  if (!Array.isArray(names) || names.length !== count) return undefined;
  return names.every((name): name is string => typeof name === 'string') ? names : undefined;
}

/**
 * What the network has beside what was mapped changes what it computes, so that it is of another kind.
 *
 * @param harmless tensors that change nothing, beside the counters of batch normalisation
 */
export function requireAllUsed(
  map: WeightMap,
  source: ModelSource,
  what: string,
  harmless?: RegExp,
): readonly string[] {
  const left = map.unused().filter((name) => !name.endsWith('num_batches_tracked'));
  const foreign = left.find((name) => harmless?.test(name) !== true);
  if (foreign !== undefined) {
    const path = join(source.folder, source.tensorFile ?? '');
    throw new LabError(
      'bad-input',
      `${path} has a tensor '${foreign}', which ${what} does not have: it is another network`,
      {
        path,
        tensor: foreign,
      },
    );
  }
  return left.map((name) => `'${name}' was left out: the lab does not need it`);
}

/** Throws `LabError('bad-input')` for networks of other than coloured images. */
export function requireColour(map: WeightMap, stem: string, source: ModelSource): void {
  const channels = map.shapeOf(stem)[1];
  if (channels === 3) return;
  const path = join(source.folder, source.tensorFile ?? '');
  throw new LabError(
    'bad-input',
    `${path} reads images of ${channels ?? 0} channels; red, green and blue can be given to it`,
    {
      path,
    },
  );
}
