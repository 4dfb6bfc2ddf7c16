/** The residual networks for small images of K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning", CVPR 2016, section 4.2. */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  width: z
    .int()
    .positive()
    .default(16)
    .describe('Channels of the first stage; the others have twice and four times as many'),
  units: z
    .int()
    .positive()
    .default(1)
    .describe('Residual units in each of the three stages: 3 make the ResNet-20 of the paper'),
});

definePreset({
  name: 'resnet-mini',
  title: 'Residual network, mini',
  summary:
    'A convolution and three stages of residual units, each stage half the size of the one before, then global pooling (He et al. 2016, the networks for CIFAR-10).',
  input: 'image',
  options,
  graph({ width, units }) {
    const stage = (index: number, source: string) => ({
      id: `stage${index + 1}`,
      type: 'residual',
      options: { channels: width * 2 ** index, units, stride: index === 0 ? 1 : 2 },
      inputs: { map: source },
    });
    return {
      blocks: [
        { id: 'pixels', type: 'image-normalisation', inputs: { image: 'input.image' } },
        { id: 'conv1', type: 'convolution', options: { channels: width }, inputs: { image: 'pixels' } },
        stage(0, 'conv1'),
        stage(1, 'stage1'),
        stage(2, 'stage2'),
        { id: 'pool', type: 'global-pooling', inputs: { map: 'stage3' } },
      ],
      outputs: { map: 'stage3', vector: 'pool' },
    };
  },
});
