/** Convolution, batch normalisation and activation: the unit that networks on images are made of. */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { sizeAt } from '../../graph/index.ts';
import { defineBlock } from '../block.ts';
import {
  batchNormalizationLayer,
  batchNormalizationOptions,
  bothWays,
  convolutionLayer,
  paddingOption,
  sizeOption,
} from '../image-layers.ts';
import { activationOption, activations, initialisationOption } from '../layers.ts';

const options = z.strictObject({
  channels: z.int().positive().default(32).describe('Number of filters'),
  kernel: sizeOption.default(3).describe('Size of the filters in pixels'),
  stride: sizeOption.default(1).describe('Pixels from one place to the next'),
  padding: paddingOption.default('same'),
  dilation: sizeOption.default(1).describe('Pixels between the weights of a filter'),
  groups: z.int().positive().default(1).describe('Groups of channels that do not see each other'),
  normalisation: z.enum(['batch', 'none']).default('batch').describe('Batch normalisation after the convolution'),
  ...batchNormalizationOptions,
  activation: activationOption.default('relu'),
  initialisation: initialisationOption.default('he'),
});

defineBlock({
  type: 'convolution',
  family: 'convolution',
  title: 'Convolution',
  summary:
    'Learned filters over an image, then batch normalisation (Ioffe & Szegedy 2015) and an activation. Without normalisation it has a bias.',
  options,
  inputs: [{ name: 'image', summary: 'Image or feature map', axes: ['batch', 'channels', 'height', 'width'] }],
  outputs: [{ name: 'map', summary: 'One channel for each filter', axes: ['batch', 'channels', 'height', 'width'] }],
  build(context, { image }, settings) {
    const x = image!; // the port is required
    const { channels, groups, normalisation, activation } = settings;
    if (sizeAt(x.shape, 1) % groups !== 0 || channels % groups !== 0) {
      throw new LabError(
        'bad-spec',
        `${sizeAt(x.shape, 1)} channels and ${channels} filters cannot both be divided into ${groups} groups`,
      );
    }
    const filtered = convolutionLayer(x, 'convolution', {
      channels,
      groups,
      kernel: bothWays(settings.kernel),
      stride: bothWays(settings.stride),
      dilation: bothWays(settings.dilation),
      padding: settings.padding,
      bias: normalisation === 'none',
      initialisation: settings.initialisation,
    });
    const normalised =
      normalisation === 'none' ? filtered : batchNormalizationLayer(filtered, 'normalisation', context, settings);
    return { map: activations[activation](normalised) };
  },
});
