/** Batch normalisation on its own, where a pipeline wants it apart from a convolution. */
import { z } from 'zod';
import { defineBlock } from '../block.ts';
import { batchNormalizationLayer, batchNormalizationOptions } from '../image-layers.ts';
import { activationOption, activations } from '../layers.ts';

defineBlock({
  type: 'batch-normalisation',
  family: 'normalisation',
  title: 'Batch normalisation',
  summary:
    'Normalises each channel with the statistics of the batch, in evaluation with running ones (Ioffe & Szegedy 2015).',
  options: z.strictObject({ ...batchNormalizationOptions, activation: activationOption.default('identity') }),
  inputs: [{ name: 'map', summary: 'Feature map', axes: ['batch', 'channels', 'height', 'width'] }],
  outputs: [{ name: 'map', summary: 'The same, normalised', axes: ['batch', 'channels', 'height', 'width'] }],
  build(context, { map }, settings) {
    // The port is required.
    const normalised = batchNormalizationLayer(map!, 'normalisation', context, settings);
    return { map: activations[settings.activation](normalised) };
  },
});
