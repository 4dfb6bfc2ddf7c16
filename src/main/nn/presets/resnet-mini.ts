/** The residual networks for small images of K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning", CVPR 2016, section 4.2. */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  width: z
    .int()
    .positive()
    .default(16)
    .describe('Channels of the first stage; each later one has twice as many as the one before'),
  units: z.int().positive().default(1).describe('Residual units in each stage: 3 make the ResNet-20 of the paper'),
  stages: z
    .int()
    .min(1)
    .max(5)
    .default(3)
    .describe('Stages, each with half the pixels and twice the channels of the one before; 4 suit 64 pixels'),
  grid: z
    .int()
    .positive()
    .default(1)
    .describe(
      'Rows and columns that the last map is averaged to: 1 is the mean over the image, 2 keeps which quarter something is in, as digits need',
    ),
  stemStride: z
    .int()
    .min(1)
    .max(2)
    .default(1)
    .describe(
      'Pixels from one place of the first convolution to the next: 2 makes a step cost a quarter, for images from 28 pixels on',
    ),
});

definePreset({
  name: 'resnet-mini',
  title: 'Residual network, mini',
  summary:
    'A 3 × 3 convolution and stages of residual units, each half the size of the one before, then global pooling (He et al. 2016, the networks for CIFAR-10).',
  input: 'image',
  options,
  graph({ width, units, stages, grid, stemStride }) {
    const stage = (index: number, source: string) => ({
      id: `stage${index + 1}`,
      type: 'residual',
      options: { channels: width * 2 ** index, units, stride: index === 0 ? 1 : 2 },
      inputs: { map: source },
    });
    const indices = Array.from({ length: stages }, (_, index) => index);
    return {
      blocks: [
        { id: 'pixels', type: 'image-normalisation', inputs: { image: 'input.image' } },
        {
          id: 'conv1',
          type: 'convolution',
          options: { channels: width, stride: stemStride },
          inputs: { image: 'pixels' },
        },
        ...indices.map((index) => stage(index, index === 0 ? 'conv1' : `stage${index}`)),
        ...(grid === 1
          ? [{ id: 'pool', type: 'global-pooling', inputs: { map: `stage${stages}` } }]
          : [
              { id: 'grid', type: 'grid-pooling', options: { size: grid }, inputs: { map: `stage${stages}` } },
              { id: 'pool', type: 'flatten', inputs: { map: 'grid' } },
            ]),
      ],
      outputs: { map: `stage${stages}`, vector: 'pool' },
    };
  },
});
