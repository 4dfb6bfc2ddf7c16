/** Residual networks (He et al. 2016) of 18, 34, 50 and more layers: the names of torchvision and timm, and those of transformers. */
import { join } from 'node:path';
import { LabError } from '../../../../shared/errors.ts';
import { pipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { sizeAt } from '../../../graph/index.ts';
import type { ResnetShape } from '../../../nn/presets/resnet.ts';
import { resnetGraph } from '../../../nn/presets/resnet.ts';
import type { ReadModel, Recognition } from '../../family.ts';
import { defineModelFamily } from '../../family.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import type { UnitName } from './image-weights.ts';
import { imageWeightMap, mapImageHead, mapPixels, requireAllUsed, requireColour } from './image-weights.ts';
import { centreCrop, imagenetStatistics, imagePreprocessing } from './preprocessing.ts';
import type { ResnetNames } from './resnet-weights.ts';
import { mapResnet, torchvisionResnet, transformersResnet } from './resnet-weights.ts';

async function namesIn(source: ModelSource): Promise<ResnetNames | undefined> {
  if (source.tensorFile === undefined) return undefined;
  const { entries } = await source.tensors();
  const candidates = [torchvisionResnet, transformersResnet('resnet.'), transformersResnet('')];
  return candidates.find((names) => {
    const parts = [names.stem.convolution, names.unit(0, 0, 1).convolution];
    return parts.every((name) => entries.has(`${name}.weight`));
  });
}

function layoutOf(map: WeightMap, names: ResnetNames): ResnetShape {
  const has = (name: UnitName): boolean => map.has(`${name.convolution}.weight`);
  const isBottleneck = has(names.unit(0, 0, 3));
  const stages: { channels: number; units: number }[] = [];
  for (let stage = 0; has(names.unit(stage, 0, 1)); stage++) {
    let units = 1;
    while (has(names.unit(stage, units, 1))) units++;
    const last = names.unit(stage, 0, isBottleneck ? 3 : 2).convolution;
    stages.push({ units, channels: sizeAt(map.shapeOf(`${last}.weight`), 0) });
  }
  return { stem: sizeAt(map.shapeOf(`${names.stem.convolution}.weight`), 0), stages, isBottleneck };
}

/** By the layers that have weights, as the paper counts them. */
function titleOf({ stages, isBottleneck }: ResnetShape): string {
  const units = stages.reduce((sum, stage) => sum + stage.units, 0);
  return `ResNet-${units * (isBottleneck ? 3 : 2) + 2}`;
}

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  const names = await namesIn(source);
  if (!names) return undefined;
  const map = await imageWeightMap(source, 'ResNet');
  const layout = layoutOf(map, names);
  const classes = map.has(`${names.head}.weight`) ? String(sizeAt(map.shapeOf(`${names.head}.weight`), 0)) : 'none';
  return {
    title: titleOf(layout),
    facts: [
      ['units', layout.stages.map(({ units }) => units).join(', ')],
      ['classes', classes],
    ],
  };
}

async function read(source: ModelSource): Promise<ReadModel> {
  const names = await namesIn(source);
  if (!names) throw new LabError('internal', `${source.path} looked like a ResNet but is not one`);
  const map = await imageWeightMap(source, 'a ResNet');
  requireColour(map, `${names.stem.convolution}.weight`, source);
  const layout = layoutOf(map, names);
  requirePlain(source);
  const preprocessing = await imagePreprocessing(source, centreCrop(224, 224 / 256, imagenetStatistics));
  mapPixels(map, preprocessing);
  const features = mapResnet(map, names, layout);
  const found = mapImageHead(map, source, names.head, features);
  const notes = requireAllUsed(map, source, 'a ResNet', /^head\.fc\./);
  return {
    title: titleOf(layout),
    pipeline: pipelineGraph.parse(resnetGraph(layout)),
    input: { kind: 'image', height: preprocessing.height, width: preprocessing.width, channels: 3 },
    weights: map.weights,
    heads: found,
    preprocessing,
    notes,
  };
}

/** Settings of transformers that change what is computed without changing a tensor. */
function requirePlain({ config, folder }: ModelSource): void {
  const expected = [
    ['downsample_in_bottleneck', false],
    ['downsample_in_first_stage', false],
    ['hidden_act', 'relu'],
  ] as const;
  for (const [field, value] of expected) {
    const found = config?.[field];
    if (found === undefined || found === value) continue;
    const path = join(folder, 'config.json');
    throw new LabError(
      'bad-input',
      `${path}: ${field} is ${JSON.stringify(found)}; ResNets are read with ${String(value)}`,
      {
        path,
        field,
      },
    );
  }
}

defineModelFamily({ name: 'resnet', title: 'ResNet', kind: 'image', recognise, read });
