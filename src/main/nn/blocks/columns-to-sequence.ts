/** A feature map becomes a sequence, one position for each column: how a line of writing is read (Shi et al. 2015). */
import { z } from 'zod';
import { max, mean, reshape, transpose } from '../../graph/index.ts';
import { defineBlock } from '../block.ts';

defineBlock({
  type: 'columns-to-sequence',
  family: 'shape',
  title: 'Columns to sequence',
  summary: 'Reads a feature map from left to right: each column becomes one position of a sequence (Shi et al. 2015).',
  options: z.strictObject({
    height: z
      .enum(['keep', 'mean', 'maximum'])
      .default('keep')
      .describe('keep: all numbers of a column; mean, maximum: one for each channel'),
  }),
  inputs: [{ name: 'map', summary: 'Feature map', axes: ['batch', 'channels', 'height', 'width'] }],
  outputs: [{ name: 'sequence', summary: 'A vector for each column', axes: ['batch', 'length', 'features'] }],
  build(_context, inputs, { height }) {
    const map = inputs.map!; // the port is required
    const [batch, channels, rows, columns] = map.shape as readonly [number, number, number, number]; // it has four axes
    if (height === 'keep') {
      return { sequence: reshape(transpose(map, [0, 3, 1, 2]), [batch, columns, channels * rows]) };
    }
    return { sequence: transpose((height === 'mean' ? mean : max)(map, [2]), [0, 2, 1]) };
  },
});
