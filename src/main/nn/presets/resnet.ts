/** The residual networks for photographs of K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning", CVPR 2016, table 1, as torchvision builds them. */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  width: z
    .int()
    .positive()
    .default(64)
    .describe('Channels of the first stage; each later one has twice as many as the one before'),
});

const sizes = [
  { name: 'resnet18', units: [2, 2, 2, 2], isBottleneck: false },
  { name: 'resnet34', units: [3, 4, 6, 3], isBottleneck: false },
  { name: 'resnet50', units: [3, 4, 6, 3], isBottleneck: true },
] as const;

/** A bottleneck gives out so many times more channels than it works on. */
export const bottleneckExpansion = 4;

/** As PyTorch pads: on all sides alike. */
const padding = 'symmetric';

export interface ResnetShape {
  readonly stem: number;
  /** Channels that each stage gives out, and its units. */
  readonly stages: readonly { readonly channels: number; readonly units: number }[];
  readonly isBottleneck: boolean;
}

/** The blocks of a ResNet: a 7 × 7 convolution and maximum pooling, four stages, the mean over the image. */
export function resnetGraph({ stem, stages, isBottleneck }: ResnetShape) {
  return {
    blocks: [
      { id: 'pixels', type: 'image-normalisation', inputs: { image: 'input.image' } },
      {
        id: 'stem',
        type: 'convolution',
        options: { channels: stem, kernel: 7, stride: 2, padding: 3 },
        inputs: { image: 'pixels' },
      },
      { id: 'pool', type: 'pooling', options: { window: 3, stride: 2, padding: 1 }, inputs: { map: 'stem' } },
      ...stages.map(({ channels, units }, index) => ({
        id: `stage${index + 1}`,
        type: isBottleneck ? 'bottleneck' : 'residual',
        options: { channels, units, stride: index === 0 ? 1 : 2, padding },
        inputs: { map: index === 0 ? 'pool' : `stage${index}` },
      })),
      { id: 'vector', type: 'global-pooling', inputs: { map: `stage${stages.length}` } },
    ],
    outputs: { map: `stage${stages.length}`, vector: 'vector' },
  };
}

for (const { name, units, isBottleneck } of sizes) {
  definePreset({
    name,
    title: `ResNet-${name.slice('resnet'.length)}`,
    summary: `${isBottleneck ? 'Bottleneck units' : 'Residual units'} in four stages, ${units.join(', ')} of them, after a 7 × 7 convolution (He et al. 2016): for photographs from 64 pixels on.`,
    input: 'image',
    options,
    graph: ({ width }) =>
      resnetGraph({
        stem: width,
        isBottleneck,
        stages: units.map((count, index) => ({
          units: count,
          channels: width * 2 ** index * (isBottleneck ? bottleneckExpansion : 1),
        })),
      }),
  });
}
