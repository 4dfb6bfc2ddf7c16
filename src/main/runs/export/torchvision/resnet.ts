/** The residual networks of torchvision: `ResNet` with `BasicBlock` or `Bottleneck`. */
import { pipelineGraph } from '../../../../shared/spec/pipeline.ts';
import type { PipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { mapResnet, torchvisionResnet } from '../../../models/families/image/resnet-weights.ts';
import { bottleneckExpansion, resnetGraph } from '../../../nn/presets/resnet.ts';
import type { TorchvisionNetwork } from './network.ts';
import { differenceOf } from './network.ts';
import { blocksOf } from './blocks.ts';

/** Channels of the first stage; torchvision has no other. */
const width = 64;

/** Units of the networks that have a function of their own. */
const named: Readonly<Record<string, string>> = {
  'BasicBlock 2,2,2,2': 'resnet18',
  'BasicBlock 3,4,6,3': 'resnet34',
  'Bottleneck 3,4,6,3': 'resnet50',
  'Bottleneck 3,4,23,3': 'resnet101',
  'Bottleneck 3,8,36,3': 'resnet152',
};

/** The network, or why the pipeline is none of these. */
export function resnetOf(pipeline: PipelineGraph): TorchvisionNetwork | string {
  const stages = blocksOf(pipeline, ['residual', 'bottleneck']);
  const isBottleneck = stages[0]?.type === 'bottleneck';
  const shape = {
    stem: width,
    isBottleneck,
    stages: Array.from({ length: 4 }, (_, index) => ({
      units: stages[index]?.number('units') ?? 1,
      channels: width * 2 ** index * (isBottleneck ? bottleneckExpansion : 1),
    })),
  };
  const difference = differenceOf(pipeline, pipelineGraph.parse(resnetGraph(shape)));
  if (difference !== undefined) return `it is no ResNet of torchvision: ${difference}`;
  const kind = isBottleneck ? 'Bottleneck' : 'BasicBlock';
  const units = shape.stages.map((stage) => stage.units);
  const own = named[`${kind} ${units.join()}`];
  const layers = units.reduce((sum, count) => sum + count, 0) * (isBottleneck ? 3 : 2) + 2;
  return {
    title: `ResNet-${String(layers)}`,
    head: 'fc',
    features: width * 8 * (isBottleneck ? bottleneckExpansion : 1),
    python(classes) {
      const count = classes === undefined ? '' : `num_classes=${String(classes)}`;
      const build =
        own === undefined
          ? `torchvision.models.resnet.ResNet(torchvision.models.resnet.${kind}, [${units.join(', ')}]${count && `, ${count}`})`
          : `torchvision.models.${own}(${count})`;
      return [`model = ${build}`, ...(classes === undefined ? ['model.fc = torch.nn.Identity()'] : [])];
    },
    map: (names) => void mapResnet(names, torchvisionResnet, shape),
  };
}
