/** CRNN: a line of writing as an image becomes a sequence of columns (B. Shi, X. Bai, C. Yao 2015). */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  width: z
    .int()
    .positive()
    .default(16)
    .describe('Filters of the first layer; later ones have two and three times as many'),
  hiddenSize: z.int().positive().default(64).describe('Size of the recurrent state, in each direction'),
  cell: z.enum(['lstm', 'gru', 'rnn']).default('lstm').describe('The recurrent cell'),
  layers: z.int().positive().default(1).describe('Number of recurrent layers'),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout between recurrent layers'),
});

definePreset({
  name: 'crnn',
  title: 'CRNN',
  summary:
    'Convolutions that shrink the image to a quarter of its width, read column by column by a bidirectional LSTM (Shi et al. 2015). For transcription with CTC.',
  input: 'image',
  options,
  graph: ({ width, hiddenSize, cell, layers, dropout }) => ({
    blocks: [
      { id: 'pixels', type: 'image-normalisation', inputs: { image: 'input.image' } },
      { id: 'conv1', type: 'convolution', options: { channels: width }, inputs: { image: 'pixels' } },
      { id: 'pool1', type: 'pooling', inputs: { map: 'conv1' } },
      { id: 'conv2', type: 'convolution', options: { channels: 2 * width }, inputs: { image: 'pool1' } },
      { id: 'pool2', type: 'pooling', inputs: { map: 'conv2' } },
      { id: 'conv3', type: 'convolution', options: { channels: 3 * width }, inputs: { image: 'pool2' } },
      { id: 'pool3', type: 'pooling', options: { window: [2, 1] }, inputs: { map: 'conv3' } },
      { id: 'columns', type: 'columns-to-sequence', inputs: { map: 'pool3' } },
      {
        id: 'recurrent',
        type: 'recurrent',
        options: { cell, hiddenSize, layers, dropout, bidirectional: true },
        inputs: { sequence: 'columns' },
      },
    ],
    outputs: { sequence: 'recurrent', vector: 'recurrent.state', map: 'conv3' },
  }),
});
