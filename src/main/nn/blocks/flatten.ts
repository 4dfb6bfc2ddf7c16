/** A feature map becomes one vector, every place with its own numbers. */
import { z } from 'zod';
import { reshape, sizeAt } from '../../graph/index.ts';
import { defineBlock } from '../block.ts';

defineBlock({
  type: 'flatten',
  family: 'shape',
  title: 'Flatten',
  summary: 'Writes a feature map as one vector: channels, rows, columns.',
  options: z.strictObject({}),
  inputs: [{ name: 'map', summary: 'Feature map', axes: ['batch', 'channels', 'height', 'width'] }],
  outputs: [{ name: 'vector', summary: 'All its numbers', axes: ['batch', 'features'] }],
  build(_context, { map }) {
    const x = map!; // the port is required
    return { vector: reshape(x, [sizeAt(x.shape, 0), -1]) };
  },
});
