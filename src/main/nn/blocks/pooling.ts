/** Pooling: over windows, to a grid of fixed size, or over a whole image. */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { averagePooling, globalAveragePooling, max, maximumPooling, reshape, sizeAt } from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { defineBlock } from '../block.ts';
import { bothWays, paddingOption, sizeOption } from '../image-layers.ts';

const kind = z.enum(['maximum', 'average']).describe('The largest value or the mean');
const map = { name: 'map', summary: 'Feature map', axes: ['batch', 'channels', 'height', 'width'] } as const;

defineBlock({
  type: 'pooling',
  family: 'pooling',
  title: 'Pooling',
  summary:
    'The largest value or the mean of each window of a feature map. Windows may overlap (Krizhevsky et al. 2012).',
  options: z.strictObject({
    kind: kind.default('maximum'),
    window: sizeOption.default(2).describe('Size of the windows in pixels'),
    stride: sizeOption
      .optional()
      .describe('Pixels from one window to the next; by default the windows lie side by side'),
    padding: paddingOption.default('valid'),
  }),
  inputs: [map],
  outputs: [{ ...map, summary: 'A smaller feature map' }],
  build(_context, inputs, { kind: which, window, stride, padding }) {
    const options = { window: bothWays(window), padding, ...(stride !== undefined && { stride: bothWays(stride) }) };
    // The port is required.
    return { map: (which === 'maximum' ? maximumPooling : averagePooling)(inputs.map!, options) };
  },
});

defineBlock({
  type: 'grid-pooling',
  family: 'pooling',
  title: 'Grid pooling',
  summary:
    'Pools an image of any size to a grid of fixed size, so that what follows has the same weights for small patches and large images.',
  options: z.strictObject({
    kind: kind.default('average'),
    size: sizeOption.default(2).describe('Rows and columns of the grid'),
  }),
  inputs: [map],
  outputs: [{ ...map, summary: 'One place for each cell of the grid' }],
  // The port is required.
  build: (_context, inputs, { kind: which, size }) => ({ map: poolToGrid(inputs.map!, bothWays(size), which) }),
});

defineBlock({
  type: 'global-pooling',
  family: 'pooling',
  title: 'Global pooling',
  summary: 'Reduces each channel to one number, its mean or its largest value (Lin et al. 2013): one vector an image.',
  options: z.strictObject({ kind: kind.default('average') }),
  inputs: [map],
  outputs: [{ name: 'vector', summary: 'One number for each channel', axes: ['batch', 'channels'] }],
  build(_context, inputs, { kind: which }) {
    const x = inputs.map!; // the port is required
    if (which === 'average') return { vector: globalAveragePooling(x) };
    return { vector: max(reshape(x, [sizeAt(x.shape, 0), sizeAt(x.shape, 1), -1]), [2]) };
  },
});

/** Equal windows that cover the map; they overlap where its size is no multiple of the grid's. Throws `LabError('bad-spec')`. */
export function poolToGrid(x: Value, grid: readonly [number, number], which: 'maximum' | 'average'): Value {
  const sizes = [sizeAt(x.shape, 2), sizeAt(x.shape, 3)] as const;
  if (sizes[0] < grid[0] || sizes[1] < grid[1]) {
    throw new LabError('bad-spec', `a map of ${sizes.join(' × ')} cannot be pooled to a grid of ${grid.join(' × ')}`);
  }
  if (sizes[0] === grid[0] && sizes[1] === grid[1]) return x;
  const stride = [Math.floor(sizes[0] / grid[0]), Math.floor(sizes[1] / grid[1])] as const;
  const window = [sizes[0] - (grid[0] - 1) * stride[0], sizes[1] - (grid[1] - 1) * stride[1]] as const;
  return (which === 'maximum' ? maximumPooling : averagePooling)(x, { window, stride });
}
