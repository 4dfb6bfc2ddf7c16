/** torchvision's `MobileNetV2`, of any width and with any units. */
import { pipelineGraph } from '../../../../shared/spec/pipeline.ts';
import type { PipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { torchvisionMobilenet } from '../../../models/families/image/inverted-names.ts';
import { mapInverted } from '../../../models/families/image/inverted-weights.ts';
import { invertedGraph, mobilenetConventions } from '../../../nn/presets/mobilenet.ts';
import type { TorchvisionNetwork } from './network.ts';
import { differenceOf } from './network.ts';
import { blocksOf } from './blocks.ts';

/** Of the network of the paper: expansion, channels, units and stride of each stage. */
const usual = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/** Channels of the first and the last convolution at a width of 1. */
const [usualStem, usualFeatures] = [32, 1280];

/** The network, or why the pipeline is none of these. */
export function mobilenetOf(pipeline: PipelineGraph): TorchvisionNetwork | string {
  const none = 'it is no MobileNetV2 of torchvision';
  const [stem, features] = blocksOf(pipeline, ['convolution']).map((block) => block.number('channels') ?? 0);
  const stages = blocksOf(pipeline, ['inverted-residual']).map((block) => ({
    channels: block.number('channels') ?? 0,
    units: block.number('units') ?? 1,
    stride: block.number('stride') ?? 1,
    kernel: 3,
    expansion: block.number('expansion') ?? 1,
  }));
  if (stem === undefined || features === undefined) return `${none}: it does not begin and end with a convolution`;
  const shape = { stem, stages, features };
  const expected = pipelineGraph.parse(invertedGraph({ ...shape, ...mobilenetConventions }));
  const difference = differenceOf(pipeline, expected);
  if (difference !== undefined) return `${none}: ${difference}`;
  const width = stem / usualStem;
  // torchvision rounds all channels to multiples of 8.
  const last = Math.max(8, Math.floor((usualFeatures * Math.max(1, width) + 4) / 8) * 8);
  const uneven = [stem, ...stages.map(({ channels }) => channels)].find((channels) => channels % 8 !== 0);
  if (uneven !== undefined) return `${none}: it has ${String(uneven)} channels, which is not a multiple of 8`;
  if (last !== features) {
    return `${none}: it has ${String(features)} features, and torchvision ${String(last)} at this width`;
  }
  const settings = stages.map(({ expansion, channels, units, stride }) => [expansion, channels, units, stride]);
  return {
    title: 'MobileNetV2',
    head: 'classifier.1',
    features,
    python(classes) {
      const options = [
        ...(classes === undefined ? [] : [`num_classes=${String(classes)}`]),
        ...(width === 1 ? [] : [`width_mult=${String(width)}`]),
        ...(width === 1 && String(settings) === String(usual)
          ? []
          : [`inverted_residual_setting=[${settings.map((stage) => settingOf(stage, width)).join(', ')}]`]),
      ];
      return [
        `model = torchvision.models.mobilenet_v2(${options.join(', ')})`,
        ...(classes === undefined ? ['model.classifier = torch.nn.Identity()'] : []),
      ];
    },
    map(names) {
      const isWide = stages.flatMap(({ units, expansion }) => new Array<boolean>(units).fill(expansion > 1));
      mapInverted(names, torchvisionMobilenet(isWide), shape);
    },
  };
}

/** Channels are multiplied by the width when the network is built. */
function settingOf([expansion, channels, units, stride]: readonly number[], width: number): string {
  return `[${String(expansion)}, ${String((channels ?? 0) / width)}, ${String(units)}, ${String(stride)}]`;
}
