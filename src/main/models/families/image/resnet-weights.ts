/** The weights of residual networks under the names of torchvision and timm, and of transformers. */
import type { ResnetShape } from '../../../nn/presets/resnet.ts';
import { bottleneckExpansion } from '../../../nn/presets/resnet.ts';
import type { UnitName, WeightNames } from './image-weights.ts';
import { mapUnit } from './image-weights.ts';

/** Where the parts of a network are, stages and units counted from 0, convolutions of a unit from 1. */
export interface ResnetNames {
  readonly stem: UnitName;
  readonly unit: (stage: number, unit: number, convolution: number) => UnitName;
  readonly shortcut: (stage: number, unit: number) => UnitName;
  readonly head: string;
}

export const torchvisionResnet: ResnetNames = {
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

export const transformersResnet = (prefix: string): ResnetNames => {
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

/** All weights but those of the head; the number of features that it reads. */
export function mapResnet(map: WeightNames, names: ResnetNames, { stem, stages, isBottleneck }: ResnetShape): number {
  mapUnit(map, 'backbone/stem', names.stem, [stem, 3, 7, 7]);
  let inputs = stem;
  for (const [stage, { channels, units }] of stages.entries()) {
    for (let unit = 0; unit < units; unit++) {
      mapResidualUnit(map, names, isBottleneck, { stage, unit, inputs, channels });
      inputs = channels;
    }
  }
  return inputs;
}

function mapResidualUnit(
  map: WeightNames,
  names: ResnetNames,
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
