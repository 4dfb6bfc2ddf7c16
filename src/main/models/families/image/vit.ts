/** Vision transformers (Dosovitskiy et al. 2021) with a class token: the names of transformers, timm and torchvision. */
import { join } from 'node:path';
import { z } from 'zod';
import { plural } from '../../../../shared/display.ts';
import { LabError } from '../../../../shared/errors.ts';
import { pipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { sizeAt } from '../../../graph/index.ts';
import { vitGraph } from '../../../nn/presets/vit.ts';
import { parseConfig } from '../../config.ts';
import type { ReadModel, Recognition } from '../../family.ts';
import { defineModelFamily } from '../../family.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import { transposed } from '../../weight-map.ts';
import { imageWeightMap, mapImageHead, mapPixels, requireAllUsed, requireColour } from './image-weights.ts';
import { centreCrop, centredStatistics, imagePreprocessing, imagenetStatistics, stretched } from './preprocessing.ts';
import type { VitNames } from './vit-names.ts';
import { vitNames } from './vit-names.ts';

/** What weights do not tell, in the config.json of transformers and of timm. */
const fields = z.looseObject({
  num_attention_heads: z.int().min(1).optional(),
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_dropout_prob: z.number().min(0).max(0.9).default(0),
  model_args: z.looseObject({ num_heads: z.int().min(1).optional() }).optional(),
});

/** The functions of transformers by our names. */
const activations = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  relu: 'relu',
} as const;

/** Published sizes have heads of so many features … */
const usualHeadSize = 64;
/** … but for the largest: shape-optimised (Alabdulmohsin et al. 2023), huge, giant and gigantic (Zhai et al. 2022), by their features. */
const unusualHeads: ReadonlyMap<number, number> = new Map([1152, 1280, 1408, 1664].map((features) => [features, 16]));
/** The vision transformers of timm and torchvision are normalised with this, those of transformers as their config says. */
const usualEpsilon = 1e-6;

/** How images were prepared where no file says it. */
const conventions = {
  transformers: (size: number) => stretched(size, centredStatistics),
  timm: (size: number) => centreCrop(size, 0.9, centredStatistics),
  torchvision: (size: number) => centreCrop(size, 0.875, imagenetStatistics),
} as const;

interface Layout {
  readonly features: number;
  readonly patch: number;
  /** Patches on each side of the image. */
  readonly side: number;
  readonly layers: number;
  readonly feedForwardSize: number;
}

async function namesIn(source: ModelSource): Promise<VitNames | undefined> {
  if (source.tensorFile === undefined) return undefined;
  const { entries } = await source.tensors();
  return vitNames((name) => entries.has(name));
}

function layoutOf(map: WeightMap, names: VitNames, source: ModelSource): Layout {
  const kernel = map.shapeOf(`${names.patches}.weight`);
  const [features, patch] = [sizeAt(kernel, 0), sizeAt(kernel, 2)];
  const places = map.shapeOf(names.positions)[1] ?? 0;
  const side = Math.round(Math.sqrt(places - 1));
  if (side * side !== places - 1) {
    const path = join(source.folder, source.tensorFile ?? '');
    throw new LabError(
      'bad-input',
      `${path}: '${names.positions}' has ${places} places, which are not a square of patches and the class token`,
      { path },
    );
  }
  let layers = 0;
  while (map.has(`${names.layer(layers).firstNormalisation}.weight`)) layers++;
  const feedForwardSize = sizeAt(map.shapeOf(`${names.layer(0).inner}.weight`), 0);
  return { features, patch, side, layers, feedForwardSize };
}

const titleOf = ({ layers, features, patch }: Layout): string =>
  `ViT, ${plural(layers, 'layer')} of ${features} features, patches of ${patch} × ${patch}`;

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  const names = await namesIn(source);
  if (!names) return undefined;
  const map = await imageWeightMap(source, 'ViT');
  const head = `${names.head}.weight`;
  return {
    title: titleOf(layoutOf(map, names, source)),
    facts: [
      ['classes', map.has(head) ? String(sizeAt(map.shapeOf(head), 0)) : 'none'],
      ['names', names.origin],
    ],
  };
}

