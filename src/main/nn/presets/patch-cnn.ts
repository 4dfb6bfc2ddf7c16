/**
 * One half of the twin network of C. Doersch, A. Gupta, A. A. Efros, "Unsupervised visual representation learning by context
 * prediction", ICCV 2015: an AlexNet with batch normalisation, in a size for small patches and ordinary processors.
 */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  width: z
    .int()
    .positive()
    .default(32)
    .describe('Filters of the first layer; later ones have two and three times as many'),
  features: z.int().positive().default(256).describe('Size of the embedding'),
  grid: z.int().positive().default(2).describe('Rows and columns that the last map is pooled to before the embedding'),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of the embedding'),
});

definePreset({
  name: 'patch-cnn',
  title: 'Patch CNN',
  summary:
    'Four convolutions with batch normalisation and overlapping pooling, then an embedding: a small AlexNet for the patch task (after Doersch et al. 2015). Reads images of any size from 8 pixels on.',
  input: 'image',
  options,
  graph: ({ width, features, grid, dropout }) => ({
    blocks: [
      { id: 'pixels', type: 'image-normalisation', inputs: { image: 'input.image' } },
      { id: 'conv1', type: 'convolution', options: { channels: width, kernel: 5 }, inputs: { image: 'pixels' } },
      { id: 'pool1', type: 'pooling', options: { window: 3, stride: 2, padding: 'same' }, inputs: { map: 'conv1' } },
      { id: 'conv2', type: 'convolution', options: { channels: 2 * width }, inputs: { image: 'pool1' } },
      { id: 'pool2', type: 'pooling', options: { window: 3, stride: 2, padding: 'same' }, inputs: { map: 'conv2' } },
      { id: 'conv3', type: 'convolution', options: { channels: 3 * width }, inputs: { image: 'pool2' } },
      { id: 'conv4', type: 'convolution', options: { channels: 3 * width }, inputs: { image: 'conv3' } },
      { id: 'grid', type: 'grid-pooling', options: { size: grid, kind: 'maximum' }, inputs: { map: 'conv4' } },
      { id: 'flat', type: 'flatten', inputs: { map: 'grid' } },
      {
        id: 'embedding',
        type: 'dense',
        options: { features, normalisation: 'batch', dropout },
        inputs: { vector: 'flat' },
      },
    ],
    outputs: { map: 'conv4', vector: 'embedding' },
  }),
});
