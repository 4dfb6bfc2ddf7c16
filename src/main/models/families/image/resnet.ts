/** Residual networks (He et al. 2016) of 18, 34, 50 and more layers: the names of torchvision and timm, and those of transformers. */
import { join } from 'node:path';
import { LabError } from '../../../../shared/errors.ts';
import { pipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { sizeAt } from '../../../graph/index.ts';
import type { ResnetShape } from '../../../nn/presets/resnet.ts';
import { bottleneckExpansion, resnetGraph } from '../../../nn/presets/resnet.ts';
import type { ReadModel, Recognition } from '../../family.ts';
import { defineModelFamily } from '../../family.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import type { UnitName } from './image-weights.ts';
import { imageWeightMap, mapImageHead, mapPixels, mapUnit, requireAllUsed, requireColour } from './image-weights.ts';
import { centreCrop, imagenetStatistics, imagePreprocessing } from './preprocessing.ts';

/** Where the parts of a network are, stages and units counted from 0, convolutions of a unit from 1. */
interface Names {
  readonly stem: UnitName;
  readonly unit: (stage: number, unit: number, convolution: number) => UnitName;
  readonly shortcut: (stage: number, unit: number) => UnitName;
  readonly head: string;
}

const torchvisionNames: Names = {
  stem: { convolution: 'conv1', normalisation: 'bn1' },
  unit(stage, unit, convolution) {
    const path = `layer${stage + 1}.${unit}`;
    return { convolution: `${path}.conv${convolution}`, normalisation: `${path}.bn${convolution}` };
  },
  shortcut(stage, unit) {
    const path = `layer${stage + 1}.${unit}.downsample`;
    return { convolution: `${path}.0`, normalisation: `${path}.1` };
  },
  head: 'fc',
};

const transformersNames = (prefix: string): Names => {
  const parts = (path: string): UnitName => ({
    convolution: `${path}.convolution`,
    normalisation: `${path}.normalization`,
  });
  const unit = (stage: number, index: number): string => `${prefix}encoder.stages.${stage}.layers.${index}`;
  return {
    stem: parts(`${prefix}embedder.embedder`),
    unit: (stage, index, convolution) => parts(`${unit(stage, index)}.layer.${convolution - 1}`),
    shortcut: (stage, index) => parts(`${unit(stage, index)}.shortcut`),
    head: 'classifier.1',
  };
};

async function namesIn(source: ModelSource): Promise<Names | undefined> {
  if (source.tensorFile === undefined) return undefined;
  const { entries } = await source.tensors();
  const candidates = [torchvisionNames, transformersNames('resnet.'), transformersNames('')];
  return candidates.find((names) => {
    const parts = [names.stem.convolution, names.unit(0, 0, 1).convolution];
    return parts.every((name) => entries.has(`${name}.weight`));
  });
}

function layoutOf(map: WeightMap, names: Names): ResnetShape {
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
  if (!names) throw new LabError('internal', `${source.path} was recognised as a ResNet and is none`);
  const map = await imageWeightMap(source, 'a ResNet');
  requireColour(map, `${names.stem.convolution}.weight`, source);
  const layout = layoutOf(map, names);
  requirePlain(source);
  const preprocessing = await imagePreprocessing(source, centreCrop(224, 224 / 256, imagenetStatistics));
  mapPixels(map, preprocessing);
  mapUnit(map, 'backbone/stem', names.stem, [layout.stem, 3, 7, 7]);
  let inputs = layout.stem;
  for (const [stage, { channels, units }] of layout.stages.entries()) {
    for (let unit = 0; unit < units; unit++) {
      mapResidualUnit(map, names, layout.isBottleneck, { stage, unit, inputs, channels });
      inputs = channels;
    }
  }
  const found = mapImageHead(map, source, names.head, inputs);
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

function mapResidualUnit(
  map: WeightMap,
  names: Names,
  isBottleneck: boolean,
  { stage, unit, inputs, channels }: { stage: number; unit: number; inputs: number; channels: number },
): void {
  const ours = `backbone/stage${stage + 1}/layer.${unit}`;
  const part = (convolution: number): UnitName => names.unit(stage, unit, convolution);
  if (isBottleneck) {
    const narrow = channels / bottleneckExpansion;
    mapUnit(map, `${ours}/first`, part(1), [narrow, inputs, 1, 1]);
    mapUnit(map, `${ours}/second`, part(2), [narrow, narrow, 3, 3]);
    mapUnit(map, `${ours}/third`, part(3), [channels, narrow, 1, 1]);
  } else {
    mapUnit(map, `${ours}/first`, part(1), [channels, inputs, 3, 3]);
    mapUnit(map, `${ours}/second`, part(2), [channels, channels, 3, 3]);
  }
  const changes = unit === 0 && (stage > 0 || inputs !== channels);
  if (changes) mapUnit(map, `${ours}/shortcut`, names.shortcut(stage, unit), [channels, inputs, 1, 1]);
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