async function read(source: ModelSource): Promise<ReadModel> {
  const names = await namesIn(source);
  if (!names) throw new LabError('internal', `${source.path} looked like a ViT but is not one`);
  const config = parseConfig(source, fields);
  const map = await imageWeightMap(source, 'a ViT');
  requireColour(map, `${names.patches}.weight`, source);
  const layout = layoutOf(map, names, source);
  const { features, layers, patch, side } = layout;
  const size = side * patch;
  const preprocessing = await imagePreprocessing(source, conventions[names.origin](size));
  if (preprocessing.height !== size || preprocessing.width !== size) {
    throw new LabError(
      'bad-input',
      `${source.folder}: the preprocessing makes images of ${preprocessing.height} × ${preprocessing.width}, and the weights have places for ${size} × ${size}`,
      { folder: source.folder },
    );
  }
  mapPixels(map, preprocessing);
  map.copy('backbone/patches/projection/kernel', `${names.patches}.weight`, [features, 3, patch, patch]);
  map.copy('backbone/patches/projection/bias', `${names.patches}.bias`, [features]);
  mapReshaped(map, 'backbone/patches/class', names.classToken, [features], [1, 1, features]);
  const places = side * side + 1;
  mapReshaped(map, 'backbone/patches/position', names.positions, [places, features], [1, places, features]);
  for (let layer = 0; layer < layers; layer++) mapLayer(map, names, layout, layer);
  mapNormalisation(map, 'backbone/encoder/normalisation', names.normalisation, features);
  const heads = mapImageHead(map, source, names.head, features);
  const notes = requireAllUsed(map, source, 'a ViT', /(^|\.)pooler\.dense\./);
  return {
    title: titleOf(layout),
    pipeline: pipelineGraph.parse(
      vitGraph({
        hiddenSize: features,
        layers,
        patch,
        feedForwardSize: layout.feedForwardSize,
        heads: headsOf(config, features, source),
        epsilon: names.origin === 'transformers' ? config.layer_norm_eps : usualEpsilon,
        activation: activationOf(config.hidden_act, source),
        dropout: config.hidden_dropout_prob,
        pooling: 'first',
        classToken: true,
      }),
    ),
    input: { kind: 'image', height: size, width: size, channels: 3 },
    weights: map.weights,
    heads,
    preprocessing,
    notes,
  };
}

/** The same numbers in another shape. */
function mapReshaped(
  map: WeightMap,
  ours: string,
  theirs: string,
  shape: readonly number[],
  from: readonly number[],
): void {
  map.derive(ours, shape, [[theirs, from]], ([numbers]) => numbers!); // one tensor was asked for
}

function mapNormalisation(map: WeightMap, ours: string, theirs: string, features: number): void {
  map.copy(`${ours}/gain`, `${theirs}.weight`, [features]);
  map.copy(`${ours}/bias`, `${theirs}.bias`, [features]);
}

function mapDense(map: WeightMap, ours: string, theirs: string, inputs: number, outputs: number): void {
  map.linear(`${ours}/weight`, `${theirs}.weight`, inputs, outputs);
  map.copy(`${ours}/bias`, `${theirs}.bias`, [outputs]);
}

function mapLayer(map: WeightMap, names: VitNames, { features, feedForwardSize }: Layout, layer: number): void {
  const ours = `backbone/encoder/layer.${layer}`;
  const theirs = names.layer(layer);
  for (const [part, name] of (['query', 'key', 'value'] as const).entries()) {
    const projection = `${ours}/attention/${name}`;
    const own = theirs.projections?.[part];
    if (own !== undefined) mapDense(map, projection, own, features, features);
    else if (theirs.joined) mapThird(map, projection, theirs.joined, features, part);
  }
  mapNormalisation(map, `${ours}/attention-normalisation`, theirs.firstNormalisation, features);
  mapDense(map, `${ours}/attention/output`, theirs.output, features, features);
  mapNormalisation(map, `${ours}/feed-forward-normalisation`, theirs.secondNormalisation, features);
  mapDense(map, `${ours}/feed-forward/inner`, theirs.inner, features, feedForwardSize);
  mapDense(map, `${ours}/feed-forward/outer`, theirs.outer, feedForwardSize, features);
}

/** Query, key and value below each other in one matrix [3 · features, features]. */
function mapThird(
  map: WeightMap,
  ours: string,
  theirs: { readonly weight: string; readonly bias: string },
  features: number,
  part: number,
): void {
  const third = (numbers: Float32Array, size: number): Float32Array => numbers.slice(part * size, (part + 1) * size);
  map.derive(`${ours}/weight`, [features, features], [[theirs.weight, [3 * features, features]]], ([all]) =>
    transposed(third(all!, features * features), features, features),
  );
  map.derive(`${ours}/bias`, [features], [[theirs.bias, [3 * features]]], ([all]) => third(all!, features));
}

function headsOf(config: z.output<typeof fields>, features: number, source: ModelSource): number {
  const said = config.num_attention_heads ?? config.model_args?.num_heads;
  if (said !== undefined) return said;
  const unusual = unusualHeads.get(features);
  if (unusual !== undefined) return unusual;
  if (features % usualHeadSize === 0) return features / usualHeadSize;
  throw new LabError(
    'bad-input',
    `${source.path}: the weights of a ViT do not tell its attention heads: put a config.json with num_attention_heads beside them`,
    { path: source.path },
  );
}

function activationOf(name: string, source: ModelSource): (typeof activations)[keyof typeof activations] {
  if (Object.hasOwn(activations, name)) return activations[name as keyof typeof activations]; // it was looked for
  const path = join(source.folder, 'config.json');
  throw new LabError(
    'bad-input',
    `${path}: hidden_act is '${name}'; known are ${Object.keys(activations).join(', ')}`,
    {
      path,
    },
  );
}

defineModelFamily({ name: 'vit', title: 'ViT', kind: 'image', recognise, read });
