/** A fully connected layer on one vector for each example. */
import { z } from 'zod';
import { defineBlock } from '../block.ts';
import { batchNormalizationLayer, batchNormalizationOptions } from '../image-layers.ts';
import {
  activationOption,
  activations,
  denseLayer,
  dropoutLayer,
  dropoutOption,
  initialisationOption,
} from '../layers.ts';

const options = z.strictObject({
  features: z.int().positive().default(128).describe('Size of the result'),
  normalisation: z.enum(['batch', 'none']).default('none').describe('Batch normalisation after the product'),
  ...batchNormalizationOptions,
  activation: activationOption.default('relu'),
  dropout: dropoutOption.default(0),
  initialisation: initialisationOption.default('he'),
});

defineBlock({
  type: 'dense',
  family: 'dense',
  title: 'Dense',
  summary: 'Every number of the result is a weighted sum of all numbers of the input, then an activation.',
  options,
  ignoresPadding: true,
  inputs: [{ name: 'vector', summary: 'One vector for each example', axes: ['batch', 'features'] }],
  outputs: [{ name: 'vector', summary: 'One vector for each example', axes: ['batch', 'features'] }],
  build(context, { vector }, settings) {
    const { features, normalisation, activation, dropout, initialisation } = settings;
    const hasBias = normalisation === 'none';
    // The port is required.
    const product = denseLayer(vector!, 'dense', features, { initialisation, bias: hasBias });
    const normalised = hasBias ? product : batchNormalizationLayer(product, 'normalisation', context, settings);
    return { vector: dropoutLayer(activations[activation](normalised), dropout, context.mode) };
  },
});
