/** Pixels become numbers of mean 0 and deviation 1, with the statistics of the corpus. */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import type { Value } from '../../graph/index.ts';
import { concat, sizeAt, sliceAxis } from '../../graph/index.ts';
import { defineBlock } from '../block.ts';
import { standardiseChannels } from '../image-layers.ts';

/** For pipelines that are only looked at: those of uniformly spread values. */
const unknown = { mean: 0.5, deviation: Math.sqrt(1 / 12) };
/** Throws `LabError('bad-spec')` for images without colours. */
function reversedChannels(image: Value): Value {
  const channels = sizeAt(image.shape, 1);
  if (channels !== 3) {
    throw new LabError('bad-spec', `channelOrder: images of ${channels} channels have no order of colours`);
  }
  const only = (channel: number): Value => sliceAxis(image, 1, channel, channel + 1);
  return concat([only(2), only(1), only(0)], 1);
}

/** Channels that never vary are left at their size. */
const leastDeviation = 1e-3;

defineBlock({
  type: 'image-normalisation',
  family: 'normalisation',
  title: 'Image normalisation',
  summary:
    'Subtracts the mean and divides by the deviation of each channel of the training images. Both are stored with the weights, so a pretrained network keeps those of its corpus.',
  options: z.strictObject({
    channelOrder: z
      .enum(['rgb', 'bgr'])
      .default('rgb')
      .describe('The order in which the layers behind it read colours; images have red first'),
  }),
  inputs: [{ name: 'image', summary: 'Pixels from 0 to 1', axes: ['batch', 'channels', 'height', 'width'] }],
  outputs: [{ name: 'image', summary: 'Standardised pixels', axes: ['batch', 'channels', 'height', 'width'] }],
  build({ input }, { image }, { channelOrder }) {
    if (input.kind !== 'image') {
      throw new LabError('bad-spec', `image-normalisation reads pixels; the input of this pipeline is ${input.kind}`);
    }
    const { mean, standardDeviation } = input.statistics ?? {
      mean: new Array<number>(input.channels).fill(unknown.mean),
      standardDeviation: new Array<number>(input.channels).fill(unknown.deviation),
    };
    const deviation = standardDeviation.map((value) => (value < leastDeviation ? 1 : value));
    const standardised = standardiseChannels(image!, { mean, standardDeviation: deviation }); // the port is required
    return { image: channelOrder === 'bgr' ? reversedChannels(standardised) : standardised };
  },
});
